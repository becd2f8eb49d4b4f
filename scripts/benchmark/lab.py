"""Fleets in virtual time: what an event costs on the model of AWS's back-off
study, beside a Python program of the same model, and a million clients through an
outage. Run by `scripts/bench --lab [--rounds N] [--clients N]`."""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from measure import go_first

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
LAB = ROOT / "build/bench/lab"
SIZES = [str(size) for size in range(10, 191, 10)]  # clients, as in the study
TRIALS = 20
PYTHON_CLIENTS, PYTHON_TRIALS = "100", "10"

EXPONENTIAL = {"schedule": "exponential", "base": "5ms", "factor": 2, "first_exponent": 1, "cap": "2s"}
LAWS = {
    "none": {"schedule": "none"},
    "exponential": EXPONENTIAL,
    "equal": EXPONENTIAL | {"jitter": "equal"},
    "full": EXPONENTIAL | {"jitter": "full"},
    "decorrelated": {"schedule": "constant", "base": "5ms", "cap": "2s", "jitter": {"decorrelated": 3},
                     "order": "before-cap", "clip": True},
}


def client_of(backoff, statuses, **layer):
    return {"retryspec": 1, "profile": "bench", "title": "a client", "source": "scripts/benchmark/lab.py",
            "layers": [{"name": "client", **layer,
                        "rules": [{"on": {"status": statuses}, "do": "retry", "backoff": backoff}]}]}


# Capacity grows with the fleet: 20 s of it for each client once. The 40 attempts are enough for everybody.
FLEET_CLIENT = client_of({"schedule": "exponential", "base": "500ms", "factor": 2, "cap": "32s", "jitter": "full"},
                         ["503"], budget={"attempts": 40}, attempt_timeout={"limit": "10s", "kind": "total"})


def fleet_world(clients):
    return {"retryspec": 1, "world": "bench", "title": "an outage of two minutes", "clients": clients,
            "arrivals": {"uniform": "1s"}, "network": "10ms", "ends": "1h",
            "server": {"limiter": {"per_second": clients / 20}, "outages": [{"from": "0s", "to": "120s"}]}}


def written(folder, name, content):
    path = folder / name
    path.write_text(json.dumps(content))
    return path


def numbers_of(*command):
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def ns_an_event(numbers):
    return 1e9 * numbers[1] / numbers[0]


def measure_study(folder, rounds):
    """Rounds alternate; the best of each is the one that other programs disturbed least."""
    print("The model of AWS's back-off study, processor time; best of", rounds)
    print(f"  {'law':<14}{'ns an event':>12}{'million/s':>11}{'Python: ns':>12}{'ratio':>8}")
    world = ROOT / "scenarios/worlds/aws-occ.jsonc"
    ours_all = python_all = events_all = 0
    for law, backoff in LAWS.items():
        profile = written(folder, f"{law}.json", client_of(backoff, ["409"]))
        ours, python = [], []
        for _ in range(rounds):
            ours.append(numbers_of(LAB, world, profile, TRIALS, *SIZES))
            python.append(numbers_of(sys.executable, HERE / "aws_model.py", law, PYTHON_CLIENTS, PYTHON_TRIALS))
        show(law, min(map(ns_an_event, ours)), min(map(ns_an_event, python)))
        # As many events of each law as the study has.
        events_all += ours[0][0]
        ours_all += ours[0][0] * min(map(ns_an_event, ours))
        python_all += ours[0][0] * min(map(ns_an_event, python))
    show("all", ours_all / events_all, python_all / events_all)


def show(law, ours_ns, python_ns):
    print(f"  {law:<14}{ours_ns:>12.1f}{1e3 / ours_ns:>11.2f}{python_ns:>12.0f}{python_ns / ours_ns:>8.1f}", flush=True)


def measure_fleet(folder, clients):
    world = written(folder, "outage.json", fleet_world(clients))
    profile = written(folder, "client.json", FLEET_CLIENT)
    begin = time.monotonic()
    with subprocess.Popen([LAB, world, profile, "1", str(clients)], stdout=subprocess.PIPE, text=True) as process:
        numbers = [float(word) for word in process.stdout.read().split()]
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall_s = time.monotonic() - begin
    if process.returncode != 0:
        sys.exit("the fleet was not played")
    rss = usage.ru_maxrss * 1024
    print(f"{clients:,} clients through an outage of two minutes: {numbers[0]:,.0f} events, {numbers[2]:,.0f} attempts")
    print(f"  {wall_s:.1f} s of wall clock, {usage.ru_utime + usage.ru_stime:.1f} s of processor time,"
          f" {ns_an_event(numbers):.0f} ns an event")
    print(f"  {rss / 2**20:.0f} MiB at most, {rss / clients:.0f} bytes a client with the program's own;"
          f" by design up to {numbers[4]:.0f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=1_000_000)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}, {go_first()}")
    with tempfile.TemporaryDirectory() as folder:
        measure_study(pathlib.Path(folder), options.rounds)
        measure_fleet(pathlib.Path(folder), options.clients)


if __name__ == "__main__":
    main()
