"""Clients that do what no client should: the server goes on, and its trace says
what happened. RETRYSPEC_LONG=1 makes the crowds larger."""
import hashlib
import json
import os
import resource
import socket
import threading
import time

import pytest

from conftest import PATIENCE, wait_until

IS_LONG = os.environ.get("RETRYSPEC_LONG") == "1"
OK = {"match": "GET /ok", "reply": 200, "text": "ok"}


@pytest.fixture
def server(serve):
    """A server that must still answer when the test is over."""
    server = serve([OK, {"match": "POST /*", "reply": 201}, {"match": "GET /hang", "fault": {"do": "hang"}},
                    {"match": "GET /late", "reply": 200, "delay": "1h"},
                    {"match": "GET /big", "body": {"size": "32MiB"}},
                    {"match": "GET /bigraw", "body": {"size": "32MiB"}, "framing": "close"}])
    yield server
    assert server.get("/ok", headers=["Connection: close"]).response.body == b"ok"
    assert server.process.poll() is None


def files_allowed(count):
    """Skips where the system's limit on open files is too low for `count`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count + 100:
        pytest.skip(f"needs {count + 100} open files, the limit is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def settled(server, count):
    """All connections are closed, as the trace has it."""
    return wait_until(lambda: len(server.trace("close")) >= count and server.trace("close"), f"{count} closes")


# -- bodies --------------------------------------------------------------------

def test_ten_mebibytes_whole_and_hashed(server):
    body = os.urandom(10 * 1024 * 1024)
    with server.connect() as client:
        assert client.request("/up", "POST", body=body).read_response().status == 201
        assert client.request("/ok").read_response().status == 200
    line = server.wait_for("request")[0]
    assert line["body_size"] == len(body) and line["body_sha256"] == hashlib.sha256(body).hexdigest()


def test_chunked_body_in_small_parts(server):
    parts = [b"a", b"bc" * 100, b"d" * 5000]
    with server.connect() as client:
        client.socket.sendall(b"POST /up HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for part in parts:
            client.socket.sendall(b"%x\r\n%s\r\n" % (len(part), part))
            time.sleep(0.02)
        client.socket.sendall(b"0\r\n\r\n")
        assert client.read_response().status == 201
    line = server.wait_for("request")[0]
    assert line["body_sha256"] == hashlib.sha256(b"".join(parts)).hexdigest()


def test_token_is_found_in_the_first_mebibyte(serve):
    server = serve([{"match": "POST /", "reply": 200, "per": "call"}])
    for count, (place, call) in enumerate([(1000, "rs-3-1"), (3 << 20, "rs-0-0")], 1):
        with server.connect() as client:
            client.request("/", "POST", body=b"x" * place + b" rs-3-1 ").read_response()
        assert server.wait_for("request", count)[-1]["call"] == call


def test_expect_continue(server):
    with server.connect() as client:
        client.socket.sendall(b"POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert client.read_response().status == 100
        client.socket.sendall(b"abc")
        assert client.read_response().status == 201


@pytest.mark.parametrize("is_chunked", [False, True])
def test_too_large_a_body_is_413(server, is_chunked):
    size = (64 << 20) + 1
    with server.connect() as client:
        framing = b"Transfer-Encoding: chunked" if is_chunked else b"Content-Length: %d" % size
        client.socket.sendall(b"POST /up HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n" % framing)
        if is_chunked:
            part = b"100000\r\n" + b"x" * (1 << 20) + b"\r\n"
            for _ in range(65):
                client.socket.sendall(part)
        client.read_to_end()
        assert client.response.status == 413 and client.end == "eof"
    line = server.wait_for("response")[0]
    assert line["status"] == 413
    request = server.trace("request")[0]
    assert "64MiB" in request["reason"] and "request_end" not in request


def test_request_that_is_cut(server):
    with server.connect() as client:
        client.socket.sendall(b"POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
        wait_until(lambda: server.trace("accept"), "the connection")
        time.sleep(0.1)
    line = server.wait_for("response")[0]
    assert line["end"] == "timeout" and line["status"] == 0 and line["gone"] > 0
    request = server.trace("request")[0]
    assert request["body_size"] == 4 and "request_end" not in request


# -- heads ---------------------------------------------------------------------

@pytest.mark.parametrize("size", [20_000, 200_000])
def test_too_long_a_head_is_431(server, size):
    with server.connect() as client:
        try:
            client.request("/ok", headers=[f"X-Long: {'x' * size}"])
        except (ConnectionResetError, BrokenPipeError):
            pass  # it was answered and closed before all was sent
        client.read_to_end()
        assert b"" == client.data or client.response.status == 431
    settled(server, 1)


def test_head_of_eight_kibibytes_is_read(server):
    with server.connect() as client:
        client.request("/ok", headers=[f"X-{n}: {'x' * 500}" for n in range(14)])
        assert client.read_response().status == 200
    names = [name for name, _ in server.wait_for("request")[0]["headers"]]
    assert "X-13" in names


def test_head_that_leaves_no_room_for_the_answers(server):
    """Whatever the size: an answer, or 431, never nothing."""
    for size in range(8000, 13000, 97):
        with server.connect() as client:
            client.request("/ok", headers=[f"X-{n}: {'x' * 500}" for n in range(size // 507)] +
                           [f"X: {'x' * (size % 507)}", "Connection: close"]).read_to_end()
            assert client.response.status in (200, 431), f"{client.end} for {size} bytes"


def test_many_headers(server):
    with server.connect() as client:
        client.request("/ok", headers=[f"X-{n}: {n}" for n in range(60)])
        assert client.read_response().status == 200
    assert server.wait_for("request")[0]["headers_left_out"] > 0


def test_slow_head(server):
    with server.connect() as client:
        server.wait_for("accept")
        for byte in b"GET /ok HTTP/1.1\r\nHost: x\r\n\r\n":
            client.socket.sendall(bytes([byte]))
            time.sleep(0.005)
        assert client.read_response().status == 200
    line = server.wait_for("request")[0]
    assert line["head"] - line["accepted"] >= 28 * 5_000_000, "the head counts when it is whole"


@pytest.mark.parametrize("lengths", ["3, 4", "-1", "x", "99999999999999999999999"])
def test_content_length_that_is_none(server, lengths):
    with server.connect() as client:
        client.socket.sendall(f"POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: {lengths}\r\n\r\nabcd".encode())
        client.socket.shutdown(socket.SHUT_WR)
        client.read_to_end()
    settled(server, 1)


def test_conflicting_content_lengths(server):
    with server.connect() as client:
        client.socket.sendall(b"POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd")
        client.read_to_end(0.5)
    settled(server, 1)


@pytest.mark.parametrize("data", [
    b"\r\n\r\n\r\n", b"\x00\x01\x02\xff" * 100, b"GET\r\n\r\n", b"GET /ok\r\n\r\n", b"GET  /ok  HTTP/9.9\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET /ok HTTP/1.1\r\n: x\r\n\r\n", b"GET /ok HTTP/1.1\r\nHost: x\r\nX\r\n\r\n",
    b"GET /%00%ff%zz?%=&&=&a=%41 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /up HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nabc\r\n",
    b"POST /up HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n"])
def test_bytes_that_are_no_request(server, data):
    with server.connect() as client:
        client.socket.sendall(data)
        client.read_to_end(0.3)
    settled(server, 1)
    for line in server.trace():
        json.dumps(line)


CHUNKED = b"POST /up HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("data,status,size", [
    (CHUNKED + b"3\r\nabc\r\n0\r\nX-Trailer: rs-0-9\r\n\r\n", 201, 3),
    (CHUNKED + b"3;name=value\r\nabc\r\n0\r\n\r\n", 201, 3),
    (b"GET /ok HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 200, 0),
    (b"GET /ok HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n", 200, 0),
    (b"GET /ok HTTP/1.1\nHost: x\n\n", 200, 0),
    (b"GET /ok HTTP/1.0\r\n\r\n", 200, 0),
    (b"GET /ok HTTP/1.1\r\nHost: x\r\nX: \x01\x1b\x7f\xff\r\n\r\n", 200, 0),
    (b"GET /ok?a?b=c??&\x01\xff HTTP/1.1\r\nHost: x\r\n\r\n", 200, 0),
    (b"GET /ok HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", 200, 3),
    (b"GET /o\x01\xffk HTTP/1.1\r\nHost: x\r\n\r\n", 418, 0),
    (b"GET http://x/ok HTTP/1.1\r\nHost: x\r\n\r\n", 418, 0),
    (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 418, 0),
    (b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", 418, 0),
    (b"A" * 3000 + b" /ok HTTP/1.1\r\nHost: x\r\n\r\n", 418, 0)])
def test_odd_requests(server, data, status, size):
    """What is odd but whole is answered, and told as it came."""
    with server.connect() as client:
        client.socket.sendall(data)
        assert client.read_response().status == status
    request, response = server.wait_for("request")[0], server.wait_for("response")[0]
    method, target = data.split(b" ")[:2]
    assert (request["method"], request["target"]) == (method.decode(), target.decode("latin-1"))
    assert request["body_size"] == size and response["status"] == status
    assert ("reason" in request) == (status == 418)


# -- many requests -------------------------------------------------------------

def test_pipelined_requests_are_answered_in_order(serve):
    server = serve([{"match": f"GET /{n}", "text": f"<{n}>", **({"delay": "50ms"} if n % 3 == 0 else {})}
                    for n in range(12)])
    with server.connect() as client:
        client.socket.sendall(b"".join(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % n for n in range(12)))
        assert [client.read_response().body for _ in range(12)] == [b"<%d>" % n for n in range(12)]
    lines = server.wait_for("request", 12)
    assert [line["conn_use"] for line in lines] == list(range(1, 13))


def test_pipeline_of_a_thousand(server):
    with server.connect() as client:
        client.socket.sendall(b"GET /ok HTTP/1.1\r\nHost: x\r\n\r\n" * 1000)
        assert all(client.read_response().status == 200 for _ in range(1000))


def test_fault_in_a_pipeline_ends_it(serve):
    server = serve([{"steps": [{"text": "a"}, {"fault": {"do": "reset"}}, {"text": "c"}]}])
    with server.connect() as client:
        client.socket.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
        client.read_to_end()
        assert client.end == "reset" and client.response.body == b"a"
    assert len(server.wait_for("response", 2)) == 2


def test_client_that_does_not_read(server):
    with server.connect() as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.request("/big")
        wait_until(lambda: server.trace("request"), "the request")
        assert server.get("/ok", headers=["Connection: close"]).response.status == 200
        assert [line["id"] for line in server.wait_for("response")] == [2]
    line = [line for line in server.wait_for("response", 2) if line["id"] == 1][0]
    assert line["end"] == "timeout" and line["sent_bytes"] < line["reply_size"] and line["gone"] > 0


@pytest.mark.parametrize("path", ["/big", "/bigraw"])
@pytest.mark.parametrize("read", [200_000, 3_000_000])
def test_reset_in_the_middle_of_our_body(server, path, read):
    with server.connect() as client:
        client.request(path)
        while read > 0:
            read -= len(client.socket.recv(min(read, 65536)))
        client.reset()
    line = server.wait_for("response")[0]
    assert line["end"] == "timeout" and line["gone_by_reset"] and not line.get("fault_fired")
    assert line["gone"] >= line["last_byte"] and line["sent_bytes"] < line["reply_size"]


@pytest.mark.parametrize("framing", ["length", "close"])
def test_fast_reader_of_a_huge_body_starves_nobody(serve, framing):
    server = serve([OK, {"match": "GET /huge", "body": {"size": "192MiB"}, "framing": framing}])
    reader = server.connect().request("/huge").socket
    got = [0]

    def read():
        while part := reader.recv(1 << 20):
            got[0] += len(part)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    wait_until(lambda: got[0] > 1 << 20, "the download")
    for _ in range(5):
        assert server.get("/ok", headers=["Connection: close"]).response.body == b"ok"
    assert thread.is_alive(), "answered only after the download"
    reader.shutdown(socket.SHUT_RDWR)
    thread.join(PATIENCE)
    reader.close()


def test_half_closed_client(server):
    with server.connect() as client:
        client.request("/ok")
        client.socket.shutdown(socket.SHUT_WR)
        assert client.read_to_end().response.body == b"ok"


def test_connects_and_drops(server):
    files_allowed(300)
    count = 5000
    for n in range(count):
        client = server.connect()
        if n % 3 == 1:
            client.socket.sendall(b"GET /ok HT")
        elif n % 3 == 2:
            client.reset()
        client.socket.close()
    # Some of those that reset were gone before they were accepted.
    wait_until(lambda: len(server.trace("accept")) == len(server.trace("close")) >= count * 2 // 3 - 1, "all closed")
    assert server.trace("request") == []


# -- crowds --------------------------------------------------------------------

def resident_kib(server):
    with open(f"/proc/{server.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


@pytest.mark.parametrize("path", ["/hang", "/late"])
def test_hung_connections_and_a_normal_request(server, path):
    count = 10_000 if IS_LONG else 2_500
    files_allowed(count)
    clients = []
    try:
        for _ in range(count):
            client = server.connect()
            clients.append(client.request(path))
        server.wait_for("request", count)
        began = time.monotonic()
        assert server.get("/ok", headers=["Connection: close"]).response.status == 200
        assert time.monotonic() - began < 10
        print(f"{count} {path}: {resident_kib(server)} KiB, a request took {time.monotonic() - began:.4f} s")
        assert len(server.wait_for("response")) == 1
    finally:
        for client in clients:
            client.socket.close()
    lines = server.wait_for("response", count + 1)
    assert sum(line["end"] == "timeout" for line in lines) == count


def test_stopping_with_hung_connections(serve):
    server = serve([{"fault": {"do": "hang"}}])
    clients = [server.connect().request() for _ in range(50)]
    clients += [server.connect() for _ in range(50)]
    server.wait_for("request", 50)
    server.stop()
    assert {line["end"] for line in server.trace("response")} == {"unfinished"}
    assert len(server.trace("response")) == 50 and len(server.trace("close")) == 100
    for client in clients:
        assert client.read_to_end(PATIENCE).end in ("eof", "reset")
        client.socket.close()
