#!/usr/bin/env python3
"""spans.py FILE: good.py, which notes when it ran."""
import os
import sys
import time

import good

begin = time.monotonic()
good.run_plan()
with open(sys.argv[1], "a", encoding="utf-8") as spans:
    spans.write(f"{os.environ['RETRYSPEC_SCENARIO']} {begin} {time.monotonic()}\n")
