"""Early strict, late soft: who was late is looked for on both sides. A client that
got no CPU and a runner that was stopped are no findings; a client that dawdles is."""
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from conftest import wait_until

RETRYSPEC = os.environ["RETRYSPEC"]
CLIENTS = pathlib.Path(__file__).resolve().parents[1] / "clients"
CPU = str(min(os.sched_getaffinity(0)))
BUSY = "while True: pass"


@pytest.fixture
def profile(tmp_path):
    """What delayed.py does, with a late tolerance of 250 ms."""
    path = tmp_path / "profile.jsonc"
    path.write_text(json.dumps({
        "retryspec": 1, "profile": "delayed", "title": "one retry of a 503 after 1 s", "source": "delayed.py",
        "layers": [{"name": "client", "budget": {"attempts": 2}, "rules": [
            {"on": {"status": ["503"]}, "do": "retry", "backoff": {"schedule": "constant", "base": "1s"},
             "retry_after": "ignored"}]}],
        "tolerance": {"early": "10ms", "late": "250ms"}}))
    return path


@pytest.fixture
def story(tmp_path):
    """One 503, then 200."""
    path = tmp_path / "scenarios/t/once.jsonc"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({
        "retryspec": 1, "id": "t/once", "title": "once", "takes": "3s",
        "workload": {"request": "POST /v1/echo"},
        "server": [{"match": "POST /v1/echo", "steps": [{"reply": 503}, {"reply": 200, "json": {}}], "per": "call",
                    "after_last": "repeat"}],
        "checks": ["BO-1", "BO-2"]}))
    return path


class Run:
    """A run of the story, looked at from outside while it goes on."""

    def __init__(self, folder, story, profile, *client):
        self.story, self.profile = story, profile
        self.trace_file = folder / "out/t/once/trace.ndjson"
        self.process = subprocess.Popen(
            [RETRYSPEC, "run", story, "-p", profile, "--out", folder / "out", "--skip-smoke", "--", *client],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)

    def lines(self, ev):
        text = self.trace_file.read_text().rpartition("\n")[0] if self.trace_file.exists() else ""
        return [line for line in map(json.loads, text.splitlines()) if line["ev"] == ev]

    def wait_for_first_answer(self):
        wait_until(lambda: self.lines("response"), "the first answer")

    def verdicts(self):
        """Of the live run; the stored trace must give the same."""
        _, errors = self.process.communicate(timeout=120)
        report = self.trace_file.with_name("verdict.json")
        assert report.exists(), errors
        live = words(json.loads(report.read_text()))
        assert words(self.judge(self.trace_file)) == live
        return live

    def judge(self, trace):
        done = subprocess.run([RETRYSPEC, "judge", trace, "-p", self.profile, "--scenario", self.story, "--json"],
                              capture_output=True, text=True, timeout=60, check=False)
        return json.loads(done.stdout)

    def verdicts_without_waits(self):
        trace = self.trace_file.with_name("without.ndjson")
        lines = self.trace_file.read_text().splitlines()
        trace.write_text("".join(line + "\n" for line in lines if '"ev":"starved"' not in line))
        return words(self.judge(trace))


def words(report):
    return {each["rule"]: each["verdict"] for each in report["scenarios"][0]["verdicts"]}


def delayed(seconds, *words):
    return [*words, sys.executable, str(CLIENTS / "delayed.py"), str(seconds)]


def stop(pid, seconds):
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def busy(count):
    """So many processes that want the CPU of the client all the time. Linux may share it out by session
    (sched_autogroup), so each has one of its own."""
    rivals = [subprocess.Popen(["taskset", "-c", CPU, sys.executable, "-c", BUSY], start_new_session=True)
              for _ in range(count)]
    try:
        yield
    finally:
        for rival in rivals:
            rival.kill()
            rival.wait()


def test_a_client_without_a_cpu_is_not_blamed(tmp_path, story, profile):
    """It needs 80 ms of a CPU before it sends again, and gets a twelfth of one."""
    with busy(11):
        run = Run(tmp_path, story, profile, *delayed(1, "taskset", "-c", CPU), "80")
        verdicts = run.verdicts()
    assert verdicts["BO-1"] == "pass"
    assert verdicts["BO-2"] in ("pass", "inconclusive")
    assert sum(line["wait"] for line in run.lines("starved")) > 250e6
    assert run.verdicts_without_waits()["BO-2"] == "fail", "it was late, and nothing else excuses it"


def test_a_runner_that_was_stopped_blames_nobody(tmp_path, story, profile):
    """For 300 ms in mid-gap, from 0.85 s to 1.15 s: the attempt is seen late."""
    run = Run(tmp_path, story, profile, *delayed(1))
    run.wait_for_first_answer()
    time.sleep(0.85)
    stop(run.process.pid, 0.3)
    verdicts = run.verdicts()
    assert run.lines("end")[0]["lag_max"] > 250e6
    assert verdicts["BO-1"] in ("pass", "inconclusive")
    assert verdicts["BO-2"] in ("pass", "inconclusive")


def test_a_runner_that_was_stopped_cannot_tell(tmp_path, story, profile):
    """The client is 800 ms late; a runner that was itself 300 ms late says nothing."""
    run = Run(tmp_path, story, profile, *delayed(1.8))
    run.wait_for_first_answer()
    stop(run.process.pid, 0.3)
    assert run.verdicts()["BO-2"] == "inconclusive"


def test_a_stopped_runner_does_not_excuse_who_comes_early(tmp_path, story, profile):
    run = Run(tmp_path, story, profile, *delayed(0))
    wait_until(lambda: len(run.lines("response")) > 1, "both answers")
    stop(run.process.pid, 0.3)
    assert run.verdicts()["BO-1"] == "fail"


def test_a_client_that_was_stopped_is_late(tmp_path, story, profile):
    """It waits for no CPU; who stops his client has a client that is late."""
    run = Run(tmp_path, story, profile, *delayed(1))
    run.wait_for_first_answer()
    stop(run.lines("spawn")[0]["pid"], 3)
    assert run.verdicts()["BO-2"] in ("fail", "inconclusive")
