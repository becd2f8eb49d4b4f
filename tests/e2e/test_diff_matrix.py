"""The gap matrix of the source systems, row by row: a Python policy against tinkex as it was audited and as it is."""
import json
import os
import pathlib
import subprocess

import jsonschema
import pytest

RETRYSPEC = os.environ["RETRYSPEC"]
ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "scenarios/schema/diff.schema.json").read_text())

# The handler alone, then and now; of tinkex as it was audited, what its users had of it, and now.
PYTHON, PYTHON_TODAY = "tinker-retry-handler-0.1", "tinker-retry-handler"
AUDITED, UNWIRED, TODAY = "tinkex-rh-legacy", "tinkex-ratelimiter-legacy", "tinkex-retryconfig"
ALL_SAME = {"same", "detail", "neither", "untold"}
LEGACY_STATUSES = "300-399, 429, 500-999"


def diff(*arguments):
    done = subprocess.run([RETRYSPEC, "diff", *map(str, arguments), "--gap-matrix", "--json"], text=True,
                          capture_output=True, timeout=60)
    assert done.stderr == ""
    value = json.loads(done.stdout)
    jsonschema.Draft202012Validator(SCHEMA).validate(value)
    return value


def matrix(*arguments):
    tables = diff(*arguments)["gap_matrix"]["tables"]
    return {row["requirement"]: row for table in tables for row in table["rows"]}


def rows_of(value):
    return {row["id"]: row for row in value["requests"][0]["rows"]}


def check(rows, expected):
    """expected: requirement -> (verdict, words of A, words of B)"""
    for requirement, (verdict, *words) in expected.items():
        row = rows[requirement]
        assert row["verdict"] == verdict, row
        assert not words or [row["a"], row["b"]] == words, row


# S0-43, S0-44, S0-45, S0-46, S0-47, S0-48, S0-49, S0-50, S0-51, S0-52
def test_key_differences():
    rows = matrix(PYTHON, AUDITED)
    check(rows, {
        "S0-43": ("untold",), "S0-44": ("untold",),
        "S0-45": ("same", "1", "1"),
        "S0-46": ("same", "tried again", "tried again"),
        "S0-47": ("different", "0.375 to 0.625 s", "0 to 0.5 s"),
        "S0-48": ("only-a", "1000", "none"),
        "S0-49": ("different", "30 min", "30 s"),
        "S0-50": ("different", "408-409, 429, 500-599", LEGACY_STATUSES),
        "S0-51": ("untold",),
        "S0-52": ("different", "0.375 to 0.625 s", "0 to 0.5 s"),
    })
    check(matrix(PYTHON, UNWIRED), {"S0-46": ("different", "tried again", "the call fails")})
    assert rows["S0-46"]["document"] == "only-a" and "nothing calls it" in rows["S0-46"]["note"]


# S0-53, S0-54, S0-55, S0-56, S0-57, S0-58, S0-59
def test_gaps():
    check(matrix(PYTHON, UNWIRED), {
        "S0-53": ("untold",), "S0-54": ("different", "tried again", "the call fails"), "S0-55": ("untold",),
        "S0-56": ("only-a", "30 min", "none"),
        "S0-57": ("only-a", "1000", "none"),
        "S0-58": ("different", "tried again", "the call fails"),
        "S0-59": ("different", "408-409, 429, 500-599", "none"),
    })
    check(matrix(PYTHON, AUDITED), {"S0-56": ("different", "30 min", "30 s")})


# S1-81, S1-82, S1-83, S1-84, S1-85, S1-86
def test_critical_gaps():
    value = diff(PYTHON, AUDITED)
    check(matrix(PYTHON, AUDITED), {
        "S1-81": ("same",), "S1-82": ("untold",),
        "S1-83": ("only-a", "1000", "none"),
        "S1-84": ("different", "the call fails after 30 min", "the call hangs"),
        "S1-85": ("different", "no", "yes"),
        "S1-86": ("different", "tried again", "the call fails"),
    })
    check(matrix(PYTHON, UNWIRED), {"S1-81": ("different", "tried again", "the call fails")})
    rows = rows_of(value)
    for ident in ("slots", "hang", "progress-aborts", "at-once", "slow-failure", "progress", "attempts"):
        assert rows[ident]["severity"] == "critical", ident
        assert rows[ident]["verdict"] not in ALL_SAME, ident
    assert rows["slow-success"]["verdict"] == "same", "no slow answer is cut off, whatever the document says"


# S1-87, S1-88, S1-89, S1-90, S1-91, S1-92
def test_defaults():
    check(matrix(PYTHON, AUDITED), {
        "S1-87": ("different", "no limit", "4"),
        "S1-88": ("same", "0.5 s", "0.5 s"),
        "S1-89": ("different", "10 s", "8 s"),
        "S1-90": ("different", "0.75 to 1.25 times the delay", "0 to 1 times the delay"),
        "S1-91": ("different", "30 min", "30 s"),
        "S1-92": ("only-a", "1000", "none"),
    })


# S1-93, S1-94, S1-95, S1-96, S1-97, S1-98, S1-99, S1-100, S1-101, S1-102
def test_functionality():
    check(matrix(PYTHON, AUDITED), {
        "S1-93": ("untold",), "S1-94": ("same", "2 times the first", "2 times the first"),
        "S1-95": ("different",), "S1-96": ("only-a",), "S1-97": ("different", "30 min", "30 s"),
        "S1-98": ("same", "tried again", "tried again"), "S1-99": ("untold",),
        "S1-101": ("untold",), "S1-102": ("same",),
    })
    check(matrix(PYTHON, UNWIRED), {"S1-102": ("different", "tried again", "the call fails")})


def test_a_cache_of_handlers():  # S1-100, S1-67, S1-14
    check(matrix(PYTHON, AUDITED), {"S1-100": ("only-a", "100 handlers", "none, one handler a client"),
                                    "S1-67": ("only-a",)})


# S1-02, S1-03, S1-04, S1-05, S1-06, S1-07, S1-20, S1-23, S1-27, S1-30, S1-32, S1-33, S1-37, S1-45, S1-47, S1-75
def test_row_by_row():
    check(matrix(PYTHON, AUDITED), {
        "S1-02": ("different", "no limit", "4"), "S1-03": ("same",), "S1-04": ("different", "10 s", "8 s"),
        "S1-05": ("different",), "S1-06": ("different", "30 min", "30 s"), "S1-07": ("only-a",),
        "S1-20": ("same", "1", "1"), "S1-23": ("different",), "S1-27": ("different",),
        "S1-30": ("same",), "S1-32": ("different",), "S1-33": ("different", "0.375 to 0.625 s", "0 to 0.5 s"),
        "S1-37": ("only-a",), "S1-45": ("different",), "S1-47": ("different",), "S1-75": ("different",),
    })


def test_overflow():  # S1-34
    rows = matrix(PYTHON, TODAY)
    check(rows, {"S1-34": ("only-b", "no harm", "the call fails at retry 1016, but ends before")})
    assert rows["S1-34"]["document"] == "different"


def test_limiters():  # S1-53, S1-54, S1-55, S1-56, S1-57
    python, legacy = "tinker-sampling-429-0.1", "tinkex-ratelimiter-legacy"
    rows = matrix(python, legacy)
    check(rows, {
        "S1-53": ("different", "client", "URL and key"),
        "S1-54": ("different", "in steps of 1 s", "in steps of 0.1 s"),
        "S1-55": ("different", "1 s", "2 s"),
        "S1-56": ("different", "by time only", "by a success"),
        "S1-57": ("different", "client", "URL and key"),
    })
    assert rows["S1-56"]["document"] == "same" and "only runs out" in rows["S1-56"]["note"]
    rows = rows_of(diff("tinker-sampling-429", legacy))
    assert (rows["limiter-large"]["a"], rows["limiter-large"]["b"]) == ("5 s", "1 s")


def test_what_is_left_today():  # S3-22
    """The audit calls parity strong; these differ all the same."""
    rows = matrix(PYTHON_TODAY, TODAY)
    check(rows, {
        "C-03": ("different", "408-409, 429, 500-599", LEGACY_STATUSES),
        "C-04": ("untold",),
        "C-05": ("different", "the call fails after 120 min", "the call hangs"),
    })
    rows = matrix("tinker-stack", "tinkex-stack")
    check(rows, {
        "C-05": ("different",),
        "C-09": ("different", "1 s", "0.375 to 0.625 s"),
        "C-11": ("different", "2000", "400"),
    })
    assert {row["document"] for ident, row in rows.items() if ident.startswith("C-")} == {"same"}


def test_the_score():  # S1-103
    """Counted from the rows; the document says 45 %."""
    for b in ():
        value = diff(PYTHON, b)["gap_matrix"]
        rows = [row for table in value["tables"] for row in table["rows"]]
        counted = [row for row in rows if row["verdict"] in ("same", "different", "only-a", "only-b")]
        assert value["rows"] == len(counted)
        assert value["same"] == sum(row["verdict"] == "same" for row in counted)
        assert value["score"] == pytest.approx(100 * value["same"] / value["rows"])
    assert diff(PYTHON, AUDITED)["gap_matrix"]["score"] < diff(PYTHON, TODAY)["gap_matrix"]["score"]
    assert diff(PYTHON, PYTHON)["gap_matrix"]["score"] == 100


def test_the_text():
    done = subprocess.run([RETRYSPEC, "diff", PYTHON, AUDITED, "--gap-matrix"], text=True, capture_output=True,
                          timeout=60)
    assert done.returncode == 1
    assert "  S1-89  longest delay                       different     different\n" \
           "         longest wait: 10 s | 8 s\n" in done.stdout
