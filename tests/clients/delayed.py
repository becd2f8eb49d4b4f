#!/usr/bin/env python3
"""delayed.py SECONDS [MS]: retries a 503 once, after so many seconds and so many
milliseconds of work on a CPU."""
import sys
import time

import good


def sleep_and_work(wait):
    time.sleep(wait)
    end = time.process_time() + float(sys.argv[2] if len(sys.argv) > 2 else 0) / 1000
    while time.process_time() < end:
        pass


good.time = type("Time", (), {"sleep": staticmethod(sleep_and_work)})
for token in good.tokens():
    good.report(good.call(token, wait=float(sys.argv[1])))
