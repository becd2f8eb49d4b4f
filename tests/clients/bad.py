#!/usr/bin/env python3
"""bad.py WAY [always]: breaks the contract, or the profile, in one way. Without
"always" it does so only after the smoke test."""
import hashlib
import http.client
import os
import signal
import subprocess
import sys
import threading
import time

import good


def crash():
    good.report(good.call(good.tokens()[0]))
    os.kill(os.getpid(), signal.SIGSEGV)


def raises():
    raise KeyError("no such model")


def silent():
    pass


def grandchild():
    good.run_plan()
    sleeper = subprocess.Popen(["sleep", "300"], start_new_session=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    print(sleeper.pid)


def flood():
    good.run_plan()
    block = b"x" * (1 << 20)
    for _ in range(20):
        os.write(1, block)


def other_path():
    for token in good.tokens():
        good.report(good.call(token, path="/foo"))


def one_call():
    good.report(good.call(good.tokens()[0]))


def no_token():
    for token in good.tokens():
        good.report({**good.call("none"), "call": token})


def hang():
    good.run_plan()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by TERM"))
    time.sleep(300)


def hang_on():
    good.run_plan()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(300)


def slow_start():
    time.sleep(5)
    good.run_plan()


def lies():
    """Says ok whatever came."""
    for token in good.tokens():
        good.report({**good.call(token), "outcome": "ok"})


def lies_without_calls():
    good.report(good.call(good.tokens()[0]))
    for token in good.tokens()[1:]:
        good.report({"call": token, "outcome": "ok", "status": 200})


def truncated():
    """Takes what came of a body for all of it."""
    for token in good.tokens():
        try:
            good.report(good.call(token))
        except http.client.IncompleteRead as error:
            good.report({"call": token, "outcome": "ok", "status": 200,
                         "sha256": hashlib.sha256(error.partial).hexdigest()})


def skips_the_last_call():
    for token in good.tokens()[:-1]:
        good.report(good.call(token))
    good.report({"call": good.tokens()[-1], "outcome": "error", "error": "Skipped"})


def ends_early():
    """With 0, while its second call waits for its next attempt."""
    good.report(good.call(good.tokens()[0]))
    threading.Timer(0.05, lambda: os._exit(0)).start()
    good.call(good.tokens()[1], wait=5)


def forgets_a_result():
    lines = [good.call(token) for token in good.tokens()]
    good.report(lines[0])


def wrong_ids():
    for number, token in enumerate(good.tokens()):
        good.report({**good.call(token), "call": f"call-{number}"})


def ids_of_another_plan():
    for token in good.tokens():
        good.report({**good.call(token), "call": token.replace("rs-0-", "rs-7-")})


def twice():
    for token in good.tokens():
        line = good.call(token)
        good.report(line)
        good.report(line)


def garbage():
    good.run_plan()
    with open(os.environ["RETRYSPEC_RESULTS"], "w", encoding="utf-8") as results:
        results.write("all calls succeeded\n")


def another_status():
    for token in good.tokens():
        good.report({**good.call(token), "status": 204})


def another_body():
    for token in good.tokens():
        good.report({**good.call(token), "sha256": hashlib.sha256(b"what the caller hoped for").hexdigest()})


def failures_only():
    for token in good.tokens():
        good.report({**good.call(token), "outcome": "error", "status": 0, "error": "E"})


def no_results():
    for token in good.tokens():
        good.call(token)


def empty_results():
    no_results()
    open(os.environ["RETRYSPEC_RESULTS"], "w", encoding="utf-8").close()


def bad_results():
    good.run_plan()
    good.report({"call": "rs-0-0", "outcome": "maybe"})


def results_pipe():
    good.run_plan()
    os.unlink(os.environ["RETRYSPEC_RESULTS"])
    os.mkfifo(os.environ["RETRYSPEC_RESULTS"])


def results_endless():
    good.run_plan()
    os.unlink(os.environ["RETRYSPEC_RESULTS"])
    os.symlink("/dev/zero", os.environ["RETRYSPEC_RESULTS"])


def results_nul():
    good.run_plan()
    with open(os.environ["RETRYSPEC_RESULTS"], "ab") as results:
        results.write(b"\0\0\n")


def results_long_line():
    good.run_plan()
    with open(os.environ["RETRYSPEC_RESULTS"], "ab") as results:
        results.write(b"x" * 70_000)


def errors_only():
    for token in good.tokens():
        good.report({**good.call(token), "outcome": "error", "error": "TypeError"})


def skips():
    print("this client can't stream", file=sys.stderr)
    sys.exit(77)


def too_early():
    for token in good.tokens():
        good.report(good.call(token, wait=0))


if __name__ == "__main__":
    is_smoke = os.environ["RETRYSPEC_SCENARIO"] == "smoke/ok"
    is_bad = not is_smoke or "always" in sys.argv
    (globals()[sys.argv[1]] if is_bad else good.run_plan)()
