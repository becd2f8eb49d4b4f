"""Goal: what is written can be read, and is then written the same."""
import json

from hypothesis import given
from hypothesis import strategies as st

import core
from core import POINTER, TEXT, declare, examples
from generate import Dice, scenario, stories
from world import World, lines_of, taken

_trace = declare("props_trace_again", POINTER, TEXT)
_plan_of = declare("props_plan_of", POINTER, TEXT)
_plan = declare("props_plan_again", POINTER, TEXT)
_result = declare("props_result_again", POINTER, TEXT)


@st.composite
def any_scenario(draw):
    return scenario(Dice(draw))


def open_world(story):
    profile, scenario_made, seed = story
    try:
        return World(profile, scenario_made), seed
    except ValueError:
        return None, seed


# -- traces --------------------------------------------------------------------


def sorted_lines(trace):
    return sorted(trace.splitlines())


@examples(30)
@given(stories())
def test_a_trace_is_read_and_written_the_same(story):
    world, seed = open_world(story)
    if not world:
        return
    with world:
        first = taken(_trace(world.play(seed).encode())).decode()
        again = taken(_trace(first.encode())).decode()
        assert again == first


@examples(30)
@given(stories())
def test_no_line_about_an_attempt_changes(story):
    world, seed = open_world(story)
    if not world:
        return
    with world:
        trace = world.play(seed)
        again = set(taken(_trace(trace.encode())).decode().splitlines())
        for line in trace.splitlines():
            if json.loads(line)["ev"] in ("request", "response", "result", "client-end"):
                assert line in again, line


text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
names = st.from_regex(r"[A-Za-z0-9-]{1,12}", fullmatch=True)


# Headers, targets and reasons of any bytes survive.
@given(st.lists(st.tuples(names, text), max_size=4), text, st.integers(0, 2**53))
def test_any_text_survives_in_a_trace(headers, word, at):
    request = {"ev": "request", "t": at, "id": 1, "conn": 1, "conn_use": 1, "accepted": at, "head": at,
               "call": word, "judged": True, "body_size": 0, "method": "POST", "target": f"/{word}",
               "headers": [list(pair) for pair in headers]}
    run = {"ev": "run", "t": 0, "version": "x", "scenario": "a/b", "seed": "1", "level": 1}
    lines = "".join(json.dumps(line) + "\n" for line in (run, request))
    written = taken(_trace(lines.encode()))
    assert written is not None
    found = next(line for line in lines_of(written.decode()) if line["ev"] == "request")
    assert found["headers"] == request["headers"]
    assert found["target"] == request["target"] and found["call"] == word


# -- plans and results ---------------------------------------------------------


@given(any_scenario())
def test_a_plan_is_read_and_written_the_same(story):
    plan = taken(_plan_of(json.dumps(story).encode()))
    if plan is None:
        return
    assert taken(_plan(plan)) == plan
    told = json.loads(plan)
    clients, calls = told["clients"], told["calls"]
    assert told["tokens"] == [[f"rs-{i}-{k}" for k in range(calls)] for i in range(clients)]


@given(st.fixed_dictionaries({"call": text.filter(bool), "outcome": st.sampled_from(["ok", "error"])}, optional={
    "status": st.integers(0, 999), "error": text, "sha256": st.sampled_from(["", "0" * 64, "ab" * 32])}))
def test_a_result_is_read_and_written_the_same(result):
    written = taken(_result(json.dumps(result).encode()))
    if written is None:  # such as a call that no token has
        return
    again = json.loads(written)
    for key, value in result.items():
        assert again.get(key, type(value)()) == value
    assert taken(_result(written)) == written


# -- verdicts ------------------------------------------------------------------


def schema():
    import jsonschema  # slow to load
    return jsonschema.Draft202012Validator(json.loads((core.ROOT / "scenarios/schema/verdict.schema.json").read_text()))


SCHEMA = []


@examples(30)
@given(stories())
def test_a_verdict_keeps_its_schema(story):
    SCHEMA[:] = SCHEMA or [schema()]
    world, seed = open_world(story)
    if not world:
        return
    with world:
        report = world.judge(world.play(seed))
        document = {"retryspec": 1, "version": "x", "profile": "p", "profile_source": "s",
                    "seed": "1", "false_alarm": 1e-6, "command": [], "scenarios": [report]}
        SCHEMA[0].validate(document)

