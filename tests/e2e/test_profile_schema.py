"""profile.schema.json and the reader of profiles accept and refuse the same files.

The schema can't compare two values, so some files it accepts are refused by the
reader; each such refusal must be one that BEYOND_SCHEMA names. The other way
round there is no exception.
"""

import copy
import json
import pathlib
import re

import jsonschema
import pytest
from schema_kit import changed, compare, lint, mutants_of, parse_jsonc, put

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "scenarios/schema/profile.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
SHIPPED = sorted((ROOT / "scenarios/profiles").glob("*.jsonc"))

BEYOND_SCHEMA = re.compile(
    "expected at (least|most) the (base|cap|lower end|capacity)"
    "|expected less than the (capacity|limit)"
    '|expected at least "at_least"'
    "|closes the limiter for no time"
    "|no layer covers"
    '|"throttled" means nothing without'
    "|the floor of the jitter is above the cap"
    "|covers 200 without a condition"
    "|is never reached"
    "|another name than that of layers"
    "|there is no rule"
    "|expected a status or a range"  # 599-500
)

BACKOFF = {
    "schedule": "exponential", "base": "500ms", "factor": 2, "first_exponent": 1,
    "first_immediate": True, "cap": "10s", "cap_unjittered": True,
    "jitter": {"symmetric": 0.25}, "order": "after-cap", "clip": True,
    "floor": "1ms", "negative": "zero", "rounding": "none", "overflow": "raise",
}
RETRY_AFTER = {
    "read": [{"header": "Retry-After", "as": ["seconds", "http-date"]},
             {"body": "/retry_after_ms", "as": ["ms"]}],
    "status": ["429", "500-599", "!501"], "use": "replace", "limit": "60s",
    "above_limit": "clamp", "zero": "wait", "negative": "own-delay",
    "past": "wait", "unparseable": "own-delay", "default": "1s",
    "jittered": True, "duplicates": "last",
}
THROTTLE = {"k": 2, "window": "2min", "rejected": ["429", "503"]}
FULL = {
    "retryspec": 1, "profile": "p", "title": "t", "source": "s",
    "follow_up": "POST /api/x", "handler_cache": 100,
    "queue_state": {"state": "/s", "reason": "/r~0", "debounce": "60s"},
    "resend": {"on_stale_connection": True, "status": ["421"], "limit": 2},
    "resumes_with_range": True,
    "headers": {
        "retry_count": {"name": "x-n", "from": 1},
        "idempotency_key": {"name": "x-k", "scope": "call"},
        "call_id": {"name": "x-i"},
    },
    "tolerance": {"early": "10ms", "late": "250ms"},
    "not_applicable": [{"rule": "RA-1", "reason": "not read"}],
    "levels": {"RA-1": "should", "RA-2": "must"},
    "layers": [{
        "name": "a", "enabled": False, "routes": ["POST */x", "ANY /y"],
        "budget": {
            "attempts": 4, "connect_attempts": 3, "read_attempts": 2,
            "status_attempts": "unlimited", "elapsed": "300s",
            "elapsed_test": "cut-sleep",
            "tokens": {"capacity": 500, "cost": 5, "timeout_cost": 10, "refund": 1,
                       "per_call": 0.5, "threshold": 250, "failures_cost": True},
        },
        "slots": {
            "limit": 7, "scope": "client", "held": "call",
            "throttled": {"limit": 3, "window": "10s"},
            "bytes": {"limit": 1000, "penalty": 20},
            "ask_again": {"schedule": "constant", "base": "2ms"},
        },
        "progress": {
            "timeout": "30min", "clock": "call", "aborts_attempt": True,
            "tested_at_first": True, "resets_when_idle": True,
        },
        "attempt_timeout": {"limit": "60s", "kind": "head"},
        "call_timeout": "10min",
        "rate_limiter": {"scope": "holder", "poll": "1s", "clears_on_success": True,
                         "per_second": 0.5, "burst": 3},
        "breaker": {"failures": 5, "reset": "30s", "half_open_calls": 1,
                    "checked": "call", "retryable": True},
        "rules": [
            {"on": {"status": ["429"], "transport": ["reset"], "methods": ["GET"]},
             "do": "retry", "source": "x", "backoff": BACKOFF,
             "retry_after": RETRY_AFTER, "count": "streak", "limit": 3,
             "within": "1h", "closes_limiter": True},
            {"on": {"header": {"name": "x", "value": "1", "ignores_case": True}},
             "do": "fail"},
            {"on": {"status": ["500"],
                    "body": {"pointer": "/c", "value": "v", "ignores_case": True},
                    "request_bytes": {"at_least": 2, "at_most": 9}},
             "do": "poll", "count": "iterations", "limit": 9,
             "backoff": {"schedule": "exponential", "base": "1s"}},
        ],
    }],
}

# Put in place of every value in turn.
OTHERS = [None, True, False, -1, 0, 1, 0.5, 2, 1e10, "", "x", "1s", "0s", "5 s",
          "503", "none", "any", [], ["x"], ["503"], {}, {"x": 1}]


def with_backoff(**members):
    return changed(FULL, ("layers", 0, "rules", 0, "backoff"), put(members))


def with_retry_after(**members):
    members.setdefault("read", [{"header": "Retry-After", "as": ["seconds"]}])
    return changed(FULL, ("layers", 0, "rules", 0, "retry_after"), put(members))


def with_on(**members):
    return changed(FULL, ("layers", 0, "rules", 0, "on"), put(members))


def with_rule(limiter=False, **members):
    """A layer with one rule, and a rate limiter perhaps."""
    profile = copy.deepcopy(FULL)
    layer = {"name": "a", "rules": [{"on": {"status": ["503"]}, **members}]}
    if limiter:
        layer["rate_limiter"] = {}
    profile["layers"] = [layer]
    return profile


def combinations():
    """Files whose keys are good alone and may be wrong together."""
    base = {"base": "1s"}
    for schedule in ("none", "constant", "linear", "exponential", "fibonacci"):
        for more in ({}, base, base | {"step": "1s"}, base | {"factor": 2},
                     base | {"first_exponent": 1}, {"jitter": {"add": ["0s", "1s"]}}):
            yield with_backoff(schedule=schedule, **more)
        for jitter in ("none", "full", "equal", {"symmetric": 1}, {"full": 1},
                       {"full_from": "1ms"}, {"proportional": [0.5, 1]}, {"down": 1},
                       {"down": 2}, {"up": 2}, {"add": ["0s", "1s"]},
                       {"add": ["1s"]}, {"decorrelated": 3}, {"decorrelated": 0.5},
                       {}, {"up": 1, "down": 1}):
            yield with_backoff(schedule=schedule, jitter=jitter)
            yield with_backoff(schedule=schedule, **base, jitter=jitter)
    for use in ("replace", "maximum", "between", "spread"):
        for more in ({}, {"at_least": "1s"}, {"at_least": "1s", "at_most": "2s"},
                     {"at_least": "2s", "at_most": "1s"}, {"spread": "1s"}):
            yield with_retry_after(use=use, **more)
    for word in ("first", "last", "unreadable", "joined"):
        yield with_retry_after(duplicates=word)
    for effect in ("wait", "own-delay", "clamp", "give-up", "raise", "never", "stop"):
        yield with_retry_after(limit="60s", above_limit=effect)
        for key in ("zero", "negative", "past", "unparseable"):
            yield with_retry_after(**{key: effect})
    for word in ("429", "!429", "4xx", "429-428", "100-999", "099", "1000", "42"):
        yield with_on(status=[word])
        yield with_on(status=[word, "503"])
    header = {"name": "x", "absent": True}
    for on in ({"transport": ["any"]}, {"methods": ["GET"]},
               {"transport": ["any"], "header": {"name": "x"}}, {"header": header},
               {"header": header | {"value": "1"}},
               {"header": header | {"absent": False, "value": "1"}},
               {"header": {"name": "x", "ignores_case": True}},
               {"status": ["200-299"]}, {"body": {"pointer": "x"}}):
        yield with_on(**on)
    for action in ("retry", "fail", "pass", "poll", "start-over"):
        yield changed(FULL, ("layers", 0, "rules", 0, "do"), put(action))
        yield changed(FULL, ("layers", 0, "rules", 1, "do"), put(action))
        for members in ({}, {"limit": 2}, {"limit": 2, "count": "streak"},
                        {"count": "iterations"}, {"within": "1h"},
                        {"closes_limiter": False}, {"closes_limiter": True}):
            for backoff in ({}, {"backoff": {"schedule": "none"}},
                            {"backoff": {"schedule": "constant", "base": "1s"}},
                            {"backoff": {"schedule": "linear", "base": "1s", "step": "1s"}},
                            {"retry_after": "ignored"}, {"retry_after": RETRY_AFTER}):
                yield with_rule(do=action, **members, **backoff)
                yield with_rule(limiter=True, do=action, **members, **backoff)
    for slots in ({"throttled": {"limit": 9, "window": "1s"}}, {"bytes": {"limit": 1}},
                  {"bytes": {"limit": 1, "penalty": 2}}, {"limit": 1, "held": "attempt"},
                  {"limit": 2, "throttled": {"limit": 2, "window": "1s"}},
                  {"scope": "url-and-key"}, {"scope": "url-and-key", "limit": 1},
                  {"limit": 1, "ask_again": {"schedule": "none"}}):
        yield changed(FULL, ("layers", 0, "slots"), put(slots))
        rules = changed(FULL, ("layers", 0, "slots"), put(slots))
        del rules["layers"][0]["rules"][0]["closes_limiter"]
        yield rules
    for limiter in ({"per_second": 1}, {"burst": 2}, {"poll": "1s"},
                    {"per_second": 1, "burst": 0.5}):
        yield changed(FULL, ("layers", 0, "rate_limiter"), put(limiter))
    for tokens in ({"threshold": 10}, {"threshold": 9.5}, {"timeout_cost": 11},
                   {"timeout_cost": 10}, {"failures_cost": "retryable"}, {"failures_cost": "all"},
                   {"returns_cost": True}, {"returns_cost": True, "failures_cost": False},
                   {"returns_cost": True, "failures_cost": True},
                   {"returns_cost": False, "failures_cost": "retryable"}):
        yield changed(FULL, ("layers", 0, "budget", "tokens"),
                      put({"capacity": 10, "cost": 1} | tokens))
    for budget in ({"ratio": {"share": 0, "window": "1s"}}, {"ratio": {"share": 1001, "window": "1s"}},
                   {"ratio": {"share": 0, "per_second": 1, "window": "1s"}}, {"ratio": {"share": 0.2}},
                   {"ratio": {"share": 0.2, "per_second": 0.5, "window": "1s"}}, {"ratio": {"share": 1, "window": "0s"}},
                   {"ratio": {"share": 0, "per_second": 0, "window": "1s"}}, {"ratio": {"share": 0.2, "window": "1s"}},
                   {"concurrent": {"share": 0, "least": 0}}, {"concurrent": {"share": 0, "least": 1}},
                   {"concurrent": {"share": 1.1, "least": 1}}, {"concurrent": {"share": 1}},
                   {"failure_rate": {"most": 0}}, {"failure_rate": {"most": -1}}, {"failure_rate": {}},
                   {"failure_rate": {"most": 1, "window": "1s"}}, {"failure_rate": {"most": 1, "window": "0s"}},
                   {"ratio": {"share": 1, "window": "1s"}, "concurrent": {"share": 1, "least": 1}},
                   {"failure_rate": {"most": 1}, "concurrent": {"share": 1, "least": 1}},
                   {"failure_rate": {"most": 1}, "ratio": {"share": 1, "window": "1s"}}):
        yield changed(FULL, ("layers", 0, "budget"), put(budget))
        with_throttle = changed(FULL, ("layers", 0, "budget"), put(budget))
        with_throttle["layers"][0]["throttle"] = THROTTLE
        yield with_throttle
    for members in ({}, {"k": -1}, {"k": 0}, {"window": "0s"}, {"window": 1}, {"rejected": []},
                    {"rejected": ["!503"]}, {"rejected": "503"}, {"retryable": True}, {"retryable": "yes"}, {"on": {}}):
        yield changed(FULL, ("layers", 0, "throttle"), put(THROTTLE | members))
    for missing in THROTTLE:
        yield changed(FULL, ("layers", 0, "throttle"), put({key: THROTTLE[key] for key in THROTTLE if key != missing}))
    for request in ("POST /x", "POST /y", "POST x", "ANY /y", "post /y", "POST /y?a",
                    "POST /*", "GET  /y", "/y", "POST /api/v1/x"):
        yield changed(FULL, ("follow_up",), put(request))
    for pointer in ("/a", "/", "a", "/a~1b", "/~", "/~2", "/a/~0/0"):
        yield changed(FULL, ("queue_state", "state"), put(pointer))
        yield with_retry_after(read=[{"body": pointer, "as": ["ms"]}])
        yield with_on(status=["400"], body={"pointer": pointer})
    yield with_retry_after(read=[{"body": "/a", "header": "a", "as": ["ms"]}])
    for sizes in ({}, {"at_least": 1}, {"at_most": 1}, {"at_most": 0},
                  {"at_least": 3, "at_most": 2}, {"at_least": 3, "at_most": 3}):
        yield with_on(transport=["any"], request_bytes=sizes)
        yield with_on(request_bytes=sizes)
    two = copy.deepcopy(FULL)
    two["layers"][0]["rules"][2]["within"] = "1s"
    yield two
    for route in ("POST /x", "POST *", "post /x", "POST x", "POST  /x", "POST /x?a"):
        yield changed(FULL, ("layers", 0, "routes", 0), put(route))


def mutants():
    yield from mutants_of(FULL, OTHERS)
    yield from combinations()


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_both_accept_a_shipped_profile(path):
    VALIDATOR.validate(parse_jsonc(path.read_text()))
    assert lint([path]) == {str(path): []}


def test_both_say_the_same_of_every_mutant(tmp_path):
    count, good = compare(VALIDATOR, mutants(), BEYOND_SCHEMA, tmp_path)
    assert 100 < good < count - 1000
