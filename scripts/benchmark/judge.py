#!/usr/bin/env python3
"""Judges long traces, made by `retryspec sim` from a seed, and prints what that takes: attempts a second of CPU time,
CPU seconds and the peak of memory. One at a time, since all of it is one thread.
    scripts/bench --judge [--attempts N] [--seed N]"""
import argparse
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = ROOT / "build/release/retryspec"
WORK = ROOT / "build/bench/judge"

OK = {"reply": 200, "json": {"ok": True}, "delay": "10ms"}
DOWN = {"reply": 503, "json": {"error": "overloaded"}, "delay": "20ms"}
FULL = {"reply": 429, "headers": {"Retry-After": "1"}}
FAILING = {"steps": [DOWN, FULL, {"reply": 500}, OK], "per": "call", "after_last": "repeat"}
# A failure or a few of them among many successes: what is shared neither runs dry nor stays shut.
MIXED = {"steps": [OK] * 8 + [DOWN] + [OK] * 8 + [FULL] + [OK] * 8 + [DOWN] * 3 + [OK] * 16,
         "per": "client", "after_last": "loop"}

# name: (profile, request, answers, clients, calls at a time, attempts a call)
CASES = {
    "plain": ("http-generic", "POST /v1/echo", FAILING, 50, 1, 4),
    "stack": ("tinker-submit", "POST /api/v1/asample", FAILING, 50, 8, 4),
    "polls": ("tinker-stack", "POST /api/v1/asample", MIXED, 50, 4, 2.14),
    "breaker": ("circuit-breaker", "POST /v1/echo", MIXED, 50, 4, 1),
    "retried": ("tinkex-guide-circuit-breaker", "POST /v1/echo", MIXED, 50, 4, 1.14),
    "shared": (ROOT / "scripts/benchmark/judge_shared.jsonc", "POST /v1/echo", MIXED, 50, 4, 1.14),
}


def scenario(name, attempts):
    _, request, answers, clients, at_once, each = CASES[name]
    return {"retryspec": 1, "id": f"bench/{name}", "title": "for the benchmark of the judge", "takes": "1h",
            "workload": {"request": request, "clients": clients, "calls": max(1, round(attempts / each / clients)),
                         "concurrency": at_once},
            "server": [{"match": request, **answers},
                       {"match": "POST /api/v1/retrieve_future", "steps": [OK], "per": "run", "after_last": "repeat"}],
            "checks": ["OUT-1"]}


def record(name, options):
    """The trace of a case, and the file of its scenario."""
    WORK.mkdir(parents=True, exist_ok=True)
    path = WORK / f"{name}.jsonc"
    path.write_text(json.dumps(scenario(name, options.attempts)))
    done = subprocess.run([BINARY, "sim", path, "-p", CASES[name][0], "--seed", str(options.seed), "--limit", "2000h",
                           "--out", WORK, "-q"], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(done.stdout + done.stderr)
    return WORK / "bench" / name / "trace.ndjson", path


def measure(name, options):
    trace, path = record(name, options)
    with trace.open("rb") as lines:
        attempts = sum(line.startswith(b'{"ev":"request"') for line in lines)
    with open(WORK / f"{name}.json", "wb") as out:
        child = subprocess.Popen([BINARY, "judge", trace, "--scenario", path, "-p", CASES[name][0], "--json"],
                                 stdout=out)
        _, status, usage = os.wait4(child.pid, 0)
    seconds = usage.ru_utime + usage.ru_stime
    print(f"{name:8} {CASES[name][0] if isinstance(CASES[name][0], str) else 'limiter, breaker, tokens':29}"
          f"{attempts:>9} attempts {trace.stat().st_size / 1e6:6.0f} MB {seconds:7.2f} s CPU"
          f"{attempts / seconds:>10.0f} a second {usage.ru_maxrss / 1024:6.0f} MiB"
          f"{usage.ru_maxrss * 1024 / attempts:>6.0f} B each  exit {os.waitstatus_to_exitcode(status)}", flush=True)
    trace.unlink()


parser = argparse.ArgumentParser(prog="scripts/bench --judge", description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--attempts", type=int, default=1000000)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--only", choices=CASES, help="one of the traces")
chosen = parser.parse_args()
for case in [chosen.only] if chosen.only else CASES:
    measure(case, chosen)
