#!/usr/bin/env python3
"""urllib3 with the Retry that its users write: five retries, a back-off, and the
statuses that deserve one. Methods stay as they are by default: not POST."""
import os

import urllib3

import contract
from contract import PLAN

RETRIES = urllib3.Retry(5, backoff_factor=0.5, status_forcelist=[429, 500, 502, 503, 504])


def make_client():
    more = {"timeout": PLAN["read_timeout_ms"] / 1000} if PLAN["read_timeout_ms"] else {}
    return urllib3.PoolManager(retries=RETRIES, **more)


def call(client, token):
    body = {"json": contract.body(token)} if contract.HAS_BODY else {}
    try:
        reply = client.request(PLAN["method"], os.environ["RETRYSPEC_BASE_URL"] + contract.target(token), **body)
    except urllib3.exceptions.HTTPError as error:
        return contract.failed(error)
    return contract.answered(reply.status, reply.data)


if __name__ == "__main__":
    contract.run_plan_in_threads(make_client, call)
