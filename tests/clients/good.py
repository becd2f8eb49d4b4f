#!/usr/bin/env python3
"""An adapter that keeps the contract, around a client that retries a 503 three
times, 100 ms apart: what tests/clients/quick.jsonc says."""
import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.request

PLAN = json.loads(os.environ.get("RETRYSPEC_PLAN", "{}"))


def attempt(url, body):
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=PLAN["method"])
    try:
        with urllib.request.urlopen(request, timeout=5) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def call(token, wait=0.1, path=None):
    """One logical call. Returns its results line."""
    url = os.environ["RETRYSPEC_BASE_URL"] + (path or PLAN["path"])
    body = json.dumps({"token": token}).encode()
    for left in (3, 2, 1, 0):
        status, reply = attempt(url, body)
        if status != 503 or left == 0:
            break
        time.sleep(wait)
    if status >= 400:
        return {"call": token, "outcome": "error", "status": status, "error": f"HTTP {status}"}
    return {"call": token, "outcome": "ok", "status": status, "sha256": hashlib.sha256(reply).hexdigest()}


def report(line):
    with open(os.environ["RETRYSPEC_RESULTS"], "a", encoding="utf-8") as results:
        results.write(json.dumps(line) + "\n")


def tokens():
    return [token for client in PLAN["tokens"] for token in client]


def run_plan():
    for token in tokens():
        report(call(token))


if __name__ == "__main__":
    run_plan()
    sys.exit(0)
