"""What an adapter reads and writes (docs/adapters.md), for the adapters here."""
import asyncio
import hashlib
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor

PLAN = json.loads(os.environ.get("RETRYSPEC_PLAN", "{}"))
HAS_BODY = PLAN.get("method") not in ("GET", "HEAD", "DELETE")


def target(token):
    """The path to ask for; a request without a body has its token in the query."""
    if HAS_BODY:
        return PLAN["path"]
    return PLAN["path"] + ("&" if "?" in PLAN["path"] else "?") + "token=" + token


def body(token):
    if not HAS_BODY:
        return None
    text = json.dumps(PLAN["payload"] or {"token": "<token>"})
    return json.loads(text.replace("<token>", token))


def ok(status=0, content=None):
    line = {"outcome": "ok", "status": status}
    return line if content is None else {**line, "sha256": hashlib.sha256(content).hexdigest()}


def failed(error, status=0):
    return {"outcome": "error", "status": status or 0, "error": type(error).__name__}


def answered(status, content):
    """For a client that hands out every response and leaves its status to the caller."""
    line = ok(status, content)
    return line if status < 400 else {**line, "outcome": "error", "error": f"HTTP {status}"}


def report(call, line):
    """One append for each line: threads don't mix theirs up."""
    with open(os.environ["RETRYSPEC_RESULTS"], "a", encoding="utf-8") as results:
        results.write(json.dumps({"call": call, **line}) + "\n")


def cannot(reason):
    print(reason, file=sys.stderr)
    sys.exit(77)


async def run_client(client, call, index):
    """Makes the calls of one client, `concurrency` of them at a time."""
    await asyncio.sleep(PLAN["start_spread_ms"] / 1000 * index / PLAN["clients"])
    limit = asyncio.Semaphore(PLAN["concurrency"])

    async def one(token):
        async with limit:
            report(token, await call(client, token))

    await asyncio.gather(*(one(f"rs-{index}-{number}") for number in range(PLAN["calls"])))


async def run_plan(make_client, call):
    """The whole plan: each client of `make_client` makes its calls by `call`."""
    await asyncio.gather(*(run_client(make_client(), call, index) for index in range(PLAN["clients"])))


def run_plan_in_threads(make_client, call):
    """The same for a client that blocks: each of its calls in a thread."""
    if PLAN["give_up_ms"]:
        cannot("a call that blocks its thread can't be cancelled")

    def make():
        return make_client(), ThreadPoolExecutor(PLAN["concurrency"])

    async def in_thread(both, token):
        client, pool = both
        return await asyncio.get_running_loop().run_in_executor(pool, call, client, token)

    asyncio.run(run_plan(make, in_thread))
