#!/usr/bin/env python3
"""botocore in its retry mode "standard". An AWS client is made of a service model;
the one in botocore_models/ takes any path. Its Get hands out the body as a stream, as
GetObject of S3 does; its Post has no output, as most operations that change something."""
import json
import os
import pathlib

import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

import contract
from contract import PLAN

MODELS = pathlib.Path(__file__).resolve().parent / "botocore_models"


def make_client():
    more = {"read_timeout": PLAN["read_timeout_ms"] / 1000} if PLAN["read_timeout_ms"] else {}
    session = botocore.session.Session()
    session.get_component("data_loader").search_paths.append(str(MODELS))
    return session.create_client(
        "echo", region_name="us-east-1", endpoint_url=os.environ["RETRYSPEC_BASE_URL"],
        config=Config(retries={"mode": "standard"}, signature_version=UNSIGNED, **more))


def call(client, token):
    path = PLAN["path"].lstrip("/")
    try:
        if contract.HAS_BODY:
            reply, content = client.post(Path=path, Body=json.dumps(contract.body(token))), None
        else:
            reply = client.get(Path=path, Token=token)
            content = reply["Body"].read()
    except ClientError as error:
        return contract.failed(error, error.response["ResponseMetadata"]["HTTPStatusCode"])
    except BotoCoreError as error:
        return contract.failed(error)
    return contract.ok(reply["ResponseMetadata"]["HTTPStatusCode"], content)


if __name__ == "__main__":
    if PLAN["method"] not in ("GET", "POST") or "?" in PLAN["path"]:
        contract.cannot("the service model has GET and POST without a query")
    contract.run_plan_in_threads(make_client, call)
