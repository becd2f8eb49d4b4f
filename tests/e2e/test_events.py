"""`retryspec call --events`: what a caller sees of real calls, in every dialect."""
import json
import os
import re
import subprocess

import pytest

RETRYSPEC = os.environ["RETRYSPEC"]
PATIENCE = 60  # seconds; a busy machine

FLAKY = {"steps": [
    {"reply": 500, "json": {"message": "synthetic 500 for retry demo"}},
    {"reply": 500, "json": {"message": "synthetic 500 for retry demo"}},
    {"reply": 200, "json": {"ok": True}},
], "per": "run", "after_last": "repeat"}


def layer_of(backoff=None, **keys):
    rule = {"on": {"status": ["408", "409", "429", "500-599"], "transport": ["any"]},
            "do": "retry", "retry_after": "ignored",
            "backoff": backoff or {"schedule": "exponential", "base": "20ms", "factor": 2, "cap": "1s"}}
    return {"name": "loop", "rules": [rule], **keys}


@pytest.fixture
def call(tmp_path, serve):
    """call(routes, layers, dialect, *options, **profile): (lines of events, the process)"""
    def run(routes, layers, dialect, *options, code=0, **keys):
        if isinstance(layers, str):
            profile = layers
        else:
            profile = tmp_path / "profile.jsonc"
            profile.write_text(json.dumps({
                "retryspec": 1, "profile": "mine", "title": "mine", "source": "this test",
                "layers": layers, **keys}))
        server = serve(routes)
        done = subprocess.run(
            [RETRYSPEC, "call", server.url + "/v1/x", "-p", str(profile), "--method", "POST",
             "--events", "-", "--dialect", dialect, *options],
            capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == code, done
        return done.stdout.splitlines(), done
    return run


def events_of(lines, kind=None):
    events = [json.loads(line) for line in lines]
    return [event for event in events if kind in (None, event["ev"])]


# S2-54, S2-57, S2-58
def test_the_flaky_operation_of_the_guide(call):
    backoff = {"schedule": "exponential", "base": "200ms", "factor": 2, "cap": "10s"}
    lines, done = call([FLAKY], [layer_of(budget={"attempts": 3}, backoff=backoff)], "elixir-console")
    text = re.sub(r"duration=\d+ms", "duration=*ms", "\n".join(lines))
    assert text == """\
[retry start] attempt=0
[retry retry] attempt=0 delay=200ms duration=*ms error=[api_status (500)] synthetic 500 for retry demo
[retry start] attempt=1
[retry retry] attempt=1 delay=400ms duration=*ms error=[api_status (500)] synthetic 500 for retry demo
[retry start] attempt=2
[retry stop] attempt=2 duration=*ms result=ok
Success: succeeded on attempt 3"""
    # The summary is out of the way.
    assert "1 ok" in done.stderr


# S2-53
def test_json_tells_the_whole_story(call):
    lines, _ = call([FLAKY],
                    [layer_of()], "json")
    events = events_of(lines)
    assert [event["ev"] for event in events] == [
        "entered", "start", "retry", "start", "retry", "start", "stop", "done"]
    retries = events_of(lines, "retry")
    assert [event["delay"] for event in retries] == [20_000_000, 40_000_000]
    assert [event["attempt"] for event in retries] == [0, 1]
    assert retries[0]["error"] == "[api_status (500)] synthetic 500 for retry demo"
    starts = events_of(lines, "start")
    for retry, start in zip(retries, starts[1:]):
        assert start["t"] - retry["t"] >= retry["delay"]
    assert events[-1]["ok"] and events[-1]["reason"] == "success"
    assert (events[-1]["processed"], events[-1]["retries"]) == (1, 2)


# S1-38, S1-39, S1-40, S1-66
def test_counters_are_right_at_the_end(call):
    lines, _ = call([{"steps": [{"reply": 503}] * 3 + [{"reply": 200}], "per": "run",
                      "after_last": "repeat"}],
                    [layer_of(slots={"limit": 2, "scope": "handler", "held": "call"})],
                    "json", "--calls", "20", "--concurrency", "10")
    done = events_of(lines, "done")
    assert len(done) == 20
    last = done[-1]
    assert (last["waiting"], last["in_loop"]) == (0, 0)
    assert (last["processed"], last["retries"]) == (20, 3)
    waits = [event for event in events_of(lines) if "waiting" in event]
    assert max(event["waiting"] for event in waits) >= 8 - 1
    assert max(event["in_loop"] for event in waits) == 2


# S1-66, S1-25
def test_the_last_line_of_the_progress_log(call):
    lines, _ = call([{"steps": [{"reply": 503, "json": {"detail": "busy"}}] * 2 + [{"reply": 200}],
                      "per": "run", "after_last": "repeat"}],
                    [layer_of()], "python")
    logs = [line for line in lines if "]: " in line]
    assert logs[-2:] == [
        "DEBUG:tinker.lib.retry_handler:[session-0]: 0 waiting, 0 in progress, 1 completed",
        "DEBUG:tinker.lib.retry_handler:[session-0]: 2 total retries, errors since last log: "
        "[(\"InternalServerError: Error code: 503 - {'detail': 'busy'}\", 2)]"]


# S1-61, S1-62, S1-63, S1-64
def test_telemetry_has_the_keys_of_tinker(call):
    lines, _ = call([{"steps": [{"reply": 503}, {"reply": 404}], "per": "run",
                      "after_last": "repeat"}], [layer_of()], "python", code=1)
    events = [json.loads(line) for line in lines if line.startswith("{")]
    assert [event["event_name"] for event in events] == ["RetryHandler.execute.exception"] * 2
    for number, event in enumerate(events, 1):
        data = event["event_data"]
        assert set(data) == {
            "func", "exception", "exception_type", "exception_stack", "status_code", "should_retry",
            "is_user_error", "attempt_count", "start_time", "current_time", "elapsed_time"}
        assert data["attempt_count"] == number
        assert data["elapsed_time"] == data["current_time"] - data["start_time"]
    assert events[1]["event_data"]["start_time"] == events[0]["event_data"]["start_time"]
    assert [event["severity"] for event in events] == ["WARNING", "WARNING"]
    assert [event["event_data"]["should_retry"] for event in events] == [True, False]


# S1-45, S1-49
def test_a_progress_timeout_of_tinker(call):
    progress = {"timeout": "300ms", "clock": "handler", "aborts_attempt": True}
    lines, _ = call([{"fault": {"do": "hang"}}], [layer_of(progress=progress)], "python", code=1)
    assert lines[-1] == ("tinker.APIConnectionError: No progress made in 0.3s. "
                         "Requests appear to be stuck.")
    assert not [line for line in lines if line.startswith("{")]


# S2-39, S2-40
def test_a_progress_timeout_of_tinkex(call):
    progress = {"timeout": "100ms", "clock": "call"}
    lines, _ = call([{"reply": 503}], [layer_of(progress=progress)], "elixir", code=1)
    assert lines[-1] == ("{:error, :service_unavailable} # [api_timeout] Progress timeout exceeded")
    assert any("[:tinkex, :retry, :attempt, :retry]" in line for line in lines)
    assert not any(":failed" in line for line in lines)


# S1-38: the one difference from tinker: who gives up waiting is no longer counted.
def test_a_cancelled_waiter_is_not_counted(call):
    lines, _ = call([{"reply": 200, "delay": "2s"}],
                    [layer_of(slots={"limit": 1, "scope": "handler", "held": "call"})],
                    "json", "--calls", "3", "--concurrency", "3", "--give-up", "500ms", code=1)
    events = events_of(lines)
    assert [event["waiting"] for event in events if event["ev"] == "queued"] == [1, 2]
    done = [event for event in events if event["ev"] == "done"]
    # The slot that the first one gives back may still go to the second.
    assert [event["entered"] for event in done].count(False) >= 1
    assert all(event["reason"] == "cancelled" for event in done)
    assert (done[-1]["waiting"], done[-1]["in_loop"], done[-1]["processed"]) == (0, 0, 0)


# S4-51, S4-52, S4-53
def test_the_log_of_llm_d(call):
    lines, _ = call([{"steps": [{"reply": 429}, {"fault": {"do": "reset"}}, {"reply": 200}],
                      "per": "run", "after_last": "repeat"}],
                    [layer_of(budget={"attempts": 4})], "go")
    shown = [re.sub(r"^I\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ ", "", line) for line in lines]
    assert shown == [
        "http_inference_client.go:326] Inference request failed with status=429, "
        "category=RATE_LIMIT, message=",
        "http_inference_client.go:172] Retrying request_id=rs-0-0 after 20ms (attempt 1/3, "
        "error: RATE_LIMIT)",
        "http_inference_client.go:172] Retrying request_id=rs-0-0 after 40ms (attempt 2/3, "
        "error: SERVER_ERROR)",
        "http_inference_client.go:145] Request succeeded after 2 retries for request_id=rs-0-0"]


# S3-10, S3-14
def test_notices_of_a_paused_queue(call):
    paused = {"reply": 408, "json": {"queue_state": "paused_rate_limit"}}
    layer = layer_of(rules=[{"on": {"status": ["408"]}, "do": "poll"}])
    lines, _ = call([{"steps": [paused, paused, {"reply": 200}], "per": "run", "after_last": "repeat"}],
                    [layer], "python",
                    queue_state={"state": "/queue_state", "reason": "/queue_state_reason",
                                 "debounce": "60s"})
    assert [line for line in lines if "paused" in line or line.startswith("{")] == [
        "WARNING:tinker.lib.public_interfaces.sampling_client:Sampling is paused for sampler "
        "session-0. Reason: concurrent sampler weights limit hit"]


# S0-15
def test_the_fast_path_is_silent(call):
    lines, _ = call([{"reply": 503}], [{"name": "loop", "enabled": False}], "python", code=1)
    assert lines == [
        "DEBUG:tinker.lib.retry_handler:[session-0]: 0 waiting, 0 in progress, 0 completed",
        "tinker.InternalServerError: Error code: 503"]


# -- the options ------------------------------------------------------------

def run(*words):
    return subprocess.run([RETRYSPEC, "call", *words], capture_output=True, text=True,
                          timeout=PATIENCE)


def test_events_go_to_a_file_and_results_stay(tmp_path, serve):
    server = serve([{"reply": 200}])
    file = tmp_path / "events.ndjson"
    done = run(server.url + "/", "-p", "curl-retry", "--json", "--events", str(file))
    assert done.returncode == 0, done
    result, summary = (json.loads(line) for line in done.stdout.splitlines())
    assert (result["outcome"], summary["calls"]) == ("ok", 1)
    assert [event["ev"] for event in events_of(file.read_text().splitlines())] == [
        "entered", "start", "stop", "done"]


def test_the_log_stays_beside_a_file(tmp_path, serve):
    server = serve([{"reply": 200}])
    done = run(server.url + "/", "-p", "curl-retry", "--events", str(tmp_path / "e"))
    assert "status 200" in done.stdout and "1 ok" in done.stdout


def test_events_that_cannot_be_written(serve, tmp_path):
    server = serve([{"reply": 200}])
    done = run(server.url + "/", "-p", "curl-retry", "--events", str(tmp_path / "no" / "e"))
    assert done.returncode == 3
    assert done.stderr == f"can't write {tmp_path}/no/e: No such file or directory\n"
    done = run(server.url + "/", "-p", "curl-retry", "--events", "/dev/full")
    assert done.returncode == 3
    assert "an event could not be written" in done.stderr


def test_wrong_options():
    done = run("http://127.0.0.1:1/", "-p", "curl-retry", "--dialect", "go")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--dialect needs --events FILE" in done.stderr
    done = run("http://127.0.0.1:1/", "-p", "curl-retry", "--events", "-", "--dialect", "elixr")
    assert done.returncode == 2
    assert "did you mean elixir?" in done.stderr


def test_as_an_adapter_events_are_added(tmp_path):
    file = tmp_path / "events.ndjson"
    subprocess.run([RETRYSPEC, "run", "status/400-final", "retry-after/429-seconds", "-p", "curl-retry",
                    "--skip-smoke", "-j2", "--", RETRYSPEC, "call", "--events", str(file)],
                   cwd=tmp_path, capture_output=True, timeout=PATIENCE)
    ends = events_of(file.read_text().splitlines(), "done")
    assert sorted(event["ok"] for event in ends) == [False, True]


# S4-14, S4-X3
def test_a_caller_of_llm_d_who_gives_up_between_attempts(call):
    backoff = {"schedule": "constant", "base": "30s"}
    lines, _ = call([{"reply": 429}], [layer_of(budget={"attempts": 11}, backoff=backoff)], "go",
                    "--give-up", "300ms", code=1)
    assert lines[-2].endswith("Context cancelled during backoff for request_id=rs-0-0")
    assert lines[-1] == "UNKNOWN: request cancelled during retry"
