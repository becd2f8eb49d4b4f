#!/usr/bin/env python3
"""httpx under tenacity, by the recipe that is passed around for rate limits: random
exponential waits from 1 s to 60 s, six attempts, whatever the exception."""
import asyncio
import os

import httpx
from tenacity import RetryError, retry, stop_after_attempt, wait_random_exponential

import contract
from contract import PLAN


def make_client():
    more = {"timeout": PLAN["read_timeout_ms"] / 1000} if PLAN["read_timeout_ms"] else {}
    return httpx.AsyncClient(base_url=os.environ["RETRYSPEC_BASE_URL"], **more)


@retry(wait=wait_random_exponential(min=1, max=60), stop=stop_after_attempt(6))
async def ask(client, token):
    reply = await client.request(PLAN["method"], contract.target(token), json=contract.body(token))
    reply.raise_for_status()
    return reply


async def call(client, token):
    try:
        reply = await asyncio.wait_for(ask(client, token), PLAN["give_up_ms"] / 1000 or None)
    except RetryError as error:
        last = error.last_attempt.exception()
        return contract.failed(last, last.response.status_code if isinstance(last, httpx.HTTPStatusError) else 0)
    except asyncio.TimeoutError as error:
        return contract.failed(error)
    return contract.ok(reply.status_code, reply.content)


if __name__ == "__main__":
    asyncio.run(contract.run_plan(make_client, call))
