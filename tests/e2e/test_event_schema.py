"""Goal: the schema of events, docs/events.md and what is really written agree."""
import json
import os
import pathlib
import re
import subprocess

import jsonschema
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RETRYSPEC = os.environ["RETRYSPEC"]
SCHEMA = json.loads((ROOT / "scenarios/schema/event.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
DOCS = (ROOT / "docs/events.md").read_text()
EVENTS = [branch["then"]["$ref"].rsplit("/", 1)[1] for branch in SCHEMA["allOf"]]

# Printed by tests/unit/test_dialects.c: every kind of line.
LINES = [json.loads(line) for line in
         (ROOT / "tests/unit/golden/dialects/events.ndjson").read_text().splitlines()]


def words_of(header, prefix):
    text = (ROOT / header).read_text()
    return re.findall(rf'X\({prefix}\w+,\s*"([\w-]+)"\)', text)


def test_the_schema_is_one_and_is_shipped():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    done = subprocess.run([RETRYSPEC, "schema", "event"], capture_output=True, text=True,
                          check=True, timeout=60)
    assert json.loads(done.stdout) == SCHEMA


def test_the_schema_has_the_words_of_the_code():
    assert EVENTS == words_of("client/call_event.h", "EVENT_")
    defs = SCHEMA["$defs"]
    assert defs["reason"]["enum"] == words_of("client/retry.h", "REASON_")
    assert defs["end"]["enum"] == words_of("model/http.h", "END_")
    assert defs["error_type"]["enum"] == words_of("dialects/error_model.h", "ERROR_")


def test_every_kind_of_line_is_valid():
    assert {line["ev"] for line in LINES} == set(EVENTS)
    for line in LINES:
        errors = [error.message for error in VALIDATOR.iter_errors(line)]
        assert not errors, (line, errors)


def test_real_lines_are_valid(serve, tmp_path):
    profile = tmp_path / "profile.jsonc"
    profile.write_text(json.dumps({
        "retryspec": 1, "profile": "mine", "title": "mine", "source": "this test",
        "follow_up": "POST /v1/y",
        "queue_state": {"state": "/queue_state", "reason": "/why"},
        "layers": [{
            "name": "loop", "budget": {"attempts": 3},
            "slots": {"limit": 1, "scope": "handler", "held": "call"},
            "rules": [{"on": {"status": ["408"]}, "do": "poll"},
                      {"on": {"status": ["503"]}, "do": "retry", "retry_after": "ignored",
                       "backoff": {"schedule": "constant", "base": "10ms"}}]}]}))
    server = serve([{"steps": [{"reply": 503}, {"reply": 200},
                               {"reply": 408, "json": {"queue_state": "paused", "why": "so"}},
                               {"reply": 200}, {"reply": 400}],
                     "per": "run", "after_last": "repeat"}])
    done = subprocess.run([RETRYSPEC, "call", server.url + "/v1/x", "-p", str(profile),
                           "--method", "POST", "--calls", "2", "--concurrency", "2",
                           "--events", "-"], capture_output=True, text=True, timeout=60)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line["ev"] for line in lines} == set(EVENTS) - {"aborted"}, done
    for line in lines:
        VALIDATOR.validate(line)


def test_the_schema_refuses_what_is_not_a_line():
    """Of each kind: a key too many, a required key too few, a wrong type."""
    for line in {line["ev"]: line for line in LINES}.values():
        event = line["ev"]
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
    assert section, f"docs/events.md has no section {event}"
    named = set(re.findall(r"`([\w-]+)`", section.group(1)))
    of_all_lines = {"ev", "t", "wall", "call", "session", "handler", "cut"}
    assert set(SCHEMA["$defs"][event]["properties"]) - of_all_lines <= named


def test_the_examples_of_the_docs_are_valid():
    examples = re.findall(r'^\{"ev".*$', DOCS, re.M)
    assert len(examples) >= 8
    for example in examples:
        VALIDATOR.validate(json.loads(example))
