"""`retryspec call`: the reference client against a tiny server that does what
libcurl must not gloss over."""
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import time

import pytest

from call_kit import (BUSY, OK, RETRY, RETRYSPEC, SLACK, Gauge, answer, call, close_after, hang_after, layer,
                      plan_environment, profile, reset_after, results, run, serve)  # noqa: F401

# -- statuses and waits -----------------------------------------------------

def test_waits_then_succeeds(serve, profile):
    server = serve(answer(BUSY), answer(BUSY), answer(OK))
    code, calls, summary = call(server, profile())
    assert code == 0
    assert calls == [{"call": "rs-0-0", "outcome": "ok", "status": 200,
                      "sha256": hashlib.sha256(b"ok").hexdigest()}]
    assert summary["attempts"] == 3 and summary["retries"] == 2
    assert all(0.2 <= gap < SLACK for gap in server.gaps())
    assert server.connections() == [1, 1, 1]


def test_failure_is_told(serve, profile):
    server = serve(answer(BUSY))
    code, calls, summary = call(server, profile())
    assert code == 1 and len(server.requests) == 4
    assert calls[0]["outcome"] == "error" and calls[0]["status"] == 503
    assert calls[0]["error"] == "attempts: status 503"
    assert summary["failed"] == 1


def test_log_of_attempts_and_waits(serve, profile):
    server = serve(answer(BUSY), answer(OK))
    done = run(f"{server.url}/v1/x", "-p", profile())
    lines = [re.sub(r"^\[ *[\d.]+\]|(?<=after )[\d.]+|(?<=in )[\d.]+(?= s)", "T", line)
             for line in done.stdout.splitlines()]
    assert lines == [
        "T rs-0-0  #1  status 503 after T s",
        "T rs-0-0  waits 0.200 s (layer sdk, layers[0].rules[0])",
        "T rs-0-0  #2  status 200 after T s, on a reused connection",
        "T rs-0-0  ok: status 200, 2 attempts in T s",
        "test, seed 1: 1 call, 1 ok, 0 failed, 0 cancelled; 2 attempts, 1 retry, at most 1 in flight",
    ]


def test_redirects_are_not_followed(serve, profile):
    server = serve(answer(b"HTTP/1.1 302 Found\r\nlocation: /v1/y\r\ncontent-length: 0\r\n\r\n"))
    code, calls, _ = call(server, profile())
    assert code == 0 and calls[0]["status"] == 302 and len(server.requests) == 1


def test_informational_answers_are_skipped(serve, profile):
    early = b"HTTP/1.1 103 Early Hints\r\nretry-after: 9\r\nlink: </a>\r\n\r\n"
    retry = {**RETRY, "retry_after": {"read": [{"header": "retry-after", "as": ["seconds"]}],
                                      "status": ["503"]}}
    server = serve(answer(early + BUSY), answer(early + OK))
    code, _, _ = call(server, profile(layer(rules=[retry])))
    assert code == 0
    assert server.gaps()[0] < SLACK


# -- how an attempt ends ----------------------------------------------------

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"

ENDS = {
    "close": close_after(b""),
    "close in the head": close_after(b"HTTP/1.1 200 OK\r\ncontent-le"),
    "reset": reset_after(b""),
    "reset in the head": reset_after(b"HTTP/1.1 200 OK\r\ncontent-le"),
    "cut": close_after(HEAD + b"part"),
    "cut between chunks": close_after(CHUNKED),
    "reset-body": reset_after(HEAD + b"part"),
    "reset-body between chunks": reset_after(CHUNKED),
    "garbage": close_after(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "garbage as a chunk": close_after(CHUNKED + b"zz\r\n"),
}


@pytest.mark.parametrize("name", ENDS)
@pytest.mark.parametrize("reused", [False, True])
def test_transport_faults_are_told_apart(serve, profile, name, reused):
    """Only that one end is retried, so a wrong word fails the call. On a reused
    connection libcurl would send again by itself: the server must see one
    request an attempt."""
    rule = {**RETRY, "on": {"status": ["503"], "transport": [name.split(" ")[0]]}}
    before = [answer(BUSY)] if reused else []
    server = serve(*before, ENDS[name], answer(OK))
    done = run(f"{server.url}/v1/x", "-p", profile(layer(rules=[rule])))
    assert done.returncode == 0, done.stdout
    assert len(server.requests) == len(before) + 2
    assert done.stdout.count("  #") == len(before) + 2
    assert server.connections()[len(before):] == [1, 2]
    assert all(gap >= 0.2 for gap in server.gaps())


def test_refused(profile):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    rule = {**RETRY, "on": {"transport": ["refused"]}}
    done = run(f"http://127.0.0.1:{port}/", "-p", profile(layer(rules=[rule])), "--json")
    assert json.loads(done.stdout.splitlines()[0])["error"] == "attempts: refused"


def test_a_connection_that_does_not_come_is_unreachable(profile):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        fillers.append(filler)
    rule = {**RETRY, "on": {"transport": ["unreachable"]}}
    limits = layer(rules=[rule], budget={"attempts": 2},
                   attempt_timeout={"limit": "300ms", "kind": "total"})
    done = run("http://127.0.0.1:%d/" % listener.getsockname()[1], "-p", profile(limits), "--json")
    assert json.loads(done.stdout.splitlines()[0])["error"] == "attempts: unreachable"
    for filler in fillers:
        filler.close()
    listener.close()


# -- timeouts ---------------------------------------------------------------

def drip(conn):
    """A byte each 0.1 s for 1 s, then silence."""
    conn.sendall(HEAD)
    for _ in range(10):
        time.sleep(0.1)
        conn.sendall(b"x")
    hang_after(b"")(conn)


def timed_out_after(output):
    """By the client's clock: a limit runs from before the request arrives."""
    return float(re.search(r"timeout after ([\d.]+) s", output)[1])


@pytest.mark.parametrize("kind,act,earliest", [
    ("total", hang_after(b""), 0.5), ("total", hang_after(HEAD), 0.5), ("total", drip, 0.5),
    ("head", hang_after(b""), 0.5), ("inactivity", hang_after(HEAD), 0.5), ("inactivity", drip, 1.5)])
def test_attempt_timeouts(serve, profile, kind, act, earliest):
    server = serve(act, answer(OK))
    limit = {"limit": "500ms", "kind": kind}
    done = run(f"{server.url}/v1/x", "-p", profile(layer(attempt_timeout=limit)))
    assert done.returncode == 0
    assert earliest <= timed_out_after(done.stdout) < earliest + SLACK
    assert server.connections() == [1, 2]


def test_head_timeout_ends_with_the_head(serve, profile):
    def slow_body(conn):
        conn.sendall(OK[:-2])
        time.sleep(0.8)
        conn.sendall(b"ok")
        return True
    server = serve(slow_body)
    code, _, _ = call(server, profile(layer(attempt_timeout={"limit": "300ms", "kind": "head"})))
    assert code == 0 and len(server.requests) == 1


def test_plan_asks_for_another_timeout(serve, profile, tmp_path):
    server = serve(hang_after(b""), answer(OK))
    limit = {"limit": "60s", "kind": "total"}
    done = run("-v", "-p", profile(layer(attempt_timeout=limit)),
               env=plan_environment(server, tmp_path, read_timeout_ms=400))
    assert done.returncode == 0
    assert 0.4 <= timed_out_after(done.stderr) < SLACK


def test_progress_timeout_aborts_the_attempt(serve, profile):
    server = serve(hang_after(b""))
    progress = {"timeout": "500ms", "clock": "handler", "aborts_attempt": True}
    began = time.monotonic()
    code, calls, _ = call(server, profile(layer(progress=progress)))
    assert code == 1 and calls[0]["error"].startswith("progress-timeout")
    assert 0.5 <= time.monotonic() - began < SLACK


@pytest.mark.parametrize("act", [hang_after(b""), answer(BUSY)])
def test_give_up_cancels_attempts_and_waits(serve, profile, act):
    server = serve(act)
    slow = {**RETRY, "backoff": {"schedule": "constant", "base": "30s"}}
    began = time.monotonic()
    code, calls, summary = call(server, profile(layer(rules=[slow])), "--give-up", "400ms")
    assert code == 1 and calls[0]["error"] == "cancelled" and summary["cancelled"] == 1
    assert 0.4 <= time.monotonic() - began < SLACK


def test_a_signal_cancels_everything(serve, profile, tmp_path):
    server = serve(hang_after(b""))
    environment = {**os.environ, **plan_environment(server, tmp_path, clients=3)}
    client = subprocess.Popen([RETRYSPEC, "call", "-p", str(profile())], env=environment)
    deadline = time.monotonic() + SLACK
    while len(server.requests) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    client.send_signal(signal.SIGTERM)
    assert client.wait(timeout=SLACK) == 128 + signal.SIGTERM
    assert sorted(line["call"] for line in results(tmp_path)) == ["rs-0-0", "rs-1-0", "rs-2-0"]
    assert {line["error"] for line in results(tmp_path)} == {"cancelled"}


# -- clients, slots, connections --------------------------------------------

def test_clients_share_no_connection(serve, profile, tmp_path):
    server = serve(answer(OK))
    done = run("-p", profile(), env=plan_environment(server, tmp_path, clients=20, calls=3))
    assert done.returncode == 0, done.stderr
    tokens = [re.search(rb"rs-(\d+)-\d+", request[3])[1] for request in server.requests]
    assert len(tokens) == 60
    assert len(set(zip(tokens, server.connections()))) == 20
    assert len(set(server.connections())) == 20
    assert len(results(tmp_path)) == 60


def test_concurrency_of_a_client(serve, profile):
    gauge = Gauge()
    code, _, summary = call(serve(gauge), profile(), "--calls", 30, "--concurrency", 5)
    assert code == 0 and gauge.peak == 5 and summary["peak_in_flight"] == 5


def test_slots_bound_what_is_in_flight(serve, profile):
    gauge = Gauge()
    slots = {"limit": 3, "scope": "handler", "held": "call"}
    code, calls, _ = call(serve(gauge), profile(layer(slots=slots)), "--calls", 30,
                          "--concurrency", 30)
    assert code == 0 and gauge.peak == 3 and len(calls) == 30


@pytest.mark.parametrize("held,at_most", [("call", False), ("attempt", True)])
def test_slots_held_while_waiting_or_not(serve, profile, held, at_most):
    """Two calls, one slot: does the second get in while the first one waits?"""
    server = serve(answer(BUSY), answer(BUSY), answer(OK))
    slots = {"limit": 1, "scope": "client", "held": held}
    code, _, _ = call(server, profile(layer(slots=slots)), "--calls", 2, "--concurrency", 2)
    callers = [re.search(r"rs-0-(\d)", request[2])[1] for request in server.requests]
    assert code == 0
    assert (callers[0] != callers[1]) == at_most


def test_many_calls_at_once(serve, profile, tmp_path):
    server = serve(answer(OK))
    done = run("-p", profile(), env=plan_environment(server, tmp_path, clients=300, calls=2))
    assert done.returncode == 0, done.stderr
    assert len(results(tmp_path)) == 600
    assert len(set(server.connections())) == 300


def test_calls_begin_spread(serve, profile, tmp_path):
    server = serve(answer(OK))
    began = time.monotonic()
    run("-p", profile(), env=plan_environment(server, tmp_path, clients=4, start_spread_ms=800))
    assert len(server.requests) == 4
    for number, request in enumerate(server.requests):  # one that is late makes the next no earlier
        assert 0.2 * number <= request[0] - began < 0.2 * number + SLACK


# -- what is sent -----------------------------------------------------------

def test_payload_carries_the_token(serve, profile, tmp_path):
    server = serve(answer(OK))
    run("-p", profile(), env=plan_environment(server, tmp_path, calls=2))
    assert [json.loads(request[3]) for request in server.requests] == [
        {"token": "rs-0-0"}, {"token": "rs-0-1"}]
    assert server.header("content-type") == ["application/json"] * 2
    assert server.header("expect") == [None, None]


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_methods_without_a_body_carry_the_token_in_a_header(serve, profile, method):
    reply = OK if method != "HEAD" else OK[:-2]
    server = serve(answer(reply))
    code, _, _ = call(server, profile(), "--method", method)
    assert code == 0
    assert server.requests[0][2].startswith(f"{method} /v1/x HTTP/1.1\r\n")
    assert server.header("x-retryspec-call") == ["rs-0-0"]
    assert server.header("host") == [server.url.removeprefix("http://")]


@pytest.mark.parametrize("scope,different", [("call", 1), ("attempt", 3)])
def test_telling_headers(serve, profile, scope, different):
    server = serve(answer(BUSY), answer(BUSY), answer(OK))
    call(server, profile(headers={
        "retry_count": {"name": "x-retry-count", "from": 1},
        "idempotency_key": {"name": "idempotency-key", "scope": scope},
        "call_id": {"name": "x-call"}}))
    assert server.header("x-retry-count") == ["1", "2", "3"]
    keys = server.header("idempotency-key")
    assert len(set(keys)) == different and all(len(key) == 36 for key in keys)
    assert len(set(server.header("x-call"))) == 1


def test_proxies_of_the_environment_are_not_used(serve, profile):
    server = serve(answer(OK))
    done = run(f"{server.url}/v1/x", "-p", profile(), env={"http_proxy": "http://127.0.0.1:9"})
    assert done.returncode == 0


# -- randomness -------------------------------------------------------------

def waits(output):
    return re.findall(r"waits ([\d.]+) s", output)


def test_the_seed_fixes_the_delays(serve, profile):
    jittered = {**RETRY, "backoff": {"schedule": "constant", "base": "100ms", "cap": "1s",
                                     "jitter": {"full": 1.0}}}
    seen = []
    for seed in (7, 7, 8):
        server = serve(answer(BUSY))
        done = run(f"{server.url}/v1/x", "-p", profile(layer(rules=[jittered])), "--seed", seed)
        seen.append(waits(done.stdout))
    assert len(seen[0]) == 3
    assert seen[0] == seen[1] != seen[2]


# -- as an adapter, and usage -----------------------------------------------

def test_the_environment_names_profile_and_seed(serve, profile, tmp_path):
    server = serve(answer(OK))
    environment = plan_environment(server, tmp_path)
    done = run("-v", env={**environment, "RETRYSPEC_PROFILE": str(profile()), "RETRYSPEC_SEED": "5"})
    assert done.returncode == 0 and done.stdout == ""
    assert "ok: status 200" in done.stderr
    assert results(tmp_path)[0]["outcome"] == "ok"


@pytest.mark.parametrize("arguments,message", [
    ([], "no URL is given and RETRYSPEC_PLAN is not set"),
    (["127.0.0.1:1"], "did you mean http://127.0.0.1:1?"),
    (["ftp://a/"], '"ftp://a/" is no http URL\n'),
    (["http://a/b c"], "byte 0x20 in the URL, write %20"),
    (["--calls", "2"], "--calls needs a URL"),
    (["http://a/", "--calls", "0"], "--calls 0: it is a number from 1 to 1000000"),
    (["http://a/", "--method", "get"], "it is in capital letters"),
    (["http://a/", "--give-up", "5"], "--give-up 5: it is a duration"),
    (["http://a/", "--seed", "x"], "--seed x: it is a number"),
    (["http://a/", "http://b/"], "one URL at a time"),
    (["http://a/", "-p", "curl-rety"], "curl-retry"),
    (["http://a/", "--concurency", "2"], "did you mean --concurrency?"),
    (["http://127.0.0.1:9/"], "no profile says how to retry"),
    (["http://nowhere.invalid/", "-p", "curl-retry"], 'the host "nowhere.invalid" has no known address'),
])
def test_wrong_usage(arguments, message):
    done = run(*arguments)
    assert done.returncode == 2 and message in done.stderr


@pytest.mark.parametrize("changes,message", [
    ({"RETRYSPEC_PLAN": "{"}, "RETRYSPEC_PLAN"),
    ({"RETRYSPEC_RESULTS": ""}, "RETRYSPEC_RESULTS is not"),
    ({"RETRYSPEC_BASE_URL": ""}, "RETRYSPEC_BASE_URL is not"),
    ({"RETRYSPEC_SEED": "many"}, "RETRYSPEC_SEED is no number")])
def test_broken_environments(serve, profile, tmp_path, changes, message):
    environment = {**plan_environment(serve(answer(OK)), tmp_path), **changes}
    done = run("-p", profile(), env=environment)
    assert done.returncode == 2 and message in done.stderr


def test_without_libcurl_only_call_fails(tmp_path):
    (tmp_path / "libcurl.so.4").write_text("no library")
    environment = {**os.environ, "LD_LIBRARY_PATH": str(tmp_path)}
    done = run("http://127.0.0.1:9/", "-p", "curl-retry", env=environment)
    assert done.returncode == 3 and "needs libcurl" in done.stderr and "libcurl4" in done.stderr
    subprocess.run([RETRYSPEC, "list"], env=environment, check=True, capture_output=True)


def test_help():
    done = run("--help")
    assert done.returncode == 0 and "Examples:" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
