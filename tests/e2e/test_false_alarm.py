"""`--false-alarm RATE`: what tests of statistics may raise by chance; a larger rate tells smaller differences."""
import json
import pathlib
import re
import xml.etree.ElementTree as ET

import jsonschema
import pytest
from run_kit import run

ROOT = pathlib.Path(__file__).resolve().parents[2]
FORMATS = ["json", "junit", "tap", "markdown", "html"]
STORY = {
    "retryspec": 1, "id": "mine/spread", "title": "t", "takes": "5s",
    "workload": {"request": "POST /v1/x", "clients": 13},
    "server": [{"match": "POST /v1/x", "per": "call", "after_last": "repeat",
                "steps": [{"reply": 503, "times": 2}, {"reply": 200}]}],
    "checks": ["JIT-1"],
}


def profile(name, jitter):
    return {"retryspec": 1, "profile": name, "title": "t", "source": "s",
            "layers": [{"name": "l", "budget": {"attempts": 4}, "rules": [
                {"on": {"status": ["503"]}, "do": "retry",
                 "backoff": {"schedule": "constant", "base": "2s", "jitter": {"full": jitter}}}]}]}



@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """26 delays of a client whose jitter is half as wide as what it is judged by."""
    folder = tmp_path_factory.mktemp("spread")
    (folder / "story.jsonc").write_text(json.dumps(STORY))
    for name, jitter in [("half", 0.5), ("whole", 1.0)]:
        (folder / f"{name}.jsonc").write_text(json.dumps(profile(name, jitter)))
    run("sim", folder / "story.jsonc", "-p", folder / "half.jsonc", "--out", folder / "out", "-q")
    return folder


def judge(folder, *words, code):
    return run("judge", folder / "out/mine/spread/trace.ndjson", "--scenario", folder / "story.jsonc", "-p",
               folder / "whole.jsonc", *words, code=code).stdout


def spread_of(report):
    return next(check for check in json.loads(report)["scenarios"][0]["verdicts"] if check["rule"] == "JIT-1")


def test_a_larger_rate_tells_what_the_usual_one_does_not(folder):
    """A suite has room for 1000 tests, and each has its part of the rate."""
    usual = spread_of(judge(folder, "--json", code=0))
    assert (usual["verdict"], usual["exercised"]) == ("n/a", 0)
    assert usual["reason"].startswith("26 delays were seen; to tell jitter of half the width takes 42;")
    rare = spread_of(judge(folder, "--json", "--false-alarm", "1e-12", code=0))
    assert int(re.search(r"takes (\d+);", rare["reason"]).group(1)) > 42
    sharp = spread_of(judge(folder, "--json", "--false-alarm", "0.1", code=1))
    assert sharp["verdict"] == "fail" and sharp["expected"].endswith("(one false alarm in 10000)")
    assert sharp["likely"] == "the jitter is half as wide as the law's"


@pytest.mark.parametrize("words, rate", [([], 1e-06), (["--false-alarm", "0.001"], 0.001)])
def test_every_report_tells_the_rate(folder, tmp_path, words, rate):
    wanted = [word for format in FORMATS for word in ("--report", f"{format}={tmp_path / format}")]
    terminal = judge(folder, *wanted, *words, code=0)
    report = {format: (tmp_path / format).read_text() for format in FORMATS}
    assert terminal.splitlines()[0].endswith(f"  false alarms {rate:g} a suite")
    assert json.loads(report["json"])["false_alarm"] == rate
    jsonschema.validate(json.loads(report["json"]),
                        json.loads((ROOT / "scenarios/schema/verdict.schema.json").read_text()))
    properties = {item.get("name"): item.get("value") for item in ET.fromstring(report["junit"]).iter("property")}
    assert properties["false-alarm"] == f"{rate:g}"
    assert f"# false alarms: {rate:g} a suite\n" in report["tap"]
    assert f", false alarms {rate:g} a suite." in report["markdown"]
    assert f"<dt>false alarms</dt><dd>{rate:g} a suite</dd>" in report["html"]
    again = re.search(r'<pre class="command">(.*?)</pre>', report["html"], re.S).group(1)
    assert ("--false-alarm 0.001" in again) == (rate == 0.001)


@pytest.mark.parametrize("command", ["run", "judge", "sim"])
@pytest.mark.parametrize("rate", ["0", "-1e-6", "0.11", "9e-13", "nan", "1e-6x", "0x1p-9", " 1e-6", ""])
def test_a_rate_out_of_bounds_is_refused(command, rate):
    done = run(command, "x", "--false-alarm", rate, code=2)
    assert done.stderr.startswith(
        f"retryspec {command}: --false-alarm {rate}: it is a number from 1e-12 to 0.1, such as 1e-6\n")


@pytest.mark.xdist_group("false_alarm")
def test_a_live_run_has_it_in_its_verdicts(tmp_path):
    run("run", "smoke/ok", "--skip-smoke", "-q", "--false-alarm", "1e-3", "--out", tmp_path / "out", "--",
        "sh", ROOT / "adapters/adapter.sh")
    for file in ["report.json", "smoke/ok/verdict.json"]:
        assert json.loads((tmp_path / "out" / file).read_text())["false_alarm"] == 0.001
