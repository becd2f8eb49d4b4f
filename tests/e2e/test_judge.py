"""`retryspec judge`: a stored trace gives the verdict of the live run, byte for byte, in every report."""
import json
import pathlib
import re
import xml.etree.ElementTree as ET

import pytest
from run_kit import run

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCENARIOS = ["status/503-then-200", "transport/truncated-body", "transport/refused", "status/400-final"]
PROFILES = ["http-generic", "openai-python"]  # the client keeps the first; the other tells more
FORMATS = ["text", "json", "junit", "tap", "markdown", "github", "badge", "html"]

pytestmark = pytest.mark.xdist_group("judge")  # they share two runs



@pytest.fixture(scope="module")
def live(tmp_path_factory):
    """A folder with a run by each profile."""
    out = tmp_path_factory.mktemp("live")
    for code, profile in enumerate(PROFILES):
        run("run", *SCENARIOS, "-p", profile, "--skip-smoke", "-j4", "-q", "--out", out / profile, "--",
            "sh", ROOT / "adapters/adapter.sh", code=code)
    return out


def verdict_of(text):
    """The part of a report that holds the scenario, but for what only the live run knows: where its files lie, and how
    long it took until the runner was done with it."""
    lines = text[text.index('"scenarios":'):].splitlines()
    return [line for line in lines if not re.match(r'\s*"(seconds|folder)":', line)]


@pytest.mark.parametrize("code, profile", list(enumerate(PROFILES)))
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_stored_trace_gives_the_verdict_of_the_live_run(live, scenario, code, profile):
    done = run("judge", live / profile / scenario / "trace.ndjson", "--json", code=code)
    assert verdict_of(done.stdout) == verdict_of((live / profile / scenario / "verdict.json").read_text())
    assert done.stderr == ""


@pytest.fixture(scope="module")
def reports(live, tmp_path_factory):
    """All reports of one stored trace, by format."""
    folder = tmp_path_factory.mktemp("reports")
    wanted = [word for format in FORMATS for word in ("--report", f"{format}={folder / format}")]
    done = run("judge", live / "openai-python/transport/truncated-body/trace.ndjson", *wanted, code=1)
    return {format: (folder / format).read_text() for format in FORMATS} | {"terminal": done.stdout}


def test_every_report_says_the_same(reports):
    broken = sorted(check["rule"] for check in json.loads(reports["json"])["scenarios"][0]["verdicts"]
                    if check["verdict"] == "fail")
    assert broken
    cases = ET.fromstring(reports["junit"]).iter("testcase")
    assert sorted(case.get("name").split()[0] for case in cases if case.find("failure") is not None) == broken
    assert sorted(re.findall(r"^not ok \d+ - \S+ (\S+)", reports["tap"], re.M)) == broken
    for rule in broken:
        for format in ["text", "terminal", "markdown", "github", "html"]:
            assert rule in reports[format], format
    assert json.loads(reports["badge"])["schemaVersion"] == 1


def test_what_only_the_run_knows_is_not_made_up(reports):
    """The trace does not hold the command: people get a word to replace, programs nothing."""
    assert json.loads(reports["json"])["command"] == []
    assert "-- CMD" in reports["text"]


def test_a_report_on_stdout_stands_alone(live):
    done = run("judge", live / "http-generic/status/503-then-200/trace.ndjson", "--report", "junit")
    assert ET.fromstring(done.stdout).tag == "testsuites"


def test_quiet_leaves_the_header_out(live):
    trace = live / "openai-python/transport/truncated-body/trace.ndjson"
    loud = run("judge", trace, code=1).stdout
    quiet = run("judge", trace, "-q", code=1).stdout
    assert loud.endswith(quiet)
    assert len(quiet) < len(loud)


def test_a_report_that_cannot_be_written_shows_first(live, tmp_path):
    (tmp_path / "file").write_text("")
    path = tmp_path / "file/report.json"
    done = run("judge", live / "http-generic/status/503-then-200/trace.ndjson", "--report", f"json={path}", code=3)
    assert str(tmp_path / "file") in done.stderr
    assert done.stdout == ""


def test_the_scenario_of_a_trace_may_be_a_file(live, tmp_path):
    """A trace whose scenario is not shipped: the message names the option."""
    text = (live / "http-generic/status/400-final/trace.ndjson").read_text()
    (tmp_path / "trace").write_text(text.replace('"scenario":"status/400-final"', '"scenario":"mine/own"'))
    done = run("judge", tmp_path / "trace", code=2)
    assert "give its file with --scenario" in done.stderr
    run("judge", tmp_path / "trace", "--scenario", ROOT / "scenarios/status/400-final.jsonc")
