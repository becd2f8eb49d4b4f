"""Other people's clients under test: curl, the Python openai and tinker
libraries; and our own reference client under every profile. Each conforms to
its own profile, and breaks a named rule of another one's for a reason that its
source gives."""
import json
import os
import pathlib
import subprocess
import sys

import pytest

from client_kit import conforms, judge, passed

RETRYSPEC = os.environ["RETRYSPEC"]
CLIENTS = pathlib.Path(__file__).resolve().parents[1] / "clients"

CURL = ["curl", "-sS", "--retry", "5", "{url}"]
OPENAI = [sys.executable, str(CLIENTS / "openai_adapter.py")]
TINKER = [sys.executable, str(CLIENTS / "tinker_adapter.py")]

pytestmark = pytest.mark.clients


# -- curl ----------------------------------------------------------------------

# Left out: what takes tens of seconds (503-endless), what says nothing of a
# client without an adapter, and the date that hangs curl, below.
CURL_SCENARIOS = ["--tag", "quick", "--tag", "retry-after", "--tag", "status", "--tag", "transport",
                  "--skip", "status/503-endless", "--skip", "retry-after/429-date-past"]

# What curl 7.88.1 does that openai's library doesn't, by rule.
CURL_IS_NOT_OPENAI = {
    # 1 s before the first retry (RETRY_SLEEP_DEFAULT), not 0.375 to 0.5 s
    "status/503-then-200:BO-2", "status/429-no-header:BO-2",
    # 409 is not among the statuses of --retry
    "status/409:ST-1",
    # x-should-retry is unknown to it
    "status/should-retry-true:ST-1", "status/should-retry-false:ST-2",
    # only timeouts are retried without --retry-all-errors
    "transport/reset-before-response:TF-1", "transport/truncated-body:TF-1", "transport/empty-reply:TF-1",
    # no x-stainless-retry-count
    "status/503-then-200:REQ-3",
}


def test_curl_is_what_its_profile_says(tmp_path):
    report = conforms(tmp_path, "curl-retry", CURL, *CURL_SCENARIOS)
    assert "RA-1" in passed(report, "retry-after/429-date-future")
    assert {"ST-1", "BO-1", "BO-2"} <= passed(report, "status/500-502-504")
    assert "TF-2" in passed(report, "transport/reset-before-response")


def test_curl_is_not_openai(tmp_path):
    _, failures, _ = judge(tmp_path, "openai-python", CURL, "--tag", "quick", "--tag", "status",
                           "--skip", "status/503-endless", "--skip", "status/500-502-504")
    assert CURL_IS_NOT_OPENAI <= failures, CURL_IS_NOT_OPENAI - failures


def test_a_past_date_hangs_curl(tmp_path):
    """The profile says "past": "never": curl 7.88.1 turns the date into a negative
    timeout of poll(2), which waits for ever. A later curl may fail this: then the
    profile needs another one beside it."""
    server = subprocess.Popen(
        [RETRYSPEC, "serve", "retry-after/429-date-past", "--level", "0", "--for", "20s", "--trace", tmp_path / "trace"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        url = server.stdout.readline().split()[1]
        with pytest.raises(subprocess.TimeoutExpired):
            subprocess.run(["curl", "-sS", "--retry", "5", url + "/v1/echo"], timeout=4, capture_output=True)
    finally:
        server.terminate()
        server.communicate(timeout=10)
    assert (tmp_path / "trace").read_text().count('"ev":"request"') == 1


# -- openai --------------------------------------------------------------------


def test_openai_is_what_its_profile_says(tmp_path):
    """The whole edition, with the client that a caller can cancel."""
    report = conforms(tmp_path, "openai-python", OPENAI, "--edition", "2026.1")
    # Headers.get() makes "2, 2" of two headers, which float() does not read: the
    # own delay of 0.375 to 0.5 s follows, and is expected.
    assert {"BO-1", "BO-2"} <= passed(report, "retry-after/429-duplicate")
    assert {"RA-1", "REQ-3", "OUT-1"} <= passed(report, "retry-after/429-seconds")
    assert "BODY-1" in passed(report, "transport/truncated-body")
    # Two retries outlast neither 4 s of outage nor 3 s of refused connections:
    # OUT-1 holds because the caller is told so.
    assert "OUT-1" in passed(report, "outage/4s-503-eight-clients")


def test_openai_in_threads(tmp_path):
    """openai.OpenAI, each call in a thread of its own."""
    report = conforms(tmp_path, "openai-python", [*OPENAI, "threads"], "limits/*", "outage/4s-503-eight-clients",
                      "retry-after/429-ms", "transport/reset-in-body")
    assert {"ST-1", "OUT-1"} <= passed(report, "limits/concurrency-503")


def test_openai_is_neither_curl_nor_tinkex(tmp_path):
    scenarios = ["retry-after/429-zero", "status/408", "status/409", "status/429-no-header",
                 "status/should-retry-true", "transport/reset-before-response"]
    (tmp_path / "curl").mkdir()
    _, failures, _ = judge(tmp_path / "curl", "curl-retry", OPENAI, *scenarios)
    assert {
        "status/408:BO-1",                          # 0.375 to 0.5 s, not 1 s
        "retry-after/429-zero:BO-1",
        "status/409:ST-2",                          # retried, by source
        "status/should-retry-true:ST-2",
        "transport/reset-before-response:TF-2",
    } <= failures
    (tmp_path / "tinkex").mkdir()
    _, failures, _ = judge(tmp_path / "tinkex", "tinkex-http", OPENAI, *scenarios)
    # Tinkex waits 1 s after a 429 without Retry-After; the library makes an
    # idempotency key but has no header to send it in. All else is the same.
    assert {each for each in failures if not each.endswith(":REQ-2")} == {"status/429-no-header:BO-1"}
    assert "status/408:REQ-2" in failures


# -- tinker --------------------------------------------------------------------


def answer(path, steps, judged=False, key="type"):
    return {"match": f"POST /api/v1/{path}", "call": {"by": "json", "pointer": f"/{key}"}, "judged": judged,
            "per": "call", "after_last": "repeat", "steps": steps}


SUBMITTED = {"json": {"request_id": "r", "sample_sequence_ids": ["q"]}}
SAMPLED = {"content_type": "application/x-protobuf", "base64": "CgYSBEFBQUE="}


def sampling(folder, name, checks, calls=1, **routes):
    """A scenario in which tinker samples: every answer is a good one, except for
    the routes that are given steps, and these are judged."""
    good = {
        "asample": ("seq_id", [SUBMITTED]),
        "retrieve_future": ("request_id", [SAMPLED]),
        "create_session": ("type", [{"json": {"session_id": "s"}}]),
        "create_sampling_session": ("type", [{"json": {"sampling_session_id": "ss"}}]),
        "session_heartbeat": ("type", [{"json": {}}]),
        "client/config": ("sdk_version", [{"json": {}}]),
        "client/dynamic_config": ("sdk_version", [{"json": {}}]),
    }
    path = folder / f"scenarios/sdk/{name}.jsonc"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({
        "retryspec": 1, "id": f"sdk/{name}", "title": name, "takes": "15s",
        "workload": {"request": "POST /api/v1/asample", "calls": calls, "concurrency": calls},
        "server": [answer(route, routes.get(route, []) + steps, judged=route in routes, key=key)
                   for route, (key, steps) in good.items()],
        "checks": checks}))
    return path


@pytest.fixture(scope="module")
def tinker_scenarios(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tinker")
    slow_down = {"reply": 429, "headers": {"Retry-After": "5"}, "times": 3}
    no = {"reply": 503, "text": "no"}
    return ["sdk/tinker-sample", *(str(path) for path in (
        sampling(folder, "tinker-429", ["ST-1", "BO-1", "BO-2", "OUT-1"], asample=[slow_down]),
        sampling(folder, "tinker-500-408", ["ST-1", "BO-1", "BO-2", "OUT-1"],
                 asample=[{"reply": 500, "times": 3}],
                 retrieve_future=[{"reply": 408, "json": {"queue_state": "active"}, "times": 2}, no,
                                  {"reply": 429, "times": 2}]),
        sampling(folder, "tinker-set-up", ["ST-1", "BO-1", "RA-1", "TF-1"],
                 create_session=[no, {"reply": 429, "headers": {"Retry-After": "2"}}, {"fault": {"do": "reset"}}],
                 create_sampling_session=[{"reply": 503, "headers": {"Retry-After": ["1", "1"]}}],
                 **{"client/dynamic_config": [no, no]}),
        sampling(folder, "tinker-eight", ["ST-1", "BO-1", "BO-2", "OUT-1"], calls=8, asample=[no, no]),
    ))]


def test_tinker_is_what_its_profile_says(tmp_path, tinker_scenarios):
    """The real SDK, from set-up to sample, against faults on every kind of request."""
    report = conforms(tmp_path, "tinker-wire", TINKER, "--skip-smoke", *tinker_scenarios)
    for scenario in ("sdk/tinker-sample", "sdk/tinker-429", "sdk/tinker-500-408", "sdk/tinker-eight"):
        assert {"ST-1", "BO-1", "BO-2", "OUT-1"} <= passed(report, scenario), scenario
    # Set-up goes through the HTTP layer, which does read Retry-After; two of them
    # are one that can't be read.
    assert {"ST-1", "BO-1", "BO-2", "RA-1", "TF-1"} <= passed(report, "sdk/tinker-set-up")


# By profile: the route that it is about, faults there, rules that must be kept;
# another kind of request, and the rule of its profile that this one breaks.
LAYERS = {
    # asample goes out with max_retries=0: a new x-idempotency-key on each attempt.
    # A 409 is final for the polling.
    "tinker-submit": ("asample", [{"reply": 409}, {"fault": {"do": "close"}}, {"reply": 402}],
                      {"REQ-2", "TF-1", "BO-1"}, "tinker-future", "ST-2"),
    # At once after 500, 1 s after 429, at once after three 400. Submitting waits after 500.
    "tinker-future": ("retrieve_future", [{"reply": 500}, {"reply": 429}, {"reply": 400, "text": "no", "times": 3}],
                      {"REQ-2", "BO-1"}, "tinker-submit", "BO-1"),
    # The only layer that reads headers: 600 ms, then not 0 s but its own delay.
    # Its key stays the same over the attempts.
    "tinker-http": ("create_session", [
        {"reply": 503, "headers": {"retry-after-ms": "600", "Retry-After": "30"}},
        {"reply": 429, "headers": {"Retry-After": "0"}},
        {"reply": 400, "headers": {"x-should-retry": "true"}}],
                    {"REQ-2", "REQ-3", "RA-1", "RA-2", "BO-1"}, "tinker-submit", "REQ-2"),
}


@pytest.mark.parametrize("profile", LAYERS)
def test_each_layer_of_tinker_has_a_profile(tmp_path, profile):
    route, faults, kept, other, broken = LAYERS[profile]
    path = sampling(tmp_path, profile, ["ST-1"], **{route: faults})
    report = conforms(tmp_path, profile, TINKER, "--skip-smoke", path)
    assert kept <= passed(report, f"sdk/{profile}")
    _, failures, _ = judge(tmp_path, other, TINKER, "--skip-smoke", path)
    assert f"sdk/{profile}:{broken}" in failures


def test_the_documented_law_of_tinker_does_not_show_on_the_wire(tmp_path):
    """tinker documents RetryHandler: 0.5 s doubled up to 10 s, plus or minus 25 %.
    Ports that were judged by that would be judged by what no server ever sees of
    a failing asample: inside RetryHandler, execute_with_retries waits 1, 2, 4 ...
    30 s without jitter for 300 s, and a 429 never reaches either of them. The SDK
    itself fails that profile, and passes the one of its layers."""
    _, failures, report = judge(tmp_path, "tinker-retry-handler", TINKER, "--skip-smoke", "sdk/tinker-sample")
    assert failures == {"sdk/tinker-sample:BO-1", "sdk/tinker-sample:BO-2"}
    by_rule = {verdict["rule"]: verdict for verdict in report["scenarios"][0]["verdicts"]}
    # 1 s after the first 500, where the documented law ends at 0.625 s; 1 s after
    # the 429, its third retry, where it begins at 1.5 s.
    assert "0.625 s" in json.dumps(by_rule["BO-2"])
    assert "1.500 s" in json.dumps(by_rule["BO-1"])


def test_tinker_ignores_retry_after_when_it_samples(tmp_path):
    """"Retry-After: 7" on asample is answered by the dispatch layer's 1 s. By RFC
    9110 that is a finding about the SDK, so no profile of it claims otherwise."""
    _, failures, _ = judge(tmp_path, "http-generic", TINKER, "--skip-smoke", "sdk/tinker-sample")
    assert failures == {"sdk/tinker-sample:RA-1"}


# -- our reference client ------------------------------------------------------


def profiles(has_follow_up):
    done = subprocess.run([RETRYSPEC, "list", "--profiles", "--json"], text=True, capture_output=True, check=True)
    return [each["id"] for each in json.loads(done.stdout) if ("follow_up" in each) == has_follow_up]


@pytest.mark.parametrize("profile", profiles(has_follow_up=False))
def test_the_reference_client_is_any_profile(tmp_path, profile):
    report = conforms(tmp_path, profile, [RETRYSPEC, "call"], "--tag", "quick", "--strict")
    assert {each["client"] for each in report["scenarios"]} == {"ok"}
    for path in tmp_path.glob("retryspec-out/*/*/client.stderr"):
        assert path.read_text() == "", path


# S0-24, S1-17
@pytest.mark.parametrize("profile", profiles(has_follow_up=True))
def test_the_reference_client_is_a_whole_stack(tmp_path, profile):
    """Submitted through 503 and 429, then polled for through 500, 408 and a pause."""
    polls = [{"reply": 500}, {"reply": 408}, {"json": {"type": "try_again", "queue_state": "paused_capacity"}},
             {"json": {"status": "completed"}}]
    story = tmp_path / "stack.jsonc"
    story.write_text(json.dumps({
        "retryspec": 1, "id": "mine/stack", "title": "a sample and its polls", "takes": "15s",
        "workload": {"request": "POST /api/v1/asample", "calls": 2},
        "server": [{"match": f"POST /api/v1/{path}", "per": "call", "after_last": "repeat", "steps": steps}
                   for path, steps in (("asample", [{"reply": 503}, {"reply": 429}, {"json": {"request_id": "r"}}]),
                                       ("retrieve_future", polls))],
        "checks": ["ST-1", "BO-1", "BO-2", "OUT-1"]}))
    report = conforms(tmp_path, profile, [RETRYSPEC, "call"], "--skip-smoke", "--strict", story)
    assert {"ST-1", "BO-1", "OUT-1"} <= passed(report, "mine/stack")
    assert report["scenarios"][0]["client"] == "ok"


def test_the_reference_client_is_not_another_profile(tmp_path):
    _, failures, _ = judge(tmp_path, "curl-retry", [RETRYSPEC, "call", "-p", "openai-python"],
                           "status/409", "status/408", "retry-after/429-zero")
    assert {"status/409:ST-2", "status/408:BO-1", "retry-after/429-zero:BO-1"} <= failures
