"""What a client on a bare socket really receives from each fault, and what the
trace says of it. Early bounds are strict, late ones generous."""
import email.utils
import hashlib
import os
import socket
import subprocess
import time

import pytest

from conftest import PATIENCE, scenario_of, wait_until

SIZE = 64 * 1024
BODY = {"size": "64KiB", "seed": 7}
CUT = 16 * 1024
FRAMINGS = ["length", "chunked", "close"]


def only(lines):
    assert len(lines) == 1, lines
    return lines[0]


def reply(at, do, framing="length", **fault):
    return {"reply": 200, "body": BODY, "framing": framing, "fault": {"at": at, "do": do, **fault}}


@pytest.fixture
def whole(serve):
    """The seeded body without a fault."""
    return serve([{"body": BODY, "framing": "close"}]).get().response.body


# -- reset and close, at each position -----------------------------------------

@pytest.mark.parametrize("do,end", [("reset", "reset"), ("close", "eof")])
def test_at_request_nothing_comes(serve, do, end):
    server = serve([reply("request", do)])
    client = server.get()
    assert (client.data, client.end) == (b"", end)
    line = only(server.wait_for("response"))
    assert line["end"] == do and line["fault_fired"] and line["sent_bytes"] == 0
    assert {"reset": "RST sent", "close": "FIN sent"}[do] in line["proof"]
    assert "first_byte" not in line and line["last_byte"] >= 0


@pytest.mark.parametrize("do,end,word", [("reset", "reset", "reset-body"), ("close", "eof", "cut")])
def test_at_head_the_head_is_whole_and_no_more(serve, do, end, word):
    server = serve([reply("head", do)])
    client = server.get()
    assert client.end == end
    assert client.response.status == 200 and client.response.get("content-length") == [str(SIZE)]
    assert client.response.body == b""
    line = only(server.wait_for("response"))
    assert line["end"] == word and line["fault_fired"] and line["sent_bytes"] == 0


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("cut", [0, 1, CUT, SIZE - 1])
@pytest.mark.parametrize("do,end", [("reset", "reset"), ("close", "eof")])
def test_in_the_body_exactly_so_many_bytes(serve, whole, do, end, cut, framing):
    server = serve([reply(f"body:{cut}B", do, framing)])
    client = server.get()
    assert client.end == end
    assert client.response.body == whole[:cut]
    assert not client.response.is_whole
    line = only(server.wait_for("response"))
    assert line["sent_bytes"] == cut and line["reply_size"] == SIZE and line["fault_fired"]
    assert line["reply_sha256"] == hashlib.sha256(whole).hexdigest()
    # Without a length, a FIN in the body looks like its end.
    word = {"reset": "reset-body", "close": "status" if framing == "close" else "cut"}[do]
    assert line["end"] == word
    if do == "reset":
        assert line["proof"] == f"RST sent, {cut} body bytes acknowledged"


@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("do,end", [("reset", "reset"), ("close", "eof")])
def test_at_end_the_response_is_whole(serve, whole, do, end, framing):
    server = serve([reply("end", do, framing)])
    client = server.get()
    assert client.end == end
    assert client.response.is_whole and client.response.body == whole
    assert client.response.get("connection") == [], "nothing tells the client before"
    line = only(server.wait_for("response"))
    assert line["end"] == "status" and line["fault_fired"] and line["sent_bytes"] == SIZE


def test_at_end_with_close_framing_a_reset_cuts(serve):
    server = serve([reply("end", "reset", "close")])
    assert server.get().end == "reset"
    assert only(server.wait_for("response"))["end"] == "reset-body"


# -- hang ----------------------------------------------------------------------

@pytest.mark.parametrize("at,body", [("request", None), ("head", 0), (f"body:{CUT}B", CUT)])
def test_hang_then_fin(serve, at, body):
    server = serve([reply(at, "hang", **{"for": "300ms"})])
    began = time.monotonic()
    client = server.get()
    assert client.end == "eof" and client.times[-1][0] - began >= 0.3
    assert (client.data == b"") if body is None else (len(client.response.body) == body)
    line = only(server.wait_for("response"))
    assert line["end"] == ("close" if body is None else "cut")
    assert line["fault_fired"] and line["sent_bytes"] == (body or 0)


@pytest.mark.parametrize("at", ["request", "head", f"body:{CUT}B"])
@pytest.mark.parametrize("by_reset", [False, True])
def test_hang_until_the_client_gives_up(serve, at, by_reset):
    server = serve([reply(at, "hang")])
    with server.connect() as client:
        client.request().read_to_end(0.3)
        assert client.end == "timeout"
        assert server.trace("response") == []
        left = time.time_ns()
        if by_reset:
            client.reset()
    line = only(server.wait_for("response"))
    assert line["end"] == "timeout" and line["fault_fired"]
    # The server may have read the request late, so only the client knows when it left.
    began = int(only(server.trace("run"))["wall"])
    assert began + line["gone"] >= left - 0.1e9
    assert line.get("gone_by_reset", False) == by_reset
    assert "until the client left" in line["proof"]


def test_hang_at_end_answers_one_request_only(serve, whole):
    server = serve([reply("end", "hang", **{"for": "300ms"})])
    with server.connect() as client:
        assert client.request().read_response().body == whole
        assert only(server.wait_for("response"))["end"] == "status"
        client.request()
        assert client.read_to_end().data == b"" and client.end == "eof"
    assert len(server.trace("request")) == 1


def test_hang_when_the_run_ends_is_unfinished(serve):
    server = serve([reply(f"body:{CUT}B", "hang")])
    with server.connect() as client:
        client.request().read_to_end(0.2)
        server.stop()
    line = only(server.trace("response"))
    assert line["end"] == "unfinished" and line["sent_bytes"] == CUT
    assert "until the run ended" in line["proof"]


# -- garbage -------------------------------------------------------------------

def test_garbage_instead_of_a_response(serve):
    server = serve([{"fault": {"do": "garbage"}}])
    client = server.get()
    assert client.end == "eof" and len(client.data) == 31 and not client.data.startswith(b"HTTP")
    line = only(server.wait_for("response"))
    assert line["end"] == "garbage" and line["fault_fired"] and line["proof"].startswith("31 B that are no HTTP")


def test_garbage_for_a_chunk_size(serve, whole):
    server = serve([reply("body:1000B", "garbage", "chunked")])
    client = server.get()
    assert client.end == "eof" and client.response.body == whole[:1000]
    assert client.data.endswith(b"\r\n\x01\x02\xfe\xff~~ no HTTP begins so ~~\r\n\r\n")
    assert not client.response.is_whole
    line = only(server.wait_for("response"))
    assert line["end"] == "garbage" and line["sent_bytes"] == 1000


# -- drip ----------------------------------------------------------------------

@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("at,before", [("head", 0), ("body:100B", 100)])
def test_drip_is_never_too_fast(serve, framing, at, before):
    server = serve([{"body": {"size": "400B", "seed": 3}, "framing": framing,
                     "fault": {"do": "drip", "at": at, "rate": "1000B/s"}}])
    began = time.monotonic()
    client = server.get()
    assert client.end == "eof" and len(client.response.body) == 400
    start = len(client.data) - (400 - before)
    for when, count in client.times:
        # Chunk sizes drip too, so the body alone is never ahead.
        assert count - start <= 1000 * (when - began) + 1 + (30 if framing == "chunked" else 0)
    assert client.times[-1][0] - began >= (400 - before) / 1000
    line = only(server.wait_for("response"))
    assert line["end"] == "status" and line["fault_fired"] and line["sent_bytes"] == 400
    assert line["last_byte"] - line["first_byte"] >= (400 - before) * 1_000_000


def test_drip_that_the_client_leaves(serve):
    server = serve([{"body": {"size": "64KiB"}, "fault": {"do": "drip", "rate": "100B/s"}}])
    with server.connect() as client:
        client.request().read_to_end(0.3)
    line = only(server.wait_for("response"))
    assert line["end"] == "timeout" and 0 < line["sent_bytes"] < SIZE
    assert line["gone"] >= line["last_byte"]


# -- at accept -----------------------------------------------------------------

@pytest.mark.parametrize("do,end", [("reset", "reset"), ("close", "eof")])
def test_at_accept_before_anything_is_read(serve, do, end):
    server = serve([{"steps": [{"fault": {"do": do, "at": "accept"}}, {"reply": 204}]}])
    with server.connect() as client:
        assert client.read_to_end().end == end and client.data == b""
        if do == "close":
            client.request()  # its kernel takes it, nobody reads it
            assert client.read_to_end().data == b"" and client.end == "eof"
    line = only(server.wait_for("accept-fault"))
    assert line["do"] == do and line["step"] == "server[0].steps[0]" and line["proof"]
    assert only(server.wait_for("close"))["requests"] == 0
    assert server.get(headers=["Connection: close"]).response.status == 204
    assert server.wait_for("request")[0]["conn"] == 2


def test_garbage_at_accept_is_no_http(serve):
    server = serve([{"steps": [{"fault": {"do": "garbage", "at": "accept"}}, {"reply": 204}]}])
    with server.connect() as client:
        assert client.read_to_end().end == "eof"
        assert client.data and not client.data.startswith(b"HTTP/")
    line = only(server.wait_for("accept-fault"))
    assert line["do"] == "garbage" and str(len(client.data)) in line["proof"]
    assert server.get(headers=["Connection: close"]).response.status == 204


def test_hang_at_accept(serve):
    server = serve([{"steps": [{"fault": {"do": "hang", "at": "accept", "for": "300ms"}}, {"reply": 204}]}])
    began = time.monotonic()
    client = server.get()
    assert client.data == b"" and client.end == "eof" and client.times[-1][0] - began >= 0.29
    assert only(server.trace("accept-fault"))["do"] == "hang"
    assert server.trace("request") == []


def test_hang_at_accept_until_the_client_leaves(serve):
    server = serve([{"fault": {"do": "hang", "at": "accept"}}])
    with server.connect() as client:
        assert client.request().read_to_end(0.2).end == "timeout"
    assert only(server.wait_for("close"))["requests"] == 0


# -- the listener --------------------------------------------------------------

def connect_error(server, timeout):
    try:
        server.connect(timeout=timeout).socket.close()
    except OSError as error:
        return type(error)
    return None


def outage(do, span):
    return [{"windows": [{"from": "0s", "to": "50ms", "reply": 503},
                         {"from": "50ms", "to": span, "fault": {"do": do}},
                         {"from": span, "reply": 200}]}]


def test_refused_and_the_port_is_kept(serve):
    server = serve(outage("refuse", "700ms"))
    assert connect_error(server, 5) is None, "open until the first request"
    with server.connect() as client:
        assert client.request().read_response().status == 503
        wait_until(lambda: server.trace("outage"), "the outage")
        assert connect_error(server, 5) is ConnectionRefusedError
        holder = socket.socket()
        with holder, pytest.raises(OSError):
            holder.bind(server.address)
        assert client.request().read_to_end().end == "reset", "a request on an open connection"
    wait_until(lambda: connect_error(server, 5) is None, "the end of the outage")
    assert server.get(headers=["Connection: close"]).response.status == 200
    begin, end = server.trace("outage")
    assert (begin["do"], begin["begin"], end["begin"]) == ("refuse", True, False)
    assert begin["window"] == end["window"] == "server[0].windows[1]"
    first = server.trace("request")[0]["request_end"]
    assert begin["t"] >= first + 50_000_000 and end["t"] >= first + 700_000_000


def test_stalled_connects_get_no_answer(serve):
    server = serve(outage("stall", "900ms"))
    with server.connect() as client:
        assert client.request().read_response().status == 503
        wait_until(lambda: server.trace("outage"), "the outage")
        assert connect_error(server, 0.3) is TimeoutError
        # One whose SYN is repeated after the window gets through.
        assert server.get(headers=["Connection: close"]).response.status == 200
    begin, end = server.trace("outage")
    assert begin["do"] == "stall" and end["t"] - begin["t"] >= 840_000_000
    accepted = [line["t"] for line in server.wait_for("accept", 2)]
    assert len([t for t in accepted if begin["t"] <= t < end["t"]]) == 0
    assert len(accepted) == 2, "our own fillers are no connections"


# -- plain replies -------------------------------------------------------------

@pytest.mark.parametrize("status", [200, 201, 204, 205, 299, 304, 307, 400, 404, 408, 418, 421, 429, 451, 499,
                                    500, 502, 503, 504, 511, 529, 599, 600, 777, 999])
def test_status(serve, status):
    has_body = status not in (204, 304)
    server = serve([{"reply": status, **({"text": "hello"} if has_body else {})}])
    with server.connect() as client:
        for _ in range(2):  # the connection lives on
            response = client.request().read_response()
            assert response.status == status and response.body == (b"hello" if has_body else b"")
            assert response.get("date")
    lines = server.wait_for("response", 2)
    assert [line["status"] for line in lines] == [status] * 2
    assert {line["end"] for line in lines} == {"status"}
    assert {line["sent_bytes"] for line in lines} == {5 if has_body else 0}


@pytest.mark.parametrize("status,word", [(100, "close"), (101, "status"), (102, "close"), (103, "close"), (199, "close")])
def test_status_1xx_as_if_it_were_final(serve, status, word):
    server = serve([{"reply": status}])
    client = server.get()
    assert client.end == "eof" and client.response.status == status
    assert client.data.count(b"HTTP/1.1") == 1
    line = only(server.wait_for("response"))
    assert (line["status"], line["end"]) == (status, word)


def test_early_hints_come_first_and_at_once(serve):
    server = serve([{"reply": 200, "text": "x", "early_hints": {"Link": "</a>; rel=preload"}, "delay": "300ms"}])
    began = time.monotonic()
    with server.connect() as client:
        hints = client.request().read_response()
        arrived = time.monotonic()
        response = client.read_response()
        assert hints.status == 103 and hints.get("link") == ["</a>; rel=preload"]
        assert response.status == 200 and response.get("link") == []
        assert time.monotonic() - began >= 0.3 and client.times[0][0] <= arrived
        assert client.request().read_response().status == 103, "the connection lives on"
    line = server.wait_for("response")[0]
    assert line["first_byte"] - server.trace("request")[0]["request_end"] >= 300_000_000


RETRY_AFTER = ["0", "2", "120", "1.5", ".5", "-5", "+2", "1e3", "120junk", "junk", "99999999999999999999", "inf",
               "nan", "", " ", "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "2, 3"]


@pytest.mark.parametrize("value", RETRY_AFTER)
def test_retry_after_as_written(serve, value):
    server = serve([{"reply": 429, "headers": {"Retry-After": value}}])
    with server.connect() as client:
        for _ in range(2):
            assert client.request().read_response().get("retry-after") == [value.strip()]
    traced = server.wait_for("response")[0]["headers"]
    assert ["Retry-After", value] in traced


def test_retry_after_twice(serve):
    server = serve([{"reply": 503, "headers": {"Retry-After": ["1", "9"]}}])
    response = server.get(headers=["Connection: close"]).response
    assert response.get("retry-after") == ["1", "9"]


@pytest.mark.parametrize("offset,seconds", [("+3s", 3), ("-1h", -3600), ("+100h", 360_000)])
@pytest.mark.parametrize("fault", [None, {"do": "close", "at": "end"}])
def test_retry_after_date_counts_from_serving(serve, offset, seconds, fault):
    answer = {"reply": 503, "headers": {"Retry-After": {"http_date": offset}}, "delay": "1200ms"}
    server = serve([{**answer, **({"fault": fault} if fault else {})}])
    response = server.get(headers=["Connection: close"]).response
    date, now = response.get("retry-after")[0], response.get("date")[0]
    gap = email.utils.parsedate_to_datetime(date) - email.utils.parsedate_to_datetime(now)
    # Both are cut to seconds and may be read on two sides of a second's end; libmicrohttpd's
    # clock may also lag some milliseconds behind ours.
    assert seconds - 1 <= gap.total_seconds() <= seconds + 1
    assert abs(email.utils.parsedate_to_datetime(date).timestamp() - time.time() - seconds) < PATIENCE
    assert ["Retry-After", date] in server.wait_for("response")[0]["headers"]


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("size", [0, 1, 4096, 200_000])
def test_framing(serve, framing, size):
    server = serve([{"body": {"size": f"{size}B", "seed": 5}, "framing": framing}])
    client = server.get(headers=["Connection: close"])
    response = client.response
    assert client.end == "eof" and len(response.body) == size
    assert response.get("content-length") == ([str(size)] if framing == "length" else [])
    assert response.get("transfer-encoding") == (["chunked"] if framing == "chunked" else [])
    assert response.is_whole == (framing != "close")
    line = only(server.wait_for("response"))
    assert line["reply_sha256"] == hashlib.sha256(response.body).hexdigest()
    assert line["sent_bytes"] == line["reply_size"] == size and line["end"] == "status"


def test_seeded_bodies(serve):
    server = serve([{"match": f"GET /{seed}", "body": {"size": "20KiB", "seed": seed}} for seed in (1, 2)])
    first = [server.get(path, headers=["Connection: close"]).response.body for path in ("/1", "/2", "/1")]
    assert first[0] == first[2] != first[1] and len(set(first[0])) > 200
    again = serve([{"body": {"size": "1MiB", "seed": 1}}], seed=99)
    longer = again.get(headers=["Connection: close"]).response.body
    assert longer[:20 * 1024] == first[0], "the bytes do not depend on size or the run's seed"


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("size", [100, 200_000])
def test_head(serve, framing, size):
    server = serve([{"match": "HEAD /*", "body": {"size": f"{size}B"}, "framing": framing}])
    client = server.get(method="HEAD", headers=["Connection: close"])
    head, _, rest = client.data.partition(b"\r\n\r\n")
    assert client.end == "eof" and head.startswith(b"HTTP/1.1 200") and rest == b""
    line = only(server.wait_for("response"))
    assert line["sent_bytes"] == 0 and line["reply_size"] == size and line["end"] == "status"


def test_head_with_a_fault_at_the_end(serve):
    server = serve([{"match": "HEAD /*", "text": "x", "fault": {"do": "reset", "at": "end"}}])
    client = server.get(method="HEAD")
    assert client.end == "reset" and client.data.endswith(b"\r\n\r\n")
    assert only(server.wait_for("response"))["end"] == "status"


def test_unmatched(serve):
    server = serve([{"match": "GET /here", "reply": 200}])
    response = server.get("/there", headers=["Connection: close"]).response
    assert response.status == 418 and b"/there" in response.body and b"GET /here" in response.body
    assert "/there" in only(server.wait_for("request"))["reason"]
    assert "1 unmatched" in server.stop()


# -- delays and chances --------------------------------------------------------

def test_delay_is_never_early(serve):
    server = serve([{"reply": 200, "delay": "100ms"}])
    for _ in range(5):
        with server.connect() as client:
            client.request()
            began = time.monotonic()
            client.read_response()
            assert time.monotonic() - began >= 0.0995, "sent before the clock was read"
    responses = server.wait_for("response", 5)
    for request, response in zip(server.trace("request"), responses):
        assert response["delay"] == 100_000_000
        assert response["first_byte"] - request["request_end"] >= 100_000_000


def test_client_leaves_during_a_delay(serve):
    server = serve([{"reply": 200, "delay": "1h"}])
    for by_reset in (False, True):
        with server.connect() as client:
            client.request()
            server.wait_for("request", 1 + by_reset)
            if by_reset:
                client.reset()
        line = server.wait_for("response", 1 + by_reset)[-1]
        assert line["end"] == "timeout" and line.get("gone_by_reset", False) == by_reset
        assert line["sent_bytes"] == 0 and line["status"] == 200


def test_client_leaves_with_its_request(serve):
    """Its FIN is there before the delay begins, and is told only once."""
    server = serve([{"reply": 200, "delay": "1h"}])
    with server.connect() as client:
        client.socket.sendall(b"GET / HTTP/1.1\r\n")
        time.sleep(0.3)  # the connection is at rest then
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        client.socket.sendall(b"Host: 127.0.0.1\r\n\r\n")
        client.socket.shutdown(socket.SHUT_WR)  # one segment: bytes and FIN
        line = only(server.wait_for("response"))
    assert line["end"] == "timeout" and not line.get("gone_by_reset", False)
    assert line["sent_bytes"] == 0 and line["status"] == 200


@pytest.mark.parametrize("delay,low,high", [
    ({"uniform": ["5ms", "30ms"]}, 5, 30),
    ({"normal": {"mean": "20ms", "sd": "5ms"}}, 0, 60),
    ({"lognormal": {"median": "10ms", "sigma": 0.5}}, 0, 200),
    ({"exponential": "10ms"}, 0, 200)])
def test_delays_are_drawn_by_the_seed(serve, delay, low, high):
    def drawn(seed):
        server = serve([{"reply": 204, "delay": delay}], seed=seed)
        with server.connect() as client:
            for _ in range(12):
                client.request().read_response()
        lines, delays = server.wait_for("response", 12), []
        for request, line in zip(server.trace("request"), lines):
            assert line["first_byte"] - request["request_end"] >= line["delay"]
            delays.append(line["delay"])
        return delays
    first, again, other = drawn(1), drawn(1), drawn(2)
    assert first == again != other and len(set(first)) == 12
    assert all(low * 1e6 <= value <= high * 1e6 for value in first + other)


def test_chances_are_drawn_by_the_seed(serve):
    def story(seed):
        server = serve([{"reply": 204, "fault": {"do": "reset", "chance": 0.5}}], seed=seed)
        ends = [server.get(headers=["Connection: close"]).end for _ in range(30)]
        fired = ["reset" if line.get("fault_fired") else "eof" for line in server.wait_for("response", 30)]
        assert ends == fired
        return ends
    first, again, other = story(1), story(1), story(2)
    assert first == again != other and {"reset", "eof"} == set(first)


# -- the steps over the wire ---------------------------------------------------

def test_steps_connections_and_their_records(serve):
    server = serve([{"steps": [{"reply": 503, "times": 2}, {"reply": 200}], "after_last": "loop"}])
    with server.connect() as client:
        statuses = [client.request(f"/?n={n}").read_response().status for n in range(4)]
    assert statuses == [503, 503, 200, 503]
    server.wait_for("close")
    requests = server.trace("request")
    assert [line["conn_use"] for line in requests] == [1, 2, 3, 4]
    assert [line["id"] for line in requests] == [1, 2, 3, 4]
    assert requests[3]["target"] == "/?n=3" and {line["conn"] for line in requests} == {1}
    assert only(server.trace("close"))["requests"] == 4
    for request, response in zip(requests, server.trace("response")):
        assert request["accepted"] <= request["head"] <= request["request_end"] <= response["first_byte"]
        assert response["first_byte"] <= response["last_byte"]


def test_gap_in_the_trace_is_no_shorter_than_the_clients(serve):
    """The judge is strict about early: the trace must never make a gap shorter."""
    server = serve([{"reply": 503, "text": "x"}])
    gaps = []
    with server.connect() as client:
        for _ in range(20):
            client.request().read_response()
            arrived = time.monotonic()
            time.sleep(0.01)
            gaps.append(time.monotonic() - arrived)
    responses, requests = server.wait_for("response", 20), server.trace("request")
    for gap, response, request in zip(gaps, responses, requests[1:]):
        assert request["head"] - response["last_byte"] >= gap * 1e9


def test_two_servers_do_not_share(serve):
    one, two = (serve([{"steps": [{"reply": 500}, {"reply": 200}]}]) for _ in range(2))
    assert [server.get(headers=["Connection: close"]).response.status for server in (one, two, one)] == [500, 500, 200]


def test_trace_begins_and_ends(serve):
    server = serve(scenario_of({"reply": 200}, id="test/whole"), seed="0x2a", level=0)
    server.get(headers=["Connection: close"])
    server.stop()
    lines = server.trace()
    assert lines[0]["ev"] == "run" and lines[0]["scenario"] == "test/whole" and lines[0]["seed"] == "42"
    assert lines[0]["level"] == 0 and lines[0]["url"] == server.url
    assert abs(int(lines[0]["wall"]) / 1e9 - time.time()) < 2 * PATIENCE
    assert lines[-1]["ev"] == "end" and lines[-1]["lag_max"] >= lines[-1]["lag_p99"] >= 0


def test_judge_can_read_the_trace(serve, tmp_path):
    """The trace of every fault above reads back."""
    server = serve([reply("body:1B", "reset")])
    server.get()
    server.stop()
    done = subprocess.run([os.environ["RETRYSPEC"], "judge", str(server.trace_file), "-p", "http-generic",
                           "--scenario", str(tmp_path / "scenario-0.jsonc")], capture_output=True, text=True)
    assert done.returncode not in (2, -6, -11), done.stderr
