#!/usr/bin/env python3
"""The Python openai library with its defaults. client.post and client.get are
the SDK's way to paths it has no method for: what chat.completions.create calls,
with the same retries.

    openai_adapter.py          AsyncOpenAI, which a caller can cancel
    openai_adapter.py threads  OpenAI, each client and call in a thread
"""
import asyncio
import os
import sys

import httpx2
import openai

import contract
from contract import PLAN


def options():
    """Only what the plan asks for; everything else is the library's default."""
    more = {"timeout": PLAN["read_timeout_ms"] / 1000} if PLAN["read_timeout_ms"] else {}
    return {"base_url": os.environ["RETRYSPEC_BASE_URL"], "api_key": os.environ["RETRYSPEC_API_KEY"], **more}


def send(client, token):
    if contract.HAS_BODY:
        return client.post(contract.target(token), cast_to=httpx2.Response, body=contract.body(token))
    return client.get(contract.target(token), cast_to=httpx2.Response)


def said(error):
    return contract.failed(error, getattr(error, "status_code", 0))


async def call(client, token):
    patience = PLAN["give_up_ms"] / 1000 or None
    try:
        reply = await asyncio.wait_for(send(client, token), patience)
    except (openai.OpenAIError, httpx2.HTTPError, asyncio.TimeoutError) as error:
        return said(error)
    return contract.ok(reply.status_code, reply.content)


def call_now(client, token):
    try:
        reply = send(client, token)
    except (openai.OpenAIError, httpx2.HTTPError) as error:
        return said(error)
    return contract.ok(reply.status_code, reply.content)


def main():
    if sys.argv[1:] == ["threads"]:
        contract.run_plan_in_threads(lambda: openai.OpenAI(**options()), call_now)
    else:
        asyncio.run(contract.run_plan(lambda: openai.AsyncOpenAI(**options()), call))


if __name__ == "__main__":
    main()
