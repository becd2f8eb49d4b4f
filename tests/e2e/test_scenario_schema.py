"""Goal: the JSON Schema that editors use and the reader that decides agree:
the same keys in every object, both accept what is shipped, and both refuse what
golden/scenario_refusals.txt marks with "schema".
"""
import copy
import json
import pathlib
import re
import subprocess

import jsonschema
import pytest
from schema_kit import RETRYSPEC, at, parse_jsonc

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCENARIOS = ROOT / "scenarios"
SCHEMA = json.loads((SCENARIOS / "schema/scenario.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

# Their members are named by the user, not by the format.
FREE = {"payload", "json", "headers", "early_hints"}


def lint(path):
    done = subprocess.run([RETRYSPEC, "lint", str(path)], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode in (0, 2), done.stderr
    return done


@pytest.fixture
def lint_text(tmp_path):
    def run(text):
        path = tmp_path / "scenario.jsonc"
        path.write_bytes(text.encode())
        return lint(path)
    return run


def base(**members):
    return {"retryspec": 1, "id": "a", "title": "t",
            "workload": {"request": "GET /x"},
            "server": [{"match": "GET /x", "per": "call",
                        "after_last": "repeat", "steps": [{}]}]} | members


REPLIES = [
    {"reply": 429, "delay": "1s", "content_type": "a/b", "framing": "chunked",
     "headers": {"A": "b", "C": ["d", {"http_date": "+3s"}]},
     "early_hints": {"Link": {"http_date": "-3s"}}, "json": {},
     "fault": {"at": "body:1B", "do": "garbage", "chance": 0.5}},
    {"text": "x", "delay": {"uniform": ["1s", "2s"]},
     "fault": {"do": "hang", "for": "1s"}},
    {"base64": "AA==", "delay": {"normal": {"mean": "1s", "sd": "1s"}},
     "fault": {"do": "drip", "rate": "1B/s"}},
    {"body": {"size": "1KiB", "seed": 1},
     "delay": {"lognormal": {"median": "1s", "sigma": 0.5}}},
    {"delay": {"exponential": "1s"}},
]

# Valid documents that use every key of the format between them.
WHOLE = [
    base(edition="2026.1", tags=["a"], takes="1s", exclusive=True,
         workload={"request": "GET /x", "payload": [1], "clients": 2,
                   "calls": 2, "concurrency": 2, "start_spread": "1s",
                   "read_timeout": "1s", "give_up": "1s"},
         checks=["RA-1", {"rule": "RA-2", "level": "must", "note": "n"}]),
    base(server=[{"match": "ANY /*", "judged": False, "per": "run",
                  "after_last": "loop",
                  "call": {"by": "header", "name": "X"},
                  "steps": [reply | {"times": 2} for reply in REPLIES]}]),
    base(server=[{"match": "ANY /*", "clock": "first-request",
                  "call": {"by": "json", "pointer": "/a"},
                  "windows": [reply | {"from": f"{i}s", "to": f"{i + 1}s"}
                              for i, reply in enumerate(REPLIES)]}]),
    base(title="{method} {path}",
         matrix={"method": ["GET", "PUT"], "path": ["/a", "/b.c/d"]}),
]


def objects(value, place=()):
    """Every object whose keys the format names, with the way to it."""
    if isinstance(value, dict):
        is_free = place and place[-1] in FREE
        if not is_free:
            yield place, value
        if not is_free or place[-1] in {"headers", "early_hints"}:
            for key, member in value.items():
                yield from objects(member, place + (key,))
    elif isinstance(value, list) and not (place and place[-1] in FREE):
        for index, element in enumerate(value):
            yield from objects(element, place + (index,))


def property_sets(schema):
    """The keys of every object that the schema closes."""
    if isinstance(schema, dict):
        if schema.get("additionalProperties") is False:
            yield frozenset(schema["properties"])
        for member in schema.values():
            yield from property_sets(member)
    elif isinstance(schema, list):
        for element in schema:
            yield from property_sets(element)


def test_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_object_of_the_schema_is_closed():
    def walk(schema, path):
        if isinstance(schema, dict):
            if schema.get("type") == "object" and path[-1:] != ["headers"]:
                assert schema.get("additionalProperties") is False, path
            for key, member in schema.items():
                walk(member, path + [key])
        elif isinstance(schema, list):
            for index, element in enumerate(schema):
                walk(element, path + [index])
    walk(SCHEMA, [])


@pytest.mark.parametrize("document", WHOLE)
def test_both_accept_whole_documents(document, lint_text):
    VALIDATOR.validate(document)
    done = lint_text(json.dumps(document))
    assert done.returncode == 0, done.stderr


def test_same_keys_on_both_sides(lint_text):
    """The reader lists its keys when an unknown one is near to none."""
    reader = set()
    for document in WHOLE:
        for place, _ in objects(document):
            broken = copy.deepcopy(document)
            at(broken, place)["zzzzzzzzzzzzzzzz"] = 1
            assert not VALIDATOR.is_valid(broken), place
            known = re.search(r"known keys: (.*)", lint_text(
                json.dumps(broken)).stderr)
            assert known and "..." not in known.group(1), place
            reader.add(frozenset(re.findall(r'"([^"]*)"', known.group(1))))
    assert reader == set(property_sets(SCHEMA))


@pytest.mark.parametrize("document", WHOLE)
def test_both_refuse_each_key_renamed(document, lint_text):
    for place, members in objects(document):
        for key in members:
            broken = copy.deepcopy(document)
            owner = at(broken, place)
            owner[key + "_"] = owner.pop(key)
            assert not VALIDATOR.is_valid(broken), (place, key)
            assert lint_text(json.dumps(broken)).returncode == 2, (place, key)


def test_whole_documents_use_every_key():
    used = {frozenset([key]) for document in WHOLE
            for _, members in objects(document) for key in members}
    named = {frozenset([key]) for keys in property_sets(SCHEMA)
             for key in keys}
    assert used == named


HEAD = '{"retryspec": 1, "id": "a", "title": "t",'
WORKLOAD = '"workload": {"request": "GET /x"},'
ROUTE = '{"match": "GET /x", '
STEPS = ROUTE + '"per": "call", "after_last": "repeat", "steps": '
SERVER = '"server": [' + STEPS + "[{}]}]"
WRAPPERS = {
    "top": ("", ""),
    "member": ('{"retryspec": 1, "title": "t", ' + WORKLOAD, ", " + SERVER + "}"),
    "workload": (HEAD + '"workload":', ", " + SERVER + "}"),
    "route": (HEAD + WORKLOAD + '"server": [', "]}"),
    "step": (HEAD + WORKLOAD + '"server": [' + STEPS + "[", "]}]}"),
    "window": (HEAD + WORKLOAD + '"server": [' + ROUTE + '"windows": [', "]}]}"),
}


def refusals():
    lines = (ROOT / "tests/unit/golden/scenario_refusals.txt").read_text()
    for kind, option, text in re.findall(r"^## (\w+) ?(\S*)\n(.*)$", lines,
                                         flags=re.M):
        before, after = WRAPPERS[kind]
        if kind == "member" and not text.startswith('"id"'):
            text += ', "id": "a"'
        yield option, before + text + after


@pytest.mark.parametrize("option,text", list(refusals()))
def test_refusals(option, text, lint_text):
    is_valid = VALIDATOR.is_valid(parse_jsonc(text))
    assert is_valid == (option != "schema")
    if "/" not in option:  # those are refused for the name of their file
        assert lint_text(text).returncode == 2


GUIDE = (ROOT / "docs/scenario.md").read_text()
SECTIONS = {"The file": "member", "workload": "workload",
            "server: routes": "route", "Steps and windows": "step",
            "Faults": "step"}


def guide_examples():
    """Whole files, and the last column of each table as its object."""
    yield from re.findall(r"^```jsonc\n(.*?)^```", GUIDE, flags=re.M | re.S)
    for title, kind in SECTIONS.items():
        section = GUIDE.split(f"\n## {title}\n")[1].split("\n## ")[0]
        for text in re.findall(r"^\| .* \| `(\".*)` \|$", section, flags=re.M):
            yield wrap_example(kind, text)


def wrap_example(kind, text):
    before, after = WRAPPERS[kind]
    if kind == "workload" and '"request"' not in text:
        text = '"request": "GET /x", ' + text
    if kind == "route":
        rest = {"match": "ANY /*", "per": "call", "after_last": "loop",
                "steps": [{}]}
        if '"clock"' in text:
            rest = {"match": "ANY /*", "windows": [{"from": "0s"}]}
        text = json.dumps(rest | json.loads("{" + text + "}"))[1:-1]
    if kind == "member":
        return before + text + ("" if text.startswith('"id"') else
                                ', "id": "a"') + after
    return before + "{" + text + "}" + after


@pytest.mark.parametrize("text", list(guide_examples()))
def test_examples_of_the_guide(text, lint_text):
    VALIDATOR.validate(parse_jsonc(text))
    done = lint_text(text)
    assert done.returncode == 0, done.stderr


def test_the_guide_has_examples():
    assert len(list(guide_examples())) > 40


def test_the_guide_names_every_key():
    keys = {key for keys in property_sets(SCHEMA) for key in keys}
    assert not {key for key in keys if not re.search(
        rf"`{key}`|\"{key}\"", GUIDE)}


@pytest.mark.parametrize("path", sorted(
    path for path in SCENARIOS.glob("*/**/*.jsonc")
    if path.relative_to(SCENARIOS).parts[0] not in ("profiles", "worlds")))
def test_both_accept_shipped_scenarios(path):
    VALIDATOR.validate(parse_jsonc(path.read_text()))
    assert lint(path).returncode == 0
