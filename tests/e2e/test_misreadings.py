"""Clients that misread their policy, one defect each, in virtual time: played by
the wrong profile and judged by the right one, the one rule is broken and the
likely cause is the defect. Played by the right one, nothing is."""
import json
import os
import pathlib
import subprocess

import pytest

import misread_policies
import misread_stacks

RETRYSPEC = os.environ["RETRYSPEC"]
DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
DEFECTS = misread_policies.DEFECTS + misread_stacks.DEFECTS


def retryspec(folder, *arguments):
    return subprocess.run([RETRYSPEC, *map(str, arguments)], cwd=folder, text=True, capture_output=True, timeout=60)


def catalogue():
    return retryspec(DOCS, "explain", "--misreadings").stdout.splitlines()


def play(folder, scenario, profile):
    """The trace of a client that does what the profile says; it must conform."""
    file = folder / f"{profile['profile']}.jsonc"
    file.write_text(json.dumps(profile))
    done = retryspec(folder, "sim", scenario, "-p", file, "--out", profile["profile"])
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / profile["profile"] / "t/s/trace.ndjson"


def broken_rules(folder, trace, scenario):
    done = retryspec(folder, "judge", trace, "-p", "right.jsonc", "--scenario", scenario, "--json")
    verdicts = json.loads(done.stdout)["scenarios"][0]["verdicts"]
    return [(each["rule"], each["verdict"], each.get("likely")) for each in verdicts
            if each["verdict"] not in ("pass", "n/a")]


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name.replace(" ", "-"))
def test_the_defect_is_named(tmp_path, defect):
    scenario = tmp_path / "scenarios/t/s.jsonc"
    scenario.parent.mkdir(parents=True)
    scenario.write_text(json.dumps(defect.scenario))
    play(tmp_path, scenario, defect.right)
    trace = play(tmp_path, scenario, defect.wrong)
    assert sorted(broken_rules(tmp_path, trace, scenario)) == sorted(defect.broken)


def test_every_misreading_has_a_defect():
    named = {cause for defect in DEFECTS for rule, _, cause in defect.broken if cause and rule != "JIT-1"}
    assert named == set(catalogue())


def test_the_page_has_every_misreading_in_order():
    rows = [line.split(" | ")[0].removeprefix("| ") for line in (DOCS / "misreadings.md").read_text().splitlines()
            if line.startswith("| ") and not line.startswith("| likely cause")]
    assert rows == catalogue()
    assert len(rows) == len(set(rows)) >= 25


def test_the_list_as_json_and_misused():
    done = retryspec(DOCS, "explain", "--misreadings", "--json")
    assert json.loads(done.stdout) == catalogue()
    done = retryspec(DOCS, "explain", "--misreadings", "RA-1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--misreadings takes no rule" in done.stderr


def test_a_long_trace_with_its_mistake_at_the_end_has_a_cause(tmp_path):
    """Most misreadings are refused by the call that broke the rule; they are not tried on the others."""
    defect = next(each for each in DEFECTS if each.name == "no cap")
    calls = 30_000
    scenario = tmp_path / "scenarios/t/s.jsonc"
    scenario.parent.mkdir(parents=True)
    scenario.write_text(json.dumps(misread_policies.scenario(
        [{"json": 1, "times": calls - 1}, {"reply": 503, "times": 5}, 200], per="run", calls=calls)))
    (tmp_path / "right.jsonc").write_text(json.dumps(defect.right))
    trace = play(tmp_path, scenario, defect.wrong)
    assert broken_rules(tmp_path, trace, scenario) == defect.broken
