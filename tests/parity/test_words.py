"""Goal: `retryspec call --dialect python` tells its caller what RetryHandler of the real package tells: the same
telemetry, the same log, the same error, in the same order. Ours runs in real time against the mock server, theirs in
virtual time against the same answers."""
import json
import subprocess

import pytest
from ours import BINARY, duration, profile
from releases import NEWEST, each_release, release_of

PATH = "/api/v1/asample"
TIMES = ("start_time", "current_time", "elapsed_time")
# What differs by nature: our function is the request's path, and C has no stack to print.
LEFT_OUT = ("func", "exception_stack", *TIMES)


def our_profile(folder, config):
    data = profile("tinker-retry-handler")
    layer = data["layers"][0]
    backoff = layer["rules"][0]["backoff"]
    del backoff["jitter"], backoff["clip"], backoff["order"]
    backoff.update(base=duration(config["retry_delay_base"]), cap=duration(config.get("retry_delay_max", 10)))
    if "progress_timeout" in config:
        layer["progress"]["timeout"] = duration(config["progress_timeout"])
    if "max_connections" in config:
        layer["slots"]["limit"] = config["max_connections"]
    layer["attempt_timeout"] = {"limit": "5s", "kind": "total"}
    (folder / "profile.jsonc").write_text(json.dumps(data))
    return folder / "profile.jsonc"


def step(answer):
    """The mock server's words for an answer of scripted_transport."""
    if answer.get("fault") == "ReadError":
        return {"fault": {"at": "request", "do": "reset"}}
    if "after" in answer:
        return {"reply": 200, "delay": duration(answer["after"]), "json": {}}
    return {"reply": answer.get("status", 200), "text": answer.get("body", "{}"), "content_type": "application/json"}


def our_lines(folder, config, script, calls):
    scenario = {"retryspec": 1, "id": "parity/words", "title": "words", "workload": {"request": f"POST {PATH}"},
                "server": [{"match": f"POST {PATH}", "per": "run", "after_last": "repeat",
                            "steps": [step(answer) for answer in script]}]}
    (folder / "words.jsonc").write_text(json.dumps(scenario))
    server = subprocess.Popen([BINARY, "serve", folder / "words.jsonc", "--for", "60s"], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True)
    try:
        url = server.stdout.readline().split()[1]
        options = ["--data", "{}", "--events", "-", "--dialect", "python", "--calls", str(calls),
                   "--concurrency", str(calls)]
        done = subprocess.run([BINARY, "call", url + PATH, "-p", our_profile(folder, config), *options],
                              capture_output=True, text=True, timeout=60)
    finally:
        server.terminate()
        server.communicate()
    lines = [json.loads(line) if line.startswith("{") else line for line in done.stdout.splitlines()]
    assert lines, done.stderr
    return lines


def their_lines(version, config, script, calls):
    shared = [{"reply": answer} for answer in script]
    config = {**config, "jitter_factor": 0.0}
    told = release_of(version).ask("execute", config=config, name="session-0",
                                   calls=[{"name": str(i), "script": shared[i:i + 1] if calls > 1 else shared}
                                          for i in range(calls)])
    lines = told["lines"]
    return lines + [f"tinker.{end['error']}: {end['message']}" for end in told["ends"] if "error" in end]


def comparable(line):
    """Telemetry without what differs by nature; a line of the log as it is."""
    if isinstance(line, str):
        return line
    data = line["event_data"]
    assert abs(data["current_time"] - data["start_time"] - data["elapsed_time"]) < 1e-6
    return [line["event_name"], line["severity"], list(data), {k: v for k, v in data.items() if k not in LEFT_OUT}]


def assert_same_words(version, folder, config, script, calls=1):
    theirs = [comparable(line) for line in their_lines(version, config, script, calls)]
    ours = [comparable(line) for line in our_lines(folder, config, script, calls)]
    assert theirs == ours
    return theirs


OVERLOADED = {"status": 503, "body": '{"error": "overloaded"}'}


# S0-14, S0-78, S0-113, S1-16, S1-25, S1-60, S1-61, S1-62, S1-63, S1-64, S1-65, S1-66
@each_release()
def test_failures_and_then_a_success(version, tmp_path):
    script = [OVERLOADED, OVERLOADED, {"status": 429, "body": '{"error": "slow"}'}, {"status": 409, "body": "{}"},
              {"status": 408, "body": "it's no JSON"}, {"fault": "ReadError"}, {"body": "{}"}]
    lines = assert_same_words(version, tmp_path, {"retry_delay_base": 0.01, "retry_delay_max": 0.05}, script)
    telemetry = [line for line in lines if isinstance(line, list)]
    assert [len(keys) for _, _, keys, _ in telemetry] == [11] * 6
    assert [data["attempt_count"] for *_, data in telemetry] == [1, 2, 3, 4, 5, 6]
    assert lines[-1].startswith("DEBUG:tinker.lib.retry_handler:[session-0]: 6 total retries, errors since last log: "
                                "[(\"InternalServerError: Error code: 503 - {'error': 'overloaded'}\", 2), ")


# S1-28, S1-64
@each_release()
@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422, 499, 600])
def test_an_error_that_is_final(version, status, tmp_path):
    lines = assert_same_words(version, tmp_path, {"retry_delay_base": 0.01}, [{"status": status, "body": "{}"}])
    severities = [line[1] for line in lines if isinstance(line, list)]
    assert severities == ["ERROR" if status == 600 else "WARNING"]


# S1-66
@each_release(NEWEST)
def test_the_log_of_progress_comes_after_two_seconds(version, tmp_path):
    lines = assert_same_words(version, tmp_path, {"retry_delay_base": 0.9}, [OVERLOADED] * 2 + [{"body": "{}"}])
    assert any("0 waiting, 1 in progress, 0 completed" in line for line in lines)


# S1-49
@each_release()
def test_a_call_without_progress(version, tmp_path):
    lines = assert_same_words(version, tmp_path, {"retry_delay_base": 0.01, "progress_timeout": 0.3}, [{"after": 4}])
    assert lines[-1] == "tinker.APIConnectionError: No progress made in 0.3s. Requests appear to be stuck."


# S1-38, S1-39, S1-40
@each_release(NEWEST)
def test_a_call_that_waits_for_another(version, tmp_path):
    """The second has to wait 2.2 s for the only slot: the log that is due then counts it."""
    config = {"retry_delay_base": 0.01, "max_connections": 1}
    lines = assert_same_words(version, tmp_path, config, [{"after": 2.2}, {"body": "{}"}], calls=2)
    assert "DEBUG:tinker.lib.retry_handler:[session-0]: 1 waiting, 0 in progress, 1 completed" in lines
