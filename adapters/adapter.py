#!/usr/bin/env python3
"""Lets retryspec drive a Python client. It works as it is:

    retryspec smoke -- python3 adapter.py

What an adapter is told and what it answers: docs/adapters.md of retryspec.
"""
import hashlib
import http.client
import json
import os
import sys
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

if "RETRYSPEC_PLAN" not in os.environ:
    sys.exit("start me with: retryspec smoke -- python3 adapter.py")
BASE_URL = os.environ["RETRYSPEC_BASE_URL"]
PLAN = json.loads(os.environ["RETRYSPEC_PLAN"])
READ_TIMEOUT = PLAN["read_timeout_ms"] / 1000 or 60
GIVE_UP = PLAN["give_up_ms"] / 1000 or 1e9  # the caller loses patience


# ---- YOUR CLIENT -------------------------------------------------------------
class Client:
    """Stands for one client object of your SDK."""

    def call(self, method, path, body, deadline):
        """One logical call with all its retries: (status, bytes) or an error.

        Replace this loop by one call of your SDK. `body` is None for GET.
        """
        headers = {"Content-Type": "application/json"} if body else {}
        request = urllib.request.Request(BASE_URL + path, body, headers, method=method)
        for attempt in range(5):
            wait = 0.5 * 2**attempt
            try:
                timeout = max(0.001, min(READ_TIMEOUT, deadline - time.monotonic()))
                with urllib.request.urlopen(request, timeout=timeout) as reply:
                    return reply.status, reply.read()
            except urllib.error.HTTPError as error:
                result = error.code, error.read()
                if error.code not in (408, 429) and error.code < 500:
                    return result
                header = error.headers.get("Retry-After", "")
                wait = int(header) if header.isdigit() else wait
            except (OSError, http.client.HTTPException) as error:
                result = error
            if attempt < 4:
                if time.monotonic() + wait > deadline:
                    raise TimeoutError("gave up")
                time.sleep(wait)
        if isinstance(result, Exception):
            raise result
        return result
# ------------------------------------------------------------------------------

# To skip a scenario that your client can't do: say why and exit 77.
# if os.environ["RETRYSPEC_SCENARIO"] == "body/reset":
#     print("no streaming", file=sys.stderr)
#     sys.exit(77)

results = open(os.environ["RETRYSPEC_RESULTS"], "a", encoding="utf-8")
results_lock = threading.Lock()


def run_call(client, token):
    """One call, one line of results."""
    # The token tells retryspec which call a request belongs to.
    method, path, body = PLAN["method"], PLAN["path"], None
    if method in ("GET", "HEAD", "DELETE"):
        path += ("&" if "?" in path else "?") + "token=" + token
    else:
        payload = PLAN["payload"] or {"token": "<token>"}
        body = json.dumps(payload).replace("<token>", token).encode()
    line = {"call": token}
    try:
        status, data = client.call(method, path, body, time.monotonic() + GIVE_UP)
        line["outcome"] = "ok" if status < 400 else "error"
        line["status"] = status
        line["error"] = "" if status < 400 else f"HTTP {status}"
        line["sha256"] = hashlib.sha256(data).hexdigest()
    except Exception as error:  # your SDK's errors: their names go to the report
        line["outcome"] = "error"
        line["error"] = f"{type(error).__name__}: {error}"
    with results_lock:
        results.write(json.dumps(line) + "\n")
        results.flush()


def run_client(index):
    """All calls of one client, `concurrency` of them at a time."""
    time.sleep(PLAN["start_spread_ms"] / 1000 * index / PLAN["clients"])
    client = Client()
    with ThreadPoolExecutor(PLAN["concurrency"]) as pool:
        for call in range(PLAN["calls"]):
            pool.submit(run_call, client, f"rs-{index}-{call}")


threads = [threading.Thread(target=run_client, args=(i,)) for i in range(PLAN["clients"])]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
