"""Goal: the judge is the engine run as an acceptor. What a client of any profile
does in any scenario it accepts, and a trace that was tampered with it does not."""
import json
import subprocess

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core import BINARY, IS_LONG, ROOT, Law, examples, save
from generate import OK, Dice, backoff, stories
from hunt import shrunk, story
from tamper import MS, another, shifted, tampered
from world import World, broken, lines_of, text_of

EARLY, LATE, LAG = 10 * MS, 250 * MS, 2 * MS


def open_world(profile, scenario):
    try:
        return World(profile, scenario)
    except ValueError:  # such as a rule that is never reached
        return None


def command_of(name, profile, scenario, seed):
    return save(name, "sim", "{}/scenario.jsonc", "-p", "{}/profile.jsonc", "--seed", seed, "--limit", "4h",
                profile_jsonc=profile, scenario_jsonc=scenario)


# -- any profile, any scenario ---------------------------------------------------


def complaint(profile, scenario, seed):
    """What the judge holds against a run of the engine, or does not against the same run
    tampered with; "" for nothing."""
    world = open_world(profile, scenario)
    if not world:
        return ""
    with world:
        trace = world.play(seed)
        report = world.judge(trace)
        if report["client"] not in ("ok", "timed-out"):
            return f"client {report['client']}: {report.get('client_detail')}"
        found = broken(report)
        changes = [*tampered(profile, scenario, lines_of(trace))]
        if changes and not found:
            what, lines = changes[seed % len(changes)]
            found = {} if broken(world.judge(text_of(lines))) else {what: "accepted"}
    return "".join(f"{rule}: {seen}\n" for rule, seen in found.items())


@examples(30)
@given(stories())
def test_what_a_profile_does_its_judge_accepts(made):
    profile, scenario, seed = made
    found = complaint(profile, scenario, seed)
    assert not found, f"{found}{command_of('accepts', profile, scenario, seed)}"


def test_what_a_profile_does_its_judge_accepts_in_bulk():
    """The same with plain random numbers, hundreds a second."""
    for number in range(50_000 if IS_LONG else 1500):
        profile, scenario, seed = story(number)
        if complaint(profile, scenario, seed):
            profile, scenario = shrunk(lambda *less, seed=seed: complaint(*less, seed), profile, scenario)
            raise AssertionError(f"story {number}: {complaint(profile, scenario, seed)}"
                                 f"{command_of('bulk', profile, scenario, seed)}")


CLASSES = ["rate_limiter", "tokens", "breaker", "slots", "progress", "call_timeout", "resend", "follow_up", "closes_limiter",
           "elapsed", "windows", "refuse", "stall", "accept", "give_up", "concurrency", "clients", "retry_count"]


def test_stories_of_every_class_are_tampered_with():
    kinds = dict.fromkeys(CLASSES, 0)
    for number in range(300):
        profile, scenario, seed = story(number)
        world = open_world(profile, scenario)
        if not world:
            continue
        with world:
            if any(tampered(profile, scenario, lines_of(world.play(seed)))):
                text = json.dumps([profile, scenario])
                for kind in CLASSES:
                    kinds[kind] += f'"{kind}"' in text
    assert min(kinds.values()) >= 5, kinds


# Made smaller by hunt.shrunk: a client that conforms failed so once.
FOUND = json.loads((ROOT / "props/found.json").read_text())


@pytest.mark.parametrize("found", FOUND, ids=[f"{each['story']}-{each['was'].split(':')[0]}" for each in FOUND])
def test_what_was_once_held_against_a_client_is_not(found):
    assert open_world(found["profile"], found["scenario"])
    assert not complaint(found["profile"], found["scenario"], found["seed"])


# -- tampered traces -------------------------------------------------------------


@st.composite
def plain_stories(draw):
    """One call, one layer, one law: where it is plain which rule a change breaks. Fails a
    few times, then succeeds."""
    dice = Dice(draw)
    law = backoff(dice, longest=5000)
    profile = {"retryspec": 1, "profile": "plain", "title": "plain", "source": "props", "layers": [{
        "name": "only", "budget": {"attempts": 20},
        "rules": [{"on": {"status": ["503"], "transport": ["any"]}, "do": "retry", "backoff": law}]}]}
    fails = [dice.pick([{"reply": 503}, {"reply": 503, "json": {"no": 1}}, {"fault": {"do": "reset"}},
                        {"fault": {"do": "close"}}, {"fault": {"do": "garbage"}},
                        {"text": "half", "fault": {"do": "close", "at": "body:2B"}}])
             for _ in range(dice.int(1, 4))]
    scenario = {"retryspec": 1, "id": "props/plain", "title": "plain", "takes": "5s",
                "workload": {"request": "POST /v1/echo"},
                "server": [{"match": "POST /v1/echo", "steps": [*fails, OK], "per": "call", "after_last": "fail"}]}
    return profile, scenario, dice.int(0, 2**32 - 1), dice.int(0, len(fails) - 1)


class Tampered:
    """A trace of a plain story, and what may be done to it."""

    def __init__(self, made):
        self.profile, self.scenario, self.seed, self.at = made
        self.world = open_world(self.profile, self.scenario)
        assume(self.world)
        self.lines = lines_of(self.world.play(self.seed))
        self.requests = [line for line in self.lines if line["ev"] == "request"]
        self.responses = [line for line in self.lines if line["ev"] == "response"]
        self.result = next(line for line in self.lines if line["ev"] == "result")
        assert not broken(self.world.judge(text_of(self.lines)))

    def gap(self):
        """Of the retry that is tampered with."""
        return self.requests[self.at + 1]["head"] - self.responses[self.at]["last_byte"]

    def range(self):
        with Law(self.profile["layers"][0]["rules"][0]["backoff"]) as law:
            jitter = self.profile["layers"][0]["rules"][0]["backoff"].get("jitter")
            assume(not (isinstance(jitter, dict) and "decorrelated" in jitter))
            return law.range(self.at)

    def breaks(self, *rules, lines=None):
        """One of the rules is broken now."""
        found = broken(self.world.judge(text_of(lines if lines is not None else self.lines)))
        self.world.__exit__()
        assert set(rules) & set(found), f"{found}\n" + save(
            "tampered", "judge", "{}/trace.ndjson", "-p", "{}/profile.jsonc", "--scenario", "{}/scenario.jsonc",
            profile_jsonc=self.profile, scenario_jsonc=self.scenario, trace_ndjson=text_of(lines or self.lines))


@given(plain_stories())
def test_a_retry_that_comes_early_is_found(made):
    trace = Tampered(made)
    low, _ = trace.range()
    wanted = low - EARLY - 5 * LAG  # early by more than the lag can explain
    assume(wanted > 0)
    head = trace.requests[trace.at + 1]["accepted"] if trace.requests[trace.at + 1]["conn_use"] == 1 else \
        trace.requests[trace.at + 1]["head"]
    assume(head > trace.responses[trace.at]["last_byte"])
    moved = shifted(trace.lines, head, wanted - trace.gap())
    trace.breaks("BO-1", "HID-1", lines=moved)


@given(plain_stories())
def test_a_retry_that_comes_late_is_found(made):
    trace = Tampered(made)
    _, high = trace.range()
    assume(high < 3600 * 10**9)
    head = trace.requests[trace.at + 1]["head"]
    moved = shifted(trace.lines, head, high + LATE + LAG + 5 * MS - trace.gap())
    trace.breaks("BO-2", lines=moved)


@given(plain_stories())
def test_a_retry_that_never_came_is_found(made):
    trace = Tampered(made)
    gone = {line["id"] for line in trace.requests[trace.at + 1:]}
    kept = [line for line in trace.lines if not (line["ev"] in ("request", "response") and line["id"] in gone)]
    end = shifted(kept, trace.responses[trace.at]["last_byte"] + 1, 3600 * 10**9)
    for line in end:
        if line["ev"] == "result":
            line.update(outcome="error", status=503, error="made up")
    trace.breaks("ST-1", "TF-1", "AT-1", lines=end)


@given(plain_stories(), st.integers(20, 5000))
def test_an_attempt_after_a_success_is_found(made, after_ms):
    trace = Tampered(made)
    trace.breaks("AT-3", lines=another(trace.lines, trace.requests[-1], trace.responses[-1], after_ms * MS))


@given(plain_stories())
def test_a_final_status_that_is_retried_is_found(made):
    trace = Tampered(made)
    reply = trace.responses[trace.at]
    for key in ("fault", "fault_fired", "proof", "gone"):
        reply.pop(key, None)
    reply.update(status=400, end="status")
    reply["last_byte"] = reply["first_byte"] = reply.get("last_byte")
    trace.breaks("ST-2")


@given(plain_stories())
def test_a_budget_that_is_overdrawn_is_found(made):
    trace = Tampered(made)
    trace.profile["layers"][0]["budget"]["attempts"] = trace.at + 1
    trace.world.__exit__()
    trace.world = open_world(trace.profile, trace.scenario)
    trace.breaks("AT-2", "ST-2", "TF-2")


@given(plain_stories())
def test_another_body_is_found(made):
    trace = Tampered(made)
    trace.requests[trace.at + 1]["body_sha256"] = "0" * 64
    trace.breaks("REQ-1")


@given(plain_stories())
def test_two_attempts_at_a_time_are_found(made):
    trace = Tampered(made)
    reply, head = trace.responses[trace.at], trace.requests[trace.at + 1]["head"]
    reply["last_byte"] = head + 50 * MS
    trace.breaks("OVER-1")


@given(plain_stories())
def test_a_success_that_is_told_as_an_error_is_found(made):
    trace = Tampered(made)
    trace.result.update(outcome="error", error="made up")
    trace.breaks("OUT-1")


@given(plain_stories())
def test_a_body_that_is_not_the_whole_is_found(made):
    trace = Tampered(made)
    assume(trace.result.get("sha256"))
    trace.result["sha256"] = "0" * 64
    trace.breaks("BODY-1")


# -- the real binaries -----------------------------------------------------------


def quick(dice):
    """A story that takes a second or so of real time."""
    law = {"schedule": "exponential", "base": f"{dice.int(20, 120)}ms", "cap": f"{dice.int(120, 300)}ms",
           "jitter": dice.pick(["none", "full", {"symmetric": 0.25}])}
    profile = {"retryspec": 1, "profile": "quick", "title": "quick", "source": "props", "layers": [{
        "name": "only", "budget": {"attempts": dice.int(2, 5)},
        "attempt_timeout": {"limit": "400ms", "kind": dice.pick(["total", "head", "inactivity"])},
        "rules": [{"on": {"status": ["429", "500-599"], "transport": ["any"]}, "do": "retry", "backoff": law}]}]}
    fails = [dice.pick([{"reply": 503}, {"reply": 429}, {"fault": {"do": "reset"}}, {"fault": {"do": "close"}},
                        {"fault": {"do": "hang"}}, {"text": "half", "fault": {"do": "reset", "at": "body:2B"}}])
             for _ in range(dice.int(0, 3))]
    scenario = {"retryspec": 1, "id": "props/quick", "title": "quick", "takes": "1s",
                "workload": {"request": "POST /v1/echo", "calls": dice.int(1, 2)},
                "server": [{"match": "POST /v1/echo", "steps": [*fails, OK], "per": "call", "after_last": "repeat"}]}
    return profile, scenario, dice.int(0, 2**32 - 1)


@st.composite
def quick_stories(draw):
    return quick(Dice(draw))


@examples(4)
@given(quick_stories())
def test_the_reference_client_does_live_what_it_does_in_the_virtual_world(made):
    """`retryspec call` against `retryspec serve`, judged, and drawn alike."""
    profile, scenario, seed = made
    command = command_of("live", profile, scenario, seed)
    world = open_world(profile, scenario)
    assume(world)
    with world:
        there = lines_of(world.play(seed))
    folder = command.split()[2].rsplit("/", 1)[0]
    done = subprocess.run([BINARY, "run", f"{folder}/scenario.jsonc", "-p", f"{folder}/profile.jsonc", "--seed",
                           str(seed), "--skip-smoke", "--inconclusive", "pass", "--out", f"{folder}/out", "--",
                           BINARY, "call", "-p", f"{folder}/profile.jsonc"], capture_output=True, text=True,
                          timeout=120, check=False)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\n{command}"
    with open(f"{folder}/out/props/quick/trace.ndjson", encoding="utf-8") as file:
        here = [json.loads(line) for line in file]

    def told(lines):
        ends = {line["id"]: line["end"] for line in lines if line["ev"] == "response"}
        return sorted((line["call"], line["id"], line["step"], ends[line["id"]])
                      for line in lines if line["ev"] == "request")
    assert told(here) == told(there), command
