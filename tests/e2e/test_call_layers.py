"""`retryspec call`: what calls share and what layers hold: slots, handlers,
limiters, breakers, follow-up requests, and what lies below the layers."""
import hashlib
import itertools
import json
import re
import signal
import subprocess
import threading
import time

import pytest

from call_kit import (BUSY, OK, RETRY, RETRYSPEC, SLACK, Gauge, answer, call, close_after, hang_after, layer,
                      plan_environment, profile, reset_after, results, run, serve)  # noqa: F401

THROTTLED = b"HTTP/1.1 429 Slow down\r\ncontent-length: 0\r\n\r\n"
GONE = b"HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n"
CLOSES = {"on": {"status": ["429"]}, "do": "poll", "backoff": {"schedule": "constant", "base": "1s"},
          "closes_limiter": True}


class Turns:
    """Acts in order of arrival, the last one again and again."""

    def __init__(self, *acts):
        self.acts, self.count, self.lock = acts, 0, threading.Lock()

    def __call__(self, conn):
        with self.lock:
            act = self.acts[min(self.count, len(self.acts) - 1)]
            self.count += 1
        return act(conn)


@pytest.fixture
def serve_paths(serve):
    """A server that answers by path: serve_paths(x=act, y=act)."""
    def start(**acts):
        server = serve(None)
        server.present = threading.local()  # the request that an act answers

        def serve_one(conn, number):
            data = b""
            while b"\r\n\r\n" not in data:
                more = conn.recv(65536)
                if not more:
                    return False
                data += more
            head, _, body = data.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: *(\d+)", head)
            while length and len(body) < int(length[1]):
                body += conn.recv(65536)
            path = head.split(b" ")[1].decode()
            with server.lock:
                server.requests.append((time.monotonic(), number, head.decode(), body))
            server.present.body = body
            return acts[path.rsplit("/", 1)[-1]](conn)
        server.serve_one = serve_one
        return server
    return start


def paths(server):
    return [request[2].split(" ")[1].rsplit("/", 1)[-1] for request in server.requests]


def json_answer(status, **members):
    body = json.dumps(members).encode()
    return answer(b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
                  % (status, len(body), body))


def events_of(server, path, tmp_path, *arguments):
    """The events of a run, as dictionaries."""
    file = tmp_path / "events.ndjson"
    done = run(f"{server.url}/v1/x", "-p", path, "--json", "--events", file, *arguments)
    return done, [json.loads(line) for line in file.read_text().splitlines()]


def kinds(events):
    return [event["ev"] for event in events]


# -- slots ------------------------------------------------------------------

@pytest.mark.parametrize("scope,keys,sessions,peak", [
    ("handler", {}, 1, 3),  # without a cache each client has its own
    ("handler", {"handler_cache": 100}, 1, 1),
    ("handler", {"handler_cache": 100}, None, 3),
    ("handler", {"handler_cache": 100}, 2, 2),
    ("client", {}, 1, 3),
    ("session", {}, 1, 1),
    ("session", {}, 2, 2),
    ("session", {}, None, 3),
    ("global", {}, None, 1),
    ("url-and-key", {}, None, 1)])
def test_who_shares_slots(serve, profile, scope, keys, sessions, peak):
    """Three clients, one slot. S3-16, S1-69, C-29"""
    gauge = Gauge()
    slots = {"limit": 1, "scope": scope}
    options = ["--sessions", sessions] if sessions else []
    code, _, _ = call(serve(gauge), profile(layer(slots=slots), **keys), "--clients", 3, "--calls", 4,
                      "--concurrency", 2, *options)
    assert code == 0 and gauge.peak == peak


def test_a_handler_pushed_out_of_the_cache_is_lost_for_newcomers(serve, profile):
    """Sessions 0, 1, 0, 1 in a cache of one: no client meets the handler of its
    session; with a cache of two each does. S0-22, S1-67"""
    for capacity, peak in ((1, 4), (2, 2)):
        gauge = Gauge()
        path = profile(layer(slots={"limit": 1, "scope": "handler"}), handler_cache=capacity)
        code, calls, _ = call(serve(gauge), path, "--clients", 4, "--calls", 3, "--concurrency", 3,
                              "--sessions", 2)
        assert code == 0 and len(calls) == 12 and gauge.peak == peak


def test_handlers_share_progress(serve, profile, tmp_path):
    """One client makes progress, the other waits for ever: it is aborted a
    timeout after the last progress if they share a handler, else a timeout after
    it began. S0-11, S1-48"""
    progress = {"timeout": "1500ms", "clock": "handler", "aborts_attempt": True}
    for cached, earliest in ((100, 1.5 + 0.4), (None, 0.0)):
        keys = {"handler_cache": cached} if cached else {}
        server = serve(hang_after(b""), answer(OK))
        environment = plan_environment(server, tmp_path, clients=2, start_spread_ms=1000)
        began = time.monotonic()
        run("-p", profile(layer(progress=progress), **keys), "--sessions", "1", env=environment)
        assert earliest <= time.monotonic() - began < earliest + SLACK
        assert "progress-timeout: cancelled" in [line.get("error") for line in results(tmp_path)]
        (tmp_path / "results.ndjson").unlink()


def test_throttled_slots(serve, profile):
    """Four at a time until the first 429; then one more slot must be held, so one
    by one beside the call that was throttled. S3-05, S3-06, S3-12"""
    gauge = Gauge()
    peaks = []

    def first(conn):
        while gauge.now < 3:
            time.sleep(0.005)
        peaks.append(gauge.peak)
        conn.sendall(THROTTLED)
        time.sleep(0.2)  # the other three have ended
        gauge.peak = 0
        return True
    dispatch = layer(slots={"limit": 4, "throttled": {"limit": 1, "window": "30s"}},
                     rate_limiter={"scope": "holder"}, rules=[CLOSES])
    code, calls, _ = call(serve(first, gauge), profile(dispatch), "--calls", 12, "--concurrency", 12)
    assert code == 0 and len(calls) == 12
    assert peaks == [3] and gauge.peak <= 2


@pytest.mark.parametrize("limit,peak", [(10, 1), (100, 2), (10000, 6)])
def test_bytes_in_flight(serve, profile, limit, peak):
    """Bodies of 60 bytes: the last one let in may overshoot. S3-07"""
    gauge = Gauge()
    data = json.dumps({"token": "<token>"}).ljust(61)
    code, _, _ = call(serve(gauge), profile(layer(slots={"bytes": {"limit": limit}})), "--data", data,
                      "--calls", 12, "--concurrency", 6)
    assert code == 0 and gauge.peak == peak


def test_asking_again(serve, profile):
    """The slot is free after 0.05 s, but is asked for each 0.6 s only."""
    gauge = Gauge()
    slots = {"limit": 1, "ask_again": {"schedule": "constant", "base": "600ms"}}
    server = serve(gauge)
    code, _, _ = call(server, profile(layer(slots=slots)), "--calls", 2, "--concurrency", 2)
    assert code == 0 and gauge.peak == 1
    assert 0.55 <= server.gaps()[0] < SLACK


def test_a_call_timeout_ends_who_waits_for_a_slot_again(serve, profile, tmp_path):
    """The first call is told 503 after 0.5 s and wants its slot back, which the
    second one has by then."""
    def late(conn):
        time.sleep(0.5)
        conn.sendall(BUSY)
        return True
    path = profile(layer(slots={"limit": 1, "held": "attempt"}, call_timeout="900ms"))
    _, events = events_of(serve(late, hang_after(b"")), path, tmp_path, "--calls", "2", "--concurrency", "2")
    first, second = [event for event in events if event["ev"] == "done"]
    assert (first["call"], first["reason"]) == ("rs-0-0", "call-timeout")
    assert first["elapsed"] >= 0.9e9 and second["t"] - first["t"] >= 0.3e9


def test_outer_and_inner_slots(serve, profile):
    """Two layers, and the inner one is given back while the outer one waits."""
    gauge = Gauge()
    inner = {"name": "inner", "slots": {"limit": 2}}
    code, calls, _ = call(serve(answer(BUSY), gauge), profile(layer(slots={"limit": 3}), inner), "--calls", 20,
                          "--concurrency", 20)
    assert code == 0 and len(calls) == 20 and gauge.peak == 2


# -- limiters, breakers, disabled layers ------------------------------------

@pytest.mark.parametrize("scope,shared", [("url-and-key", True), ("holder", False)])
def test_who_shares_a_limiter(serve, profile, tmp_path, scope, shared):
    """The first client meets a 429 and fails; another one, 0.3 s later, waits for
    the end of that window only if they share it. S2-45, S2-47, S1-53, S1-57"""
    throttled = THROTTLED.replace(b"\r\n\r\n", b"\r\nretry-after: 1\r\n\r\n")
    fails = {**CLOSES, "do": "fail", "retry_after": {"read": [{"header": "retry-after", "as": ["seconds"]}]}}
    path = profile(layer(rules=[fails], rate_limiter={"scope": scope, "clears_on_success": True}))
    server = serve(answer(throttled), answer(OK))
    run("-p", path, env=plan_environment(server, tmp_path, clients=2, start_spread_ms=600))
    assert len(server.requests) == 2
    assert (server.gaps()[0] >= 1.0) == shared


def test_a_limiter_delays_all_calls_of_a_client(serve, profile):
    """A 429 closes it for the calls in flight and for those to come; a success
    after the window clears it. S2-45"""
    fails = {**CLOSES, "do": "fail"}
    path = profile(layer(rules=[fails], rate_limiter={"clears_on_success": True}))
    server = serve(answer(THROTTLED), answer(OK))
    code, calls, _ = call(server, path, "--calls", 4)
    assert code == 1 and [line["outcome"] for line in calls] == ["error", "ok", "ok", "ok"]
    assert server.gaps()[0] >= 1.0 and max(server.gaps()[1:]) < 0.9


def test_a_steady_rate(serve, profile):
    server = serve(answer(OK))
    path = profile(layer(rate_limiter={"per_second": 10, "burst": 3}))
    call(server, path, "--calls", 6, "--concurrency", 6)
    first = server.requests[0][0]
    assert server.requests[2][0] - first < 0.3 <= server.requests[5][0] - first + 0.01


def test_an_open_breaker_sends_nothing(serve, profile):
    """S2-70, P42"""
    server = serve(answer(BUSY))
    breaker = {"failures": 3, "reset": "30s"}
    path = profile(layer(budget={"attempts": 1}, breaker=breaker))
    code, calls, summary = call(server, path, "--calls", 8)
    assert code == 1 and len(server.requests) == 3 == summary["attempts"]
    assert [line["error"] for line in calls] == ["attempts: status 503"] * 3 + ["circuit-open"] * 5
    assert all("status" not in line for line in calls[3:])


def test_a_breaker_that_is_half_open(serve, profile):
    """S2-70, P42"""
    server = serve(answer(BUSY), answer(BUSY), answer(OK))
    code, _, _ = call(server, profile(layer(breaker={"failures": 2, "reset": "500ms"})))
    assert code == 1 and len(server.requests) == 2
    outer = layer(name="outer", rules=[{**RETRY, "backoff": {"schedule": "constant", "base": "600ms"}}])
    inner = {"name": "inner", "breaker": {"failures": 2, "reset": "500ms", "retryable": True}}
    server = serve(answer(BUSY), answer(BUSY), answer(OK))
    code, _, _ = call(server, profile(outer, inner))
    assert code == 0 and len(server.requests) == 3


def test_a_disabled_layer(serve, profile):
    """One request, no retry; but slots and progress timeout still hold.
    S0-15, S0-95, S1-22, C-30"""
    server = serve(answer(BUSY))
    code, calls, _ = call(server, profile(layer(enabled=False)))
    assert code == 1 and len(server.requests) == 1 and calls[0]["error"] == "final: status 503"
    gauge = Gauge()
    code, _, _ = call(serve(gauge), profile(layer(enabled=False, slots={"limit": 2})), "--calls", 8,
                      "--concurrency", 8)
    assert code == 0 and gauge.peak == 2
    progress = {"timeout": "400ms", "clock": "handler", "aborts_attempt": True}
    began = time.monotonic()
    _, calls, _ = call(serve(hang_after(b"")), profile(layer(enabled=False, progress=progress)))
    assert calls[0]["error"].startswith("progress-timeout") and time.monotonic() - began < SLACK


def test_an_inner_call_timeout(serve, profile):
    """It ends the run of the inner layer, attempt and all; the outer one tries
    again."""
    server = serve(answer(BUSY), hang_after(b""), answer(OK))
    outer = layer(name="outer", rules=[{**RETRY, "on": {"transport": ["timeout"]}}])
    inner = layer(name="inner", call_timeout="700ms")
    code, calls, summary = call(server, profile(outer, inner))
    assert code == 0 and calls[0]["outcome"] == "ok" and summary["attempts"] == 3
    assert server.connections() == [1, 1, 2]
    assert 0.7 <= server.requests[2][0] - server.requests[0][0] + 0.01 < SLACK


# -- follow-up requests -----------------------------------------------------

FOLLOW_UP = "POST /v1/y"


def test_the_follow_up_is_sent_after_the_first(serve_paths, profile):
    """A result that is gone makes the call begin again. S1-77"""
    again = {"on": {"status": ["410"]}, "do": "retry", "backoff": {"schedule": "constant", "base": "300ms"}}
    poll = {"name": "poll", "routes": [FOLLOW_UP], "rules": [
        {"on": {"status": ["408"]}, "do": "poll"},
        {"on": {"status": ["200"], "body": {"pointer": "/type", "value": "try_again"}}, "do": "poll"}]}
    server = serve_paths(x=answer(OK), y=Turns(
        json_answer(408), answer(GONE), json_answer(200, type="try_again"), json_answer(200, type="sample")))
    code, calls, summary = call(server, profile(layer(rules=[again]), poll, follow_up=FOLLOW_UP), "--data", '{"a": 1}')
    assert code == 0
    assert paths(server) == ["x", "y", "y", "x", "y", "y"]
    assert summary["attempts"] == 6 and summary["retries"] == 3
    assert 0.3 <= server.gaps()[2] < SLACK
    assert calls[0]["sha256"] == hashlib.sha256(b'{"type": "sample"}').hexdigest()
    bodies = [json.loads(request[3]) for request in server.requests]
    assert bodies[0] == {"a": 1} and bodies[1] == {"token": "rs-0-0"} and bodies[3] == {"a": 1}
    assert [request[2].split(" ")[0] for request in server.requests] == ["POST"] * 6


def test_a_follow_up_with_another_method(serve_paths, profile):
    server = serve_paths(x=Turns(answer(BUSY), answer(OK)), y=Turns(answer(BUSY), answer(OK)))
    path = profile(layer(), layer(name="poll", routes=["GET /v1/y"]), follow_up="GET /v1/y")
    code, _, _ = call(server, path, "--data", '{"a": 1}')
    assert code == 0 and paths(server) == ["x", "x", "y", "y"]
    assert [request[2].split(" ")[0] for request in server.requests] == ["POST", "POST", "GET", "GET"]
    assert server.header("x-retryspec-call")[2:] == ["rs-0-0"] * 2
    assert [bool(request[3]) for request in server.requests] == [True, True, False, False]


def test_slots_of_the_first_request_are_free_for_others(serve_paths, profile):
    """Two at a time are submitted; any number waits for its result. C-11"""
    gauge = Gauge()
    polls = Gauge()
    submit = {"name": "submit", "routes": ["POST /v1/x"], "slots": {"limit": 2}}

    def slow(conn):
        with polls.lock:
            polls.now += 1
            polls.peak = max(polls.peak, polls.now)
        time.sleep(0.6)
        with polls.lock:
            polls.now -= 1
        conn.sendall(OK)
        return True
    server = serve_paths(x=gauge, y=slow)
    code, _, _ = call(server, profile(layer(), submit, follow_up=FOLLOW_UP), "--data", "{}", "--calls", 8,
                      "--concurrency", 8)
    assert code == 0 and gauge.peak == 2 and polls.peak >= 4


def test_slots_of_the_follow_up(serve_paths, profile):
    """The first requests all go on at once, the second ones one by one."""
    gauge, first = Gauge(), Gauge()
    fetch = {"name": "fetch", "routes": [FOLLOW_UP], "slots": {"limit": 1}}
    server = serve_paths(x=first, y=gauge)
    code, _, _ = call(server, profile(layer(), fetch, follow_up=FOLLOW_UP), "--data", "{}", "--calls", 5,
                      "--concurrency", 5)
    assert code == 0 and gauge.peak == 1 and first.peak == 5 and len(server.requests) == 10


def test_who_waits_for_a_slot_of_the_follow_up_times_out(serve_paths, profile, tmp_path):
    """The first call may hang for longer, and has the slot."""
    fetch = {"name": "fetch", "routes": [FOLLOW_UP], "slots": {"limit": 1}, "attempt_timeout": {"limit": "400ms"}}

    def submit(conn):
        if b"rs-0-1" in server.present.body:
            time.sleep(0.3)
        conn.sendall(OK)
        return True
    server = serve_paths(x=submit, y=hang_after(b""))
    path = profile(layer(), fetch, follow_up=FOLLOW_UP)
    _, events = events_of(server, path, tmp_path, "--data", '{"token": "<token>"}', "--calls", "2", "--concurrency",
                          "2", "--override", "0:attempt_timeout=2s", "--override", "0:attempts=1", "--override",
                          "1:attempts=1")
    assert sorted(paths(server)) == ["x", "x", "y"]
    second, first = [event for event in events if event["ev"] == "done"]
    assert (first["call"], second["call"]) == ("rs-0-0", "rs-0-1")
    assert 0.7e9 <= second["elapsed"] < first["elapsed"]


def test_a_call_that_begins_again_gives_the_follow_up_free(serve_paths, profile):
    """A slot for the follow-up around the layer that retries: while one call waits
    before it begins again, the other one has it."""
    again = {"on": {"status": ["410"]}, "do": "retry", "backoff": {"schedule": "constant", "base": "1s"}}
    fetch = {"name": "fetch", "routes": [FOLLOW_UP], "slots": {"limit": 1}}
    server = serve_paths(x=answer(OK), y=Turns(answer(GONE), answer(OK)))
    code, _, _ = call(server, profile(fetch, layer(rules=[again]), follow_up=FOLLOW_UP), "--data", "{}", "--calls",
                      2, "--concurrency", 2)
    asked = paths(server)
    assert code == 0 and sorted(asked[:4]) == ["x", "x", "y", "y"] and asked[4:] == ["x", "y"]


# -- below the layers -------------------------------------------------------

def stale(conn):
    """The connection dies without an answer."""


def test_a_request_on_a_stale_connection_is_sent_again(serve, profile):
    server = serve(answer(OK), stale, answer(OK))
    done = run(f"{server.url}/v1/x", "-p", profile({"name": "sdk"}, resend={"on_stale_connection": True}),
               "--calls", "2")
    assert done.returncode == 0 and server.connections() == [1, 1, 2]
    assert "2 attempts, 0 retries" in done.stdout
    assert "on a reused connection, sent again below the layers" in done.stdout


def test_only_a_stale_connection_is(serve, profile):
    """The re-sent request is on a fresh connection: its end is told."""
    server = serve(answer(OK), stale, stale, answer(OK))
    path = profile({"name": "sdk"}, resend={"on_stale_connection": True, "limit": 9})
    code, calls, summary = call(server, path, "--calls", 2)
    assert code == 1 and len(server.requests) == 3 and summary["resends"] == 1
    assert calls[1]["error"] == "final: close"
    code, _, summary = call(serve(answer(OK), stale, answer(OK)), profile({"name": "sdk"}), "--calls", 2)
    assert code == 1 and summary["resends"] == 0


def test_statuses_that_are_sent_again(serve, profile):
    """At once, up to the limit for each attempt, and with the same headers."""
    server = serve(*[answer(BUSY)] * 5, answer(OK))
    path = profile(layer(), resend={"status": ["503"], "limit": 2},
                   headers={"idempotency_key": {"name": "key", "scope": "attempt"},
                            "retry_count": {"name": "count"}})
    code, _, summary = call(server, path)
    assert code == 0 and summary["attempts"] == 2 and summary["resends"] == 4
    assert [gap >= 0.2 for gap in server.gaps()] == [False, False, True, False, False]
    assert server.header("count") == ["0"] * 3 + ["1"] * 3
    keys = server.header("key")
    assert len(set(keys[:3])) == 1 == len(set(keys[3:])) and keys[0] != keys[3]


# -- bodies that are resumed ------------------------------------------------

BODY = bytes(range(256)) * 4
WHOLE = hashlib.sha256(BODY).hexdigest()


def part(first, count, status=206, headers=b'etag: "v1"\r\n', size=None):
    """Bytes from `first` on; the head promises all the rest."""
    rest = len(BODY) - first
    head = b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n%s" % (status, rest, headers)
    if status == 206:
        head += b"content-range: bytes %d-%d/%d\r\n" % (first if size is None else size, len(BODY) - 1, len(BODY))
    data = head + b"\r\n" + BODY[first:first + count]
    return answer(data) if count >= rest else close_after(data)


RESUMES = {"resumes_with_range": True}


def test_a_cut_body_is_resumed(serve, profile):
    """Twice; an error between, cut as well, is no part of it."""
    busy = close_after(b"HTTP/1.1 503 Busy\r\ncontent-length: 10\r\n\r\nabc")
    server = serve(part(0, 100, 200), busy, part(100, 300, headers=b""), part(400, 9999))
    code, calls, _ = call(server, profile(layer(), **RESUMES))
    assert code == 0 and calls[0]["sha256"] == WHOLE
    assert server.header("range") == [None, "bytes=100-", "bytes=100-", "bytes=400-"]
    assert server.header("if-range") == [None, '"v1"', '"v1"', '"v1"']


def test_rules_look_into_a_resumed_body(serve, profile):
    """Of three parts; an answer of another kind between them is no part."""
    global BODY
    whole, BODY = BODY, json.dumps({"text": "x" * 200, "type": "try_again"}).encode()
    try:
        poll = {"on": {"status": ["200-299"], "body": {"pointer": "/type", "value": "try_again"}}, "do": "poll"}
        server = serve(part(0, 100, 200), answer(BUSY), part(100, 50), part(150, 9999), answer(OK))
    finally:
        BODY = whole
    code, calls, _ = call(server, profile(layer(rules=[poll, RETRY]), **RESUMES))
    assert code == 0 and calls[0]["status"] == 200
    assert server.header("range") == [None, "bytes=100-", "bytes=100-", "bytes=150-", None]


def test_a_body_that_has_changed_starts_anew(serve, profile):
    server = serve(part(0, 100, 200), part(0, 9999, 200, b'etag: "v2"\r\n'))
    code, calls, _ = call(server, profile(layer(), **RESUMES))
    assert code == 0 and calls[0]["sha256"] == WHOLE
    assert server.header("range") == [None, "bytes=100-"]


def test_a_part_of_something_else_is_garbage(serve, profile):
    server = serve(part(0, 100, 200), part(100, 9999, size=99), part(100, 9999))
    done = run(f"{server.url}/v1/x", "-p", profile(layer(), **RESUMES))
    assert done.returncode == 0 and "#2  garbage" in done.stdout


def test_a_weak_etag_is_no_condition(serve, profile):
    server = serve(part(0, 100, 200, b'etag: W/"v1"\r\n'), part(100, 9999))
    code, calls, _ = call(server, profile(layer(), **RESUMES))
    assert code == 0 and calls[0]["sha256"] == WHOLE
    assert server.header("if-range") == [None, None]


def test_a_range_that_is_refused_is_forgotten(serve, profile):
    rule = {**RETRY, "on": {"status": ["416"], "transport": ["cut"]}}
    refused = b"HTTP/1.1 416 X\r\ncontent-length: 0\r\n\r\n"
    server = serve(part(0, 100, 200), answer(refused), part(0, 9999, 200))
    code, calls, _ = call(server, profile(layer(rules=[rule]), **RESUMES))
    assert code == 0 and calls[0]["sha256"] == WHOLE
    assert server.header("range") == [None, "bytes=100-", None]


@pytest.mark.parametrize("keys,arguments", [({}, []), (RESUMES, ["--data", "{}"])])
def test_others_are_not_resumed(serve, profile, keys, arguments):
    """Not asked for; and Range means nothing with POST."""
    server = serve(part(0, 100, 200), part(0, 9999, 200))
    code, calls, _ = call(server, profile(layer(), **keys), *arguments)
    assert code == 0 and calls[0]["sha256"] == WHOLE
    assert server.header("range") == [None, None]


# -- what a caller sets -----------------------------------------------------

def test_overrides(serve, profile):
    """S0-125"""
    server = serve(answer(BUSY))
    code, calls, _ = call(server, profile(), "--calls", 4, "--override", "1:attempts=1", "--override",
                          "2:attempts=6", "--override", "2:elapsed=500ms")
    callers = [re.search(r"rs-0-(\d)", request[2])[1] for request in server.requests]
    counts = [callers.count(str(i)) for i in range(4)]
    assert code == 1 and counts[0] == 4 and counts[1] == 1 and 2 <= counts[2] <= 4 and counts[3] == 4
    assert calls[2]["error"] == "elapsed: status 503"


def test_events_tell_the_limit_that_counts(serve, profile, tmp_path):
    """S0-125"""
    _, events = events_of(serve(answer(BUSY)), profile(), tmp_path, "--override", "0:attempts=2")
    limits = [event["attempt_limit"] for event in events if "attempt_limit" in event]
    assert limits == [2, 2]


def test_an_attempt_timeout_of_its_own(serve, profile):
    server = serve(hang_after(b""))
    path = profile(layer(budget={"attempts": 1}, attempt_timeout={"limit": "60s"}))
    code, calls, _ = call(server, path, "--override", "0:attempt_timeout=300ms")
    assert code == 1 and calls[0]["error"] == "attempts: timeout"


@pytest.mark.parametrize("text,message", [
    ("attempts=1", "it is CALL:KEY=VALUE, such as 0:attempts=1"),
    ("x:attempts=1", "it is CALL:KEY=VALUE"),
    ("-1:attempts=1", "it is CALL:KEY=VALUE"),
    ("0:retries=1", "a call can have its own attempts, elapsed and attempt_timeout"),
    ("0:attempts=0", "attempts is a number from 1 to 1000000"),
    ("1:attempts=1", "--override 1:...: the last call of a client is 0; see --calls"),
    ("0:attempts=1x", "attempts is a number from 1 to 1000000"),
    ("0:elapsed=5", "elapsed is a duration such as 500ms or 10s"),
    ("0:attempt_timeout=0s", "attempt_timeout is a duration")])
def test_wrong_overrides(text, message):
    done = run("http://127.0.0.1:9/", "-p", "curl-retry", "--override", text)
    assert done.returncode == 2 and message in done.stderr


def test_too_many_overrides():
    options = itertools.chain.from_iterable(("--override", f"{i}:attempts=1") for i in range(65))
    done = run("http://127.0.0.1:9/", "-p", "curl-retry", *options)
    assert done.returncode == 2 and "at most 64 calls" in done.stderr


# -- the caller gives up ----------------------------------------------------

SLOW = {**RETRY, "backoff": {"schedule": "constant", "base": "30s"}}


@pytest.mark.parametrize("where,act,keys", [
    ("in flight", hang_after(b""), {}),
    ("while waiting", answer(BUSY), {}),
    ("while queued", hang_after(b""), {"slots": {"limit": 1}}),
    ("at a limiter", answer(THROTTLED), {"rate_limiter": {}, "rules": [
        {**CLOSES, "do": "fail", "backoff": {"schedule": "constant", "base": "30s"}}]})])
def test_cancelled_wherever_it_is(serve, profile, where, act, keys):
    """Told apart from a timeout and from what the last attempt said.
    S1-46, S4-14, S4-22, S4-X3"""
    server = serve(act)
    began = time.monotonic()
    code, calls, summary = call(server, profile(layer(**{"rules": [SLOW], **keys})), "--calls", 2, "--concurrency",
                                1 if where == "at a limiter" else 2, "--give-up", "500ms")
    assert code == 1 and time.monotonic() - began < SLACK
    assert calls[1] == {"call": calls[1]["call"], "outcome": "error", "error": "cancelled"}
    assert summary["cancelled"] == (1 if where == "at a limiter" else 2)
    assert len(server.requests) == {"in flight": 2, "while waiting": 2}.get(where, 1)


def test_a_timeout_is_no_cancellation(serve, profile):
    """S1-46"""
    progress = {"timeout": "400ms", "clock": "call", "aborts_attempt": True}
    _, calls, summary = call(serve(hang_after(b"")), profile(layer(progress=progress)))
    assert calls[0]["error"] == "progress-timeout: cancelled" and summary["cancelled"] == 0
    _, calls, summary = call(serve(hang_after(b"")), profile(layer(call_timeout="400ms")))
    assert calls[0]["error"].startswith("call-timeout") and summary["cancelled"] == 0


def test_a_signal_cancels_who_waits_for_a_slot(serve, profile, tmp_path):
    """S1-46, S4-16"""
    server = serve(hang_after(b""))
    command = [RETRYSPEC, "call", f"{server.url}/v1/x", "-p", str(profile(layer(slots={"limit": 2}))), "--json",
               "--calls", "5", "--concurrency", "5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
        deadline = time.monotonic() + SLACK
        while len(server.requests) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        client.send_signal(signal.SIGINT)
        out, _ = client.communicate(timeout=SLACK)
    lines = [json.loads(line) for line in out.splitlines()]
    assert client.returncode == 128 + signal.SIGINT
    assert [line["error"] for line in lines[:-1]] == ["cancelled"] * 5
    assert len(server.requests) == 2 and lines[-1]["cancelled"] == 5


# -- events -----------------------------------------------------------------

def test_events_of_a_call(serve, profile, tmp_path):
    """S1-60, S2-53"""
    server = serve(answer(BUSY), answer(OK))
    done, events = events_of(server, profile(), tmp_path)
    assert done.returncode == 0
    assert kinds(events) == ["entered", "start", "retry", "start", "stop", "done"]
    assert [event.get("attempt") for event in events] == [None, 0, 0, 1, 1, None]
    assert events[2]["delay"] == 200_000_000 and events[2]["layer"] == "sdk"
    assert 0.2e9 <= events[-1]["elapsed"] < SLACK * 1e9


def test_events_of_a_call_that_waits_for_a_slot(serve, profile, tmp_path):
    """S1-38, S1-39"""
    _, events = events_of(serve(Gauge()), profile(layer(slots={"limit": 1})), tmp_path, "--calls", "2",
                          "--concurrency", "2")
    second = [event for event in events if event["call"] == "rs-0-1"]
    assert kinds(second) == ["queued", "entered", "start", "stop", "done"]
    assert events.index(second[1]) > [(e["call"], e["ev"]) for e in events].index(("rs-0-0", "stop"))


@pytest.mark.parametrize("keys,act,arguments,expected", [
    ({"budget": {"attempts": 1}}, answer(BUSY), [], ["entered", "start", "failed", "done"]),
    ({}, hang_after(b""), ["--give-up", "300ms"], ["entered", "start", "aborted", "done"]),
    ({"rules": [SLOW]}, answer(BUSY), ["--give-up", "300ms"], ["entered", "start", "retry", "done"]),
    ({"call_timeout": "300ms"}, hang_after(b""), [], ["entered", "start", "aborted", "done"]),
    ({"progress": {"timeout": "300ms", "aborts_attempt": True}}, hang_after(b""), [],
     ["entered", "start", "aborted", "done"]),
    ({"progress": {"timeout": "100ms"}}, answer(BUSY), [], ["entered", "start", "retry", "done"])])
def test_events_of_calls_that_fail(serve, profile, tmp_path, keys, act, arguments, expected):
    """S2-40"""
    _, events = events_of(serve(act), profile(layer(**keys)), tmp_path, *arguments)
    assert kinds(events) == expected
    assert events[-1]["ok"] is False
    assert (events[-1]["waiting"], events[-1]["in_loop"]) == (0, 0)


def test_events_of_a_cancelled_waiter(serve, profile, tmp_path):
    """Its place in the queue is free again. S1-38"""
    _, events = events_of(serve(hang_after(b"")), profile(layer(slots={"limit": 1})), tmp_path, "--calls", "2",
                          "--concurrency", "2", "--give-up", "300ms")
    assert kinds([event for event in events if event["call"] == "rs-0-1"]) == ["queued", "done"]


def test_notices(serve, profile, tmp_path):
    """S3-10, S3-14"""
    server = serve(json_answer(503, queue_state="paused_capacity", queue_state_reason="full"),
                   json_answer(503, queue_state="paused_capacity", queue_state_reason=""),
                   json_answer(503), answer(b"HTTP/1.1 503 X\r\ncontent-length: 3\r\n\r\n{]}"),
                   json_answer(200, queue_state="active"))
    path = profile(layer(budget={"attempts": 9}),
                   queue_state={"state": "/queue_state", "reason": "/queue_state_reason"})
    done, events = events_of(server, path, tmp_path)
    assert done.returncode == 0
    notices = [(event["queue_state"], event.get("queue_reason")) for event in events if event["ev"] == "notice"]
    assert notices == [("paused_capacity", "full"), ("paused_capacity", None), ("active", None)]
    assert kinds(events)[:4] == ["entered", "start", "notice", "retry"]
