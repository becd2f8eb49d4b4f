"""Goal: the schema of trace lines, docs/trace.md and what is really written agree."""
import json
import os
import pathlib
import re
import subprocess
import sys

import jsonschema
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RETRYSPEC = os.environ["RETRYSPEC"]
SCHEMA = json.loads((ROOT / "scenarios/schema/trace.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
DOCS = (ROOT / "docs/trace.md").read_text()
EVENTS = [branch["then"]["$ref"].rsplit("/", 1)[1] for branch in SCHEMA["allOf"]]

# Together these make the server and the runner write every kind of line.
SCENARIOS = ["status/400-final", "transport/truncated-body",
             "transport/reset-at-accept", "transport/refused"]

GIVEN_UP = "retry-after/429-date-past"
# More busy processes than CPUs: some wait.
RIVALS = "for i in $(seq $(($(nproc) * 2))); do timeout 0.3 sh -c 'while :; do :; done' & done"


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    """All lines of a few real runs."""
    folder = tmp_path_factory.mktemp("run")
    subprocess.run([RETRYSPEC, "init", "--lang", "python"], cwd=folder, check=True,
                   capture_output=True, timeout=60)
    done = subprocess.run([RETRYSPEC, "run", *SCENARIOS, "-j4", "--", sys.executable,
                           "adapter.py"], cwd=folder, capture_output=True, text=True,
                          timeout=120, stdin=subprocess.DEVNULL)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    # The caller of a plain program is the runner, which gives up.
    subprocess.run([RETRYSPEC, "run", GIVEN_UP, "-p", "curl-retry", "--skip-smoke", "--",
                    "sh", "-c", f'{RIVALS}; curl -s "$1"; sleep 100', "sh", "{url}"], cwd=folder,
                   capture_output=True, timeout=120, stdin=subprocess.DEVNULL)
    traces = [folder / "retryspec-out" / name / "trace.ndjson" for name in [*SCENARIOS, GIVEN_UP]]
    return [json.loads(line) for trace in traces
            for line in trace.read_text().splitlines()]


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    header = (ROOT / "model/trace_words.h").read_text()
    assert EVENTS == re.findall(r'X\(TRACE_\w+, "([\w-]+)"\)', header)


def test_real_lines_are_valid(lines):
    for line in lines:
        errors = [error.message for error in VALIDATOR.iter_errors(line)]
        assert not errors, (line, errors)


def test_every_kind_of_line_was_seen(lines):
    assert {line["ev"] for line in lines} == set(EVENTS)


def test_the_schema_refuses_what_is_not_a_line(lines):
    """Of each kind: a key too many, a required key too few, a wrong type."""
    samples = {line["ev"]: line for line in lines}
    for event, line in samples.items():
        assert not VALIDATOR.is_valid({**line, "unknown": 1}), event
        for key in SCHEMA["$defs"][event]["required"]:
            less = {k: v for k, v in line.items() if k != key}
            assert not VALIDATOR.is_valid(less), (event, key)
        for key in set(line) - {"ev"}:
            assert not VALIDATOR.is_valid({**line, key: None}), (event, key)


def test_lines_of_later_versions_are_let_pass():
    assert VALIDATOR.is_valid({"ev": "of-the-future", "anything": 1})


@pytest.mark.parametrize("event", EVENTS)
def test_the_docs_name_every_field(event):
    section = re.search(rf"^### {event}\n(.*?)(?=^##)", DOCS, re.M | re.S)
    assert section, f"docs/trace.md has no section {event}"
    named = set(re.findall(r"`([\w-]+)`", section.group(1)))
    fields = set(SCHEMA["$defs"][event]["properties"])
    of_all_lines = {"ev", "t", "cut", "headers_left_out"}
    assert fields - of_all_lines <= named


def test_the_examples_of_the_docs_are_valid():
    examples = re.findall(r'^\{"ev".*$', DOCS, re.M)
    assert len(examples) >= 4
    for example in examples:
        VALIDATOR.validate(json.loads(example))
