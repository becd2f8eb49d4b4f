"""The level that a profile gives to a rule: in the verdict, the exit code, every report, `show`, `explain` and `diff`."""
import json
import pathlib
import re
import xml.etree.ElementTree as ET

import jsonschema
import pytest
from run_kit import run

SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "scenarios/schema"
SCENARIO = "status/503-then-200"
FORMATS = ["text", "json", "junit", "tap", "markdown", "github", "html"]


def profile(base, **more):
    return {"retryspec": 1, "profile": "mine", "title": "t", "source": "s",
            "layers": [{"name": "l", "budget": {"attempts": 4},
                        "rules": [{"on": {"status": ["503"]}, "do": "retry",
                                   "backoff": {"schedule": "constant", "base": base}}]}], **more}



@pytest.fixture(scope="module")
def trace(tmp_path_factory):
    """Of a client that waits for two seconds where its profile says one: BO-2 is broken, a MUST of the catalogue."""
    folder = tmp_path_factory.mktemp("late")
    (folder / "slow.jsonc").write_text(json.dumps(profile("2s")))
    run("sim", SCENARIO, "-p", folder / "slow.jsonc", "--out", folder / "out", "-q")
    return folder / "out" / SCENARIO / "trace.ndjson"


@pytest.fixture
def judge(trace, tmp_path):
    def judge(*words, code, **more):
        (tmp_path / "mine.jsonc").write_text(json.dumps(profile("1s", **more)))
        return run("judge", trace, "-p", tmp_path / "mine.jsonc", *words, code=code).stdout
    return judge


def check_of(report, rule="BO-2"):
    return next(check for check in json.loads(report)["scenarios"][0]["verdicts"] if check["rule"] == rule)


def test_the_profile_gives_the_level(judge):
    check = check_of(judge("--json", code=1))
    assert (check["level"], check["verdict"], "level_by" in check) == ("must", "fail", False)
    check = check_of(judge("--json", code=0, levels={"BO-2": "should"}))
    assert (check["level"], check["verdict"], check["level_by"]) == ("should", "warn", "profile")
    check = check_of(judge("--json", "--strict", code=1, levels={"BO-2": "should"}))
    assert (check["level"], check["verdict"]) == ("should", "warn")


def test_the_level_of_one_rule_is_not_another_ones(judge):
    assert check_of(judge("--json", code=1, levels={"BO-1": "should", "RA-2": "must"}))["verdict"] == "fail"


def test_every_report_shows_the_level_and_whose_it_is(judge, tmp_path):
    wanted = [word for format in FORMATS for word in ("--report", f"{format}={tmp_path / format}")]
    terminal = judge(*wanted, code=0, levels={"BO-2": "should"})
    report = {format: (tmp_path / format).read_text() for format in FORMATS}
    for text in [terminal, report["text"]]:
        assert re.search(r"x  BO-2  SHOULD \(profile\)  wait no longer .*\[WARN\]", text)
    jsonschema.validate(json.loads(report["json"]), json.loads((SCHEMAS / "verdict.schema.json").read_text()))
    case = next(case for case in ET.fromstring(report["junit"]).iter("testcase") if case.get("name")[:4] == "BO-2")
    assert case.find("failure") is None
    assert "level     SHOULD (profile)" in case.find("system-out").text
    assert re.search(r'^not ok \d+ - \S+ BO-2 .* # TODO SHOULD, not MUST\n  ---\n  verdict: "warn"\n  level: "should"\n'
                     r'  level_by: "profile"$', report["tap"], re.M)
    assert f"| WARN | {SCENARIO} | BO-2 SHOULD (profile) |" in report["markdown"]
    assert "::warning title=BO-2 " in report["github"]
    assert re.search(r"BO-2 SHOULD \(profile\): wait no longer", report["html"])


@pytest.mark.parametrize("levels, problem, hint", [
    ({"BO-22": "should"}, '(levels.BO-22)', 'did you mean "BO-2"?'),
    ({"bo-2": "should"}, 'there is no rule "bo-2"', "did you mean"),
    ({"NOTHING": "must"}, 'there is no rule "NOTHING"', '"retryspec explain" names them all'),
    ({"BO-2": "shoud"}, 'expected one of "must", "should"', 'did you mean "should"?'),
    ({"BO-2": True}, "(levels.BO-2)", ""),
    ({}, "expected the level of at least one rule", ""),
    (["BO-2"], "(levels)", ""),
])
@pytest.mark.parametrize("command", [["judge", "TRACE", "-p"], ["sim", SCENARIO, "-p"], ["lint"], ["explain", "-p"]])
def test_a_level_that_means_nothing_is_refused(trace, tmp_path, command, levels, problem, hint):
    (tmp_path / "mine.jsonc").write_text(json.dumps(profile("1s", levels=levels)))
    words = [trace if word == "TRACE" else word for word in command]
    error = run(*words, tmp_path / "mine.jsonc", code=2).stderr
    assert problem in error and hint in error
    assert re.search(r"mine\.jsonc:1:\d+: ", error)


def test_a_rule_that_is_misspelt_is_not_judged_after_all(trace, tmp_path):
    more = {"not_applicable": [{"rule": "BO-22", "reason": "r"}]}
    (tmp_path / "mine.jsonc").write_text(json.dumps(profile("1s", **more)))
    error = run("judge", trace, "-p", tmp_path / "mine.jsonc", code=2).stderr
    assert 'there is no rule "BO-22" (not_applicable[0].rule)\n    did you mean "BO-2"?' in error


def test_show_and_explain(tmp_path):
    file = tmp_path / "mine.jsonc"
    file.write_text(json.dumps(profile("1s", levels={"BO-2": "should"},
                                       not_applicable=[{"rule": "RA-1", "reason": "it reads none"}])))
    assert "  BO-2 is a SHOULD\n" in run("show", file, "--summary").stdout
    assert run("explain", "BO-2").stdout.startswith("BO-2  MUST  ")
    mine = run("explain", "BO-2", "-p", file).stdout
    assert mine.startswith("BO-2  SHOULD  ")
    assert "level     mine: SHOULD instead of the catalogue's MUST\n" in mine
    assert "n/a       it reads none\n" in run("explain", "RA-1", "-p", file).stdout
    assert re.search(r"^BO-2 +SHOULD ", run("explain", "-p", file).stdout, re.M)
    told = {rule["id"]: rule for rule in json.loads(run("explain", "-p", file, "--json").stdout)}
    assert (told["BO-2"]["level"], told["BO-1"]["level"]) == ("should", "must")
    assert told["RA-1"]["not_applicable"] == "it reads none"


def test_diff_tells_a_level_that_differs(tmp_path):
    plain, mild, loud = (tmp_path / f"{name}.jsonc" for name in ("plain", "mild", "loud"))
    plain.write_text(json.dumps(profile("1s")))
    mild.write_text(json.dumps(profile("1s", levels={"BO-2": "should", "BO-1": "must"})))
    loud.write_text(json.dumps(profile("1s", levels={"BO-2": "must"})))
    text = run("diff", plain, mild, "--no-scenarios", code=1).stdout
    assert re.search(r"\nlevels of rules\n  BO-2 +MUST +SHOULD\n", text) and "BO-1" not in text
    value = json.loads(run("diff", mild, plain, "--no-scenarios", "--json", code=1).stdout)
    assert value["levels"] == [{"rule": "BO-2", "a": "should", "b": "must"}]
    assert value["same"] == value["rows"]
    jsonschema.validate(value, json.loads((SCHEMAS / "diff.schema.json").read_text()))
    assert "levels of rules" not in run("diff", plain, loud, "--no-scenarios").stdout
