"""A right client raises nothing, however often the quick scenarios are run, and
also while every core is busy. RETRYSPEC_LONG=1 runs them 200 times."""
import json
import os
import subprocess
import sys

import pytest

RETRYSPEC = os.environ["RETRYSPEC"]
REPEATS, AT_A_TIME = (100, 12) if os.environ.get("RETRYSPEC_LONG") == "1" else (3, 6)
PROFILE = ["--profile", "openai-python"]


@pytest.fixture(params=[0, os.cpu_count()], ids=lambda count: f"{count} busy")
def busy_cores(request):
    spinning = [subprocess.Popen([sys.executable, "-c", "while True: pass"])
                for _ in range(request.param)]
    yield
    for process in spinning:
        process.kill()
        process.wait()


@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("busy_cores")
def test_a_right_client_raises_nothing(tmp_path):
    done = subprocess.run(
        [RETRYSPEC, "run", "--tag", "quick", "--repeat", str(REPEATS), "-j", str(AT_A_TIME),
         "--inconclusive", "pass", *PROFILE, "--report", "json=report.json", "-q",
         "--", RETRYSPEC, "call", *PROFILE], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    verdicts = [scenario["verdict"] for scenario in
                json.loads((tmp_path / "report.json").read_text())["scenarios"]]
    assert len(verdicts) >= 10 and "pass" in verdicts and set(verdicts) <= {"pass", "inconclusive"}
