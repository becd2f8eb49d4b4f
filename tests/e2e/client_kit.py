"""Runs a client under test and tells which rules it kept and broke."""
import json
import os
import subprocess

RETRYSPEC = os.environ["RETRYSPEC"]


def run(folder, profile, client, options):
    done = subprocess.run(
        [RETRYSPEC, "run", "-j4", "-p", profile, *map(str, options), "--", *client],
        cwd=folder, text=True, capture_output=True, timeout=280, stdin=subprocess.DEVNULL)
    path = folder / "retryspec-out/report.json"
    assert path.exists(), done.stdout + done.stderr
    report = json.loads(path.read_text())
    assert report["exit_code"] == done.returncode
    return done, report


def rules_with(verdict, report):
    return {f"{scenario['id']}:{each['rule']}" for scenario in report["scenarios"]
            for each in scenario["verdicts"] if each["verdict"] == verdict}


def judge(folder, profile, client, *options):
    """Runs the client and gives (exit code, "scenario:RULE" of all failures, report).
    When the machine was too slow to tell, it runs again, as docs/cli.md says."""
    for _ in range(3):
        done, report = run(folder, profile, client, options)
        if not rules_with("inconclusive", report):
            break
    failures = rules_with("fail", report)
    assert (done.returncode == 1) == bool(failures), done.stdout + done.stderr
    return done.returncode, failures, report


def conforms(folder, profile, client, *options):
    code, failures, report = judge(folder, profile, client, *options)
    assert code == 0, failures or report
    return report


def passed(report, scenario):
    """The rules that had something to look at and were kept."""
    places = (each.split(":") for each in rules_with("pass", report))
    return {rule for where, rule in places if where == scenario}
