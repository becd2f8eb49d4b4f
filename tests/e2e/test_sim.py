"""`retryspec sim`: the virtual world tells the same story as the live one, the
same seed tells it the same way, and hours pass in milliseconds."""
import json
import os
import pathlib
import subprocess

import jsonschema
import pytest

RETRYSPEC = os.environ["RETRYSPEC"]
ROOT = pathlib.Path(__file__).resolve().parents[2]
PROFILES = sorted(path.stem for path in (ROOT / "scenarios/profiles").glob("*.jsonc"))


def sim(folder, *arguments, expect=0):
    done = subprocess.run([RETRYSPEC, "sim", *map(str, arguments)], cwd=folder, text=True, capture_output=True,
                          timeout=300)
    assert done.returncode == expect, done.stdout[-4000:] + done.stderr
    return done


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))
    return path


def story(folder, steps, name="story", workload=None, **route):
    """A scenario file for POST /v1/echo."""
    server = {"match": "POST /v1/echo", "per": "call", "after_last": "repeat", "steps": steps, **route}
    if "windows" in route:
        for key in ("steps", "per", "after_last"):
            del server[key]
    return write(folder / f"scenarios/t/{name}.jsonc", {
        "retryspec": 1, "id": f"t/{name}", "title": name, "takes": "1s",
        "workload": {"request": "POST /v1/echo", **(workload or {})}, "server": [server], "checks": ["OUT-1"]})


def profile(folder, *layers, **more):
    return write(folder / "profile.jsonc", {
        "retryspec": 1, "profile": "t", "title": "t", "source": "a test", "layers": list(layers), **more})


def layer(**keys):
    return {"name": "only", "rules": [RETRY], **keys}


RETRY = {"on": {"status": ["503"], "transport": ["reset", "timeout"]}, "do": "retry",
         "backoff": {"schedule": "constant", "base": "1s"}}
FAIL, OK = {"reply": 503}, {"json": {"ok": True}}
HANG = {"fault": {"do": "hang"}}


def play(folder, story_file, profile_file, *options, expect=0):
    """The lines of the trace."""
    sim(folder, story_file, "-p", profile_file, "--out", "out", *options, expect=expect)
    name = json.loads(pathlib.Path(story_file).read_text())["id"]
    return [json.loads(line) for line in (folder / f"out/{name}/trace.ndjson").read_text().splitlines()]


def of(lines, ev):
    return [line for line in lines if line["ev"] == ev]


def seconds(ns):
    return ns / 1e9


# -- it is the live world ------------------------------------------------------


# Nothing ends 503 for ever but a limit that not every profile has.
@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_conforms_in_every_scenario(tmp_path, name):
    done = subprocess.run([RETRYSPEC, "sim", "-q", "-p", name, "--skip", "*/503-endless", "--report",
                           "json=report.json"], cwd=tmp_path, text=True, capture_output=True, check=False)
    report = json.loads((tmp_path / "report.json").read_text())
    assert len(report["scenarios"]) > 30
    for scenario in report["scenarios"]:
        bad = [verdict["rule"] for verdict in scenario["verdicts"]
               if verdict["verdict"] in ("fail", "warn", "inconclusive")]
        assert scenario["client"] == "ok" and not bad, f"{scenario['id']}: {bad}\n{done.stdout[-3000:]}"


@pytest.mark.parametrize("name", ["tinker-http", "curl-retry"])
def test_503_for_ever_is_given_up(tmp_path, name):
    sim(tmp_path, "status/503-endless", "-p", name)


def test_a_seed_gives_the_same_trace_byte_for_byte(tmp_path):
    chosen = ["limits/*", "retry-after/429-date-future", "transport/re*", "outage/4s-503", "-p", "tinker-http"]
    for out in ("a", "b"):
        sim(tmp_path, *chosen, "--seed", 7, "--out", out)
    sim(tmp_path, *chosen, "--seed", 8, "--out", "c")
    traces = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("trace.ndjson"))
    assert len(traces) > 5
    for trace in traces:
        assert (tmp_path / "a" / trace).read_bytes() == (tmp_path / "b" / trace).read_bytes()
        assert (tmp_path / "a" / trace).read_bytes() != (tmp_path / "c" / trace).read_bytes()


def test_the_trace_keeps_its_format_and_judges_alike(tmp_path):
    sim(tmp_path, "timeout/*", "outage/4s-503", "transport/re*", "-p", "tinker-http", "--out", "out")
    schema = json.loads(subprocess.run([RETRYSPEC, "schema", "trace"], text=True, capture_output=True,
                                       check=True).stdout)
    check = jsonschema.Draft202012Validator(schema)
    traces = list((tmp_path / "out").rglob("trace.ndjson"))
    assert len(traces) > 5
    for trace in traces:
        for line in trace.read_text().splitlines():
            check.validate(json.loads(line))
        stored = subprocess.run([RETRYSPEC, "judge", str(trace), "--json"], text=True, capture_output=True,
                                check=True)
        kept = json.loads((trace.parent / "verdict.json").read_text())
        assert json.loads(stored.stdout)["scenarios"][0]["verdicts"] == kept["scenarios"][0]["verdicts"]


def live_gaps(folder, story_file, profile_file, seed):
    subprocess.run([RETRYSPEC, "run", str(story_file), "-p", str(profile_file), "--skip-smoke", "--seed", str(seed),
                    "--out", "live", "--inconclusive", "pass", "--", RETRYSPEC, "call", "-p", str(profile_file)],
                   cwd=folder, check=True, capture_output=True, timeout=120)
    text = next((folder / "live").rglob("trace.ndjson")).read_text()
    return gaps([json.loads(line) for line in text.splitlines()])


def gaps(lines):
    ends = {line["id"]: line["last_byte"] for line in of(lines, "response")}
    requests = sorted(of(lines, "request"), key=lambda line: line["id"])
    return [seconds(b["head"] - ends[a["id"]]) for a, b in zip(requests, requests[1:])]


def test_a_seed_draws_the_same_delays_here_as_in_the_reference_client(tmp_path):
    wide = {**RETRY, "backoff": {"schedule": "constant", "base": "500ms", "jitter": {"full": 1}}}
    rules = profile(tmp_path, layer(rules=[wide]), headers={"idempotency_key": {"name": "x-key", "scope": "attempt"}})
    steps = story(tmp_path, [{**FAIL, "times": 5}, OK])
    drawn = gaps(play(tmp_path, steps, rules, "--seed", 11, "--latency", "0s"))
    live = live_gaps(tmp_path, steps, rules, 11)
    assert len(drawn) == len(live) == 5
    for here, there in zip(drawn, live):
        assert here - 0.0001 <= there <= here + 5


# -- hours ---------------------------------------------------------------------

TWO_HOURS = 7200


# S0-109: nothing succeeds for 120 minutes, so the call in flight is aborted at
# that instant, in the middle of an attempt.
def test_a_progress_timeout_of_two_hours_aborts_on_time(tmp_path):
    rules = profile(tmp_path, layer(progress={"timeout": "120min", "aborts_attempt": True}))
    lines = play(tmp_path, story(tmp_path, [{**FAIL, "times": 3}, HANG]), rules)
    last = of(lines, "response")[-1]
    assert last["end"] == "timeout"
    # The client's FIN takes half a millisecond.
    assert seconds(last["gone"]) == TWO_HOURS + 0.0005
    assert of(lines, "result")[0]["error"].startswith("progress-timeout")


def test_a_client_that_hangs_for_ever_is_stopped(tmp_path):
    rules = profile(tmp_path, layer())
    done = sim(tmp_path, story(tmp_path, [HANG]), "-p", rules, "--limit", "3h", expect=3)
    assert "still running after 10800.000 s" in done.stdout


def seen_by(folder, trace, profile_file, story_file):
    """The rules that a trace breaks under another profile."""
    done = subprocess.run([RETRYSPEC, "judge", str(trace), "-p", str(profile_file), "--scenario", str(story_file),
                           "--json"], cwd=folder, text=True, capture_output=True, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    verdicts = json.loads(done.stdout)["scenarios"][0]["verdicts"]
    return {verdict["rule"] for verdict in verdicts if verdict["verdict"] in ("fail", "warn")}


RIGHT = {"name": "only", "slots": {"limit": 2, "held": "call"}, "rules": [{
    "on": {"status": ["503"], "transport": ["any"]}, "do": "retry",
    "backoff": {"schedule": "exponential", "base": "500ms", "cap": "10s", "jitter": {"symmetric": 0.25}, "clip": True}}],
    "progress": {"timeout": "120min", "aborts_attempt": True, "clock": "call"}}
SLOW = {"json": {"ok": True}, "delay": "31s"}
HALF_AN_HOUR = {"json": {"ok": True}, "delay": "1801s"}
SHORT = {"timeout": "30s", "aborts_attempt": True, "clock": "call"}


def wrong(**keys):
    return {key: value for key, value in {**RIGHT, **keys}.items() if value is not None}


# Each critical gap of the audit: what a client with it does, and the rules that
# tell it from the right one. A right client breaks none of them.
GAPS = {
    # S1-81: the retry handler is not called at all.
    "integration": (wrong(rules=None), [{**FAIL, "times": 2}, OK], {}, {"ST-1"}),
    # S1-82: what the caller configures never arrives; the defaults of another client hold.
    "parameter": (wrong(budget={"attempts": 3}), [{**FAIL, "times": 5}, OK], {}, {"AT-1"}),
    # S1-83: nothing bounds the calls in flight.
    "semaphore": (wrong(slots=None), [{**OK, "delay": "5s"}], {"calls": 6, "concurrency": 6}, {"CC-1"}),
    # S1-84: nobody watches for progress.
    "watchdog": (wrong(progress=None), [HANG], {"give_up": "3h"}, {"PT-1"}),
    # S1-85: the jitter is full instead of a quarter to both sides.
    "jitter": (wrong(rules=[{**RIGHT["rules"][0], "backoff": {**RIGHT["rules"][0]["backoff"], "jitter": "full"}}]),
               [{**FAIL, "times": 12}, OK], {}, {"BO-1"}),
    # S1-86, S1-47: 30 s instead of half an hour and more kill requests that are well.
    "timeout of 30 s": (wrong(progress=SHORT), [SLOW], {}, {"TO-1"}),
    "timeout of 30 min": (wrong(progress={**SHORT, "timeout": "30min"}), [HALF_AN_HOUR], {}, {"TO-1"}),
}


@pytest.mark.parametrize("gap", GAPS)
def test_each_critical_gap_has_its_detector(tmp_path, gap):
    has_gap, steps, workload, detectors = GAPS[gap]
    right, wrong_one = tmp_path / "right", tmp_path / "wrong"
    told = story(tmp_path, steps, workload=workload)
    right_profile = profile(right, RIGHT)
    lines = play(right, told, right_profile)
    if not gap == "watchdog":
        assert all(line["outcome"] == "ok" for line in of(lines, "result"))
    play(wrong_one, told, profile(wrong_one, has_gap))
    broken = seen_by(tmp_path, wrong_one / "out/t/story/trace.ndjson", right_profile, told)
    assert detectors <= broken, broken


@pytest.mark.parametrize("at", ["request", "accept", "head"])
def test_a_hang_that_the_server_ends_is_judged_from_its_end(tmp_path, at):
    rules = profile(tmp_path, layer(rules=[{**RETRY, "on": {"transport": ["any"]}}]))
    hang = {"fault": {"do": "hang", "at": at, "for": "700ms"}, "json": {"ok": True}}
    told = story(tmp_path, [hang, OK], per="run")
    lines = play(tmp_path, told, rules)
    assert of(lines, "result")[0]["outcome"] == "ok"
    live_gaps(tmp_path, told, rules, 1)  # judged live as well, and conforms


# -- the network ---------------------------------------------------------------


def test_a_new_connection_costs_a_round_trip_more(tmp_path):
    rules = profile(tmp_path, layer())
    lines = play(tmp_path, story(tmp_path, [FAIL, {"fault": {"do": "reset"}}, OK]), rules, "--latency", "20ms")
    kept, renewed = gaps(lines)
    assert abs(kept - 1.04) < 1e-6  # the answer and the next request
    assert abs(renewed - 1.08) < 1e-6  # and a handshake
    assert of(lines, "end")[0]["lag_max"] == 80_000_000
    assert [line["conn"] for line in of(lines, "request")] == [1, 1, 2]
    assert [line["conn_use"] for line in of(lines, "request")] == [1, 2, 1]


def test_a_stalled_listener_is_asked_again_as_linux_asks(tmp_path):
    rules = profile(tmp_path, layer())
    windows = [{"from": "0s", "to": "1s", **OK},
               {"from": "1s", "to": "4s", "fault": {"do": "stall"}}, {"from": "4s", "json": {}}]
    lines = play(tmp_path, story(tmp_path, [], windows=windows, workload={"clients": 2, "start_spread": "3s"}), rules,
                 "--latency", "0s")
    second = [line for line in of(lines, "request") if line["call"] == "rs-1-0"]
    # The SYNs go out at 1.5, 2.5 and 4.5 s.
    assert seconds(second[0]["head"]) == 4.5


def test_wrong_usage_is_explained(tmp_path):
    assert "runs no command" in sim(tmp_path, "-p", "http-generic", "--", "curl", expect=2).stderr
    assert "1h at most" in sim(tmp_path, "--latency", "2h", expect=2).stderr
    assert "more than 0" in sim(tmp_path, "--limit", "0s", expect=2).stderr
    assert "2500h at most" in sim(tmp_path, "--limit", "2501h", expect=2).stderr
    assert "did you mean" in sim(tmp_path, "--latncy", "1ms", expect=2).stderr


def rules_of(folder):
    return {verdict["rule"] for verdict in
            json.loads((folder / "out/t/story/verdict.json").read_text())["scenarios"][0]["verdicts"]}


# Bytes that are no HTTP at all promise no body that a caller could take for whole.
def test_garbage_breaks_a_body_only_after_a_head(tmp_path):
    rules = profile(tmp_path, layer())
    garbage = {"json": {"ok": True}, "framing": "chunked", "fault": {"do": "garbage", "at": "request"}}
    assert "first_byte" in of(play(tmp_path, story(tmp_path, [garbage]), rules), "response")[0]
    assert "BODY-1" not in rules_of(tmp_path)
    garbage["fault"]["at"] = "body:2B"
    play(tmp_path, story(tmp_path, [garbage]), rules)
    assert "BODY-1" in rules_of(tmp_path)


def test_a_request_without_a_reply_is_told_why(tmp_path):
    told = story(tmp_path, [FAIL], after_last="fail")
    lines = play(tmp_path, told, profile(tmp_path, layer(budget={"attempts": 2})))
    last, result = of(lines, "response")[-1], of(lines, "result")[0]
    assert last["status"] == result["status"] == 418
    assert last["sent_bytes"] == last["reply_size"] > 40 and len(result["sha256"]) == 64
