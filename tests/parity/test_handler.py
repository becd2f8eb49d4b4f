"""Goal: RetryHandler.execute of the real package and our engine do the same at the same times with the same script and
the same random numbers."""
import random

import pytest
from ours import Handler, World, duration, profile
from releases import each_release, release_of

NS = 10**-9
SLACK = 2e-5  # a turn of the real event loop is a nanosecond, and the longest test has thousands

# What the handler sees of an attempt, in the words of either side.
WIRE = {"connection": {"end": "reset"}, "api-timeout": {"end": "timeout"}, "timeout": {"end": "timeout"},
        "httpx-timeout": {"end": "timeout"}}


def our_handler(version, config):
    data = profile("tinker-retry-handler-0.1" if version == "0.6.2" else "tinker-retry-handler")
    layer = data["layers"][0]
    backoff = layer["rules"][0]["backoff"]
    for key, name in (("retry_delay_base", "base"), ("retry_delay_max", "cap")):
        if key in config:
            backoff[name] = duration(config[key])
    if "jitter_factor" in config:
        backoff["jitter"] = {"symmetric": config["jitter_factor"]}
    if "progress_timeout" in config:
        layer["progress"]["timeout"] = duration(config["progress_timeout"])
    if not config.get("enable_retry_logic", True):
        layer["enabled"] = False
    return Handler(data)


def ours_of(call):
    return {**call, "script": [{**answer, **WIRE.get(answer.get("raise"), {})} for answer in call["script"]]}


def both(version, config, calls, seed=1):
    theirs = release_of(version).ask("execute", config=config, calls=calls, seed=seed)
    ours = World(our_handler(version, config), theirs["u"]).run([ours_of(call) for call in calls])
    return theirs, ours


def close(theirs, ours):
    return abs(theirs - ours * NS) < SLACK


def assert_same(theirs, ours):
    """The attempts of all calls in order of time, the ends of the calls, and how each ended."""
    there = [(a["call"], a["at"]) for a in theirs["attempts"]]
    here = [(a["call"], a["at"]) for a in ours.attempts]
    assert [name for name, _ in there] == [name for name, _ in here], (there, here)
    for (name, at), (_, ns) in zip(there, here, strict=True):
        assert close(at, ns), f"{name}: theirs at {at}, ours at {ns}: {there} {here}"
    ends = {end["call"]: end for end in ours.ends}
    for end in theirs["ends"]:
        mine = ends[end["call"]]
        assert close(end["at"], mine["at"]), (end, mine)
        assert how(end) == mine["reason"], (end, mine)


def how(end):
    if "ok" in end:
        return "success"
    if end["error"] == "CancelledError":
        return "cancelled"
    return "progress-timeout" if end["message"].startswith("No progress made") else "final"


def failing(times, **failure):
    return [failure] * times + [{"after": 0.02}]


# S0-16, S0-17, S1-21, S1-23, S1-26
@each_release()
@pytest.mark.parametrize("times", [0, 1, 2, 7, 40])
def test_it_fails_so_often_and_then_succeeds(version, times):
    theirs, ours = both(version, {}, [{"name": "a", "script": failing(times, after=0.01, status=503)}], seed=times)
    assert len(theirs["attempts"]) == times + 1
    assert_same(theirs, ours)


# S1-27, S0-08
@each_release()
@pytest.mark.parametrize("answer", [
    *({"status": s} for s in (400, 401, 404, 408, 409, 410, 422, 429, 499, 500, 503, 599, 600, 999)),
    *({"raise": name} for name in WIRE)], ids=str)
def test_what_it_retries(version, answer):
    theirs, ours = both(version, {}, [{"name": "a", "script": failing(1, **answer)}])
    assert_same(theirs, ours)


@each_release()
def test_a_redirect_to_nowhere_is_an_error_that_is_not_retried(version):
    theirs = release_of(version).ask("execute", config={}, calls=[{"name": "a", "script": failing(1, status=302)}])
    assert len(theirs["attempts"]) == 1 and theirs["ends"][0]["error"] == "APIStatusError"


# S0-08, S1-77
@each_release()
def test_errors_that_never_come_from_the_wire(version):
    for name, attempts in {"retryable": 2, "value": 1, "os": 1, "httpx-connect": 1}.items():
        calls = [{"name": "a", "script": failing(1, **{"raise": name})}]
        theirs = release_of(version).ask("execute", config={}, calls=calls)
        assert len(theirs["attempts"]) == attempts, name


# S1-44, S1-45, S1-49
@each_release()
def test_a_hang_is_aborted_when_no_progress_was_made(version):
    theirs, ours = both(version, {"progress_timeout": 0.2}, [{"name": "a", "script": [{"after": 5}]}])
    assert_same(theirs, ours)
    end = theirs["ends"][0]
    assert end["error"] == "APIConnectionError" and abs(end["at"] - 0.2) < SLACK
    assert end["message"] == "No progress made in 0.2s. Requests appear to be stuck."


# S1-48
@each_release()
def test_a_retry_is_no_progress(version):
    config = {"progress_timeout": 0.3, "retry_delay_base": 0.04}
    theirs, ours = both(version, config, [{"name": "a", "script": [{"after": 0.01, "status": 503}]}])
    assert_same(theirs, ours)
    assert how(theirs["ends"][0]) == "progress-timeout" and len(theirs["attempts"]) > 2


# S0-11, S1-48
@each_release()
def test_a_success_is_progress_for_every_call_of_the_handler(version):
    calls = [{"name": str(took), "script": [{"after": took}]} for took in (0.2, 0.45, 0.7)]
    theirs, ours = both(version, {"progress_timeout": 0.3}, calls)
    assert_same(theirs, ours)
    assert all(how(end) == "success" for end in theirs["ends"])


# S1-50
@each_release()
def test_the_first_call_of_an_idle_handler_is_progress(version):
    calls = [{"name": "a", "script": [{"after": 0.1}]}, {"name": "b", "start": 5, "script": [{"after": 0.25}]},
             {"name": "c", "start": 5.2, "script": [{"after": 0.4}]}]
    theirs, ours = both(version, {"progress_timeout": 0.3}, calls)
    assert_same(theirs, ours)
    assert how(theirs["ends"][1]) == "success"


# S1-46
@each_release()
@pytest.mark.parametrize("at", [0.05, 0.3])  # in flight, and in the wait after a failure
def test_a_caller_who_gives_up_is_no_timeout(version, at):
    call = {"name": "a", "script": [{"after": 0.1, "status": 503}, {"after": 5}], "cancel": at}
    theirs, ours = both(version, {"progress_timeout": 2}, [call])
    assert_same(theirs, ours)
    assert how(theirs["ends"][0]) == "cancelled"


# S0-15, S1-22
@each_release()
def test_without_retry_logic_it_fails_at_once_and_still_times_out(version):
    config = {"enable_retry_logic": False, "progress_timeout": 0.2}
    theirs, ours = both(version, config, [{"name": "a", "script": failing(1, status=503)}])
    assert_same(theirs, ours)
    assert len(theirs["attempts"]) == 1 and theirs["telemetry"] == [] and theirs["gauges"]["processed"] == 0
    theirs, ours = both(version, config, [{"name": "a", "script": [{"after": 5}]}])
    assert_same(theirs, ours)
    assert how(theirs["ends"][0]) == "progress-timeout"


# S0-03, S1-47
@each_release()
def test_the_default_progress_timeout_to_its_end(version):
    theirs, ours = both(version, {}, [{"name": "a", "script": [{"after": 0.001, "status": 503}]}])
    assert_same(theirs, ours)
    assert abs(theirs["ends"][0]["at"] - (1800 if version == "0.6.2" else 7200)) < SLACK


def scripted_at_random(source):
    """Some calls of one handler, with times that are never the same."""
    def answer():
        failure = source.choice([{"status": 503}, {"status": 429}, {"raise": "connection"}, {"raise": "timeout"}, {},
                                 {"status": 400}] + [{"status": 500}] * 4)
        return {"after": source.uniform(0, 0.6), **failure}

    calls = []
    for name in "abcd"[:source.randint(1, 4)]:
        call = {"name": name, "start": source.uniform(0, 3), "script": [answer() for _ in range(source.randint(1, 9))]}
        if source.random() < 0.2:
            call["cancel"] = source.uniform(0, 4)
        calls.append(call)
    config = {"progress_timeout": source.uniform(0.4, 6), "retry_delay_base": source.uniform(0.05, 1),
              "retry_delay_max": source.uniform(1, 3), "jitter_factor": source.uniform(0.05, 1)}
    return config, calls


# S0-11, S0-16, S1-48, S1-50
@each_release()
def test_any_script(version):
    for seed in range(150):
        config, calls = scripted_at_random(random.Random(seed))
        theirs, ours = both(version, config, calls, seed)
        try:
            assert_same(theirs, ours)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {config} {calls}") from error
