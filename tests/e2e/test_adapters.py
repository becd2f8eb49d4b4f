"""The adapters that `retryspec init` writes keep the contract of
docs/adapters.md: run against a small server of the test's own, each makes the
calls of its plan and answers with one true line of results a call."""
import fcntl
import hashlib
import http.server
import json
import os
import re
import socket
import subprocess
import threading
import time
from urllib.parse import parse_qs, urlsplit

import pytest

RETRYSPEC = os.environ["RETRYSPEC"]
ADAPTERS = {
    "sh": ["sh", "{file}"],
    "python": ["python3", "{file}"],
    "node": ["node", "{file}"],
    "go": ["{binary}"],
    "rust": ["{binary}"],
    # As "java {file}" does, without compiling it each time.
    "java": ["java", "-XX:TieredStopAtLevel=1", "-cp", "{folder}", "Adapter"],
    "elixir": ["elixir", "{file}"],
}
# What init names them, and what makes a program of them.
ENDINGS = {"python": "py", "node": "mjs", "rust": "rs", "elixir": "exs"}
COMPILERS = {"go": ["go", "build", "-o", "{binary}", "{file}"],
             "java": ["javac", "-d", "{folder}", "{file}"],
             "rust": ["rustc", "-O", "-D", "warnings", "-o", "{binary}", "{file}"]}


class Server(http.server.ThreadingHTTPServer):
    """Answers by `script(count)`, count being the call's requests before."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, script):
        super().__init__(("127.0.0.1", 0), Handler)
        self.script, self.seen, self.lock = script, [], threading.Lock()
        self.busy = self.peak = 0
        self.stopping = threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request, client_address):
        pass  # a client that gave up


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        server = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        found = re.search(r"rs-\d+-\d+", self.path + body.decode())
        token = found.group() if found else None
        with server.lock:
            count = sum(seen["token"] == token for seen in server.seen)
            server.seen.append({
                "token": token, "method": self.command, "path": self.path,
                "body": body, "time": time.monotonic()})
            server.busy += 1
            server.peak = max(server.peak, server.busy)
        try:
            reply = server.script(count, server)
        finally:
            with server.lock:  # before the client can know of it and go on
                server.busy -= 1
        self.reply(*reply)

    def reply(self, status, headers, body):
        if status is None:
            # Without a response: a reset, since unsent answers stay unread.
            self.connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if not headers.keys() & {"Content-Length", "Transfer-Encoding", "Connection"}:
            self.send_header("Content-Length", len(body))
        self.close_connection = bool(headers.keys() & {"Content-Length", "Connection"})
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def log_message(self, *arguments):
        pass


def plan(**changes):
    base = {"method": "POST", "path": "/v1/echo", "payload": None, "clients": 1,
            "calls": 1, "concurrency": 1, "start_spread_ms": 0,
            "read_timeout_ms": 0, "give_up_ms": 0}
    return base | changes


@pytest.fixture(scope="session")
def adapter(tmp_path_factory):
    """adapter("go") is the argv of that adapter, written by init; built once, also for several workers of pytest."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent

    def make(language):
        with open(folder / f"adapter-{language}.lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            made = folder / f"adapter-{language}"
            if not made.exists():
                made.mkdir()
                build(language, made)
        return words_of(language, ADAPTERS[language], made)

    return make


def words_of(language, words, folder):
    file = folder / f"adapter.{ENDINGS.get(language, language)}"
    return [word.format(file=file, binary=folder / "adapter", folder=folder) for word in words]


def build(language, folder):
    file, = words_of(language, ["{file}"], folder)
    subprocess.run([RETRYSPEC, "init", "--lang", language, "--out", file],
                   check=True, stdout=subprocess.DEVNULL)
    if language in COMPILERS:
        subprocess.run(words_of(language, COMPILERS[language], folder), check=True, cwd=folder)


def variables(the_plan):
    """The plan, a variable each."""
    values = the_plan | {"payload": json.dumps(the_plan["payload"] or {"token": "<token>"})}
    return {f"RETRYSPEC_PLAN_{key.upper()}": str(value) for key, value in values.items()}


@pytest.fixture
def run(adapter, tmp_path):
    """run(language, script, plan) -> (results by call, server)"""
    servers = []

    def go(language, script, the_plan, expect_code=0):
        server = Server(script)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        results = tmp_path / "results"
        done = subprocess.run(
            adapter(language), timeout=120, cwd=tmp_path, text=True,
            capture_output=True,
            env=os.environ | variables(the_plan) | {
                "RETRYSPEC_BASE_URL": server.url, "RETRYSPEC_PLAN": json.dumps(the_plan),
                "RETRYSPEC_RESULTS": str(results), "RETRYSPEC_SCENARIO": "test",
                "RETRYSPEC_PROFILE": "test", "RETRYSPEC_SEED": "1",
                "RETRYSPEC_API_KEY": "dummy"})
        assert done.returncode == expect_code, done.stderr
        lines = [json.loads(line) for line in results.read_text().splitlines()]
        by_call = {line["call"]: line for line in lines}
        assert len(by_call) == len(lines), "one line a call"
        return by_call, server

    yield go
    for server in servers:
        server.stopping.set()
        server.shutdown()
        server.server_close()


def ok(count, server):
    return 200, {}, b"hello"


each = pytest.mark.parametrize("language", ADAPTERS)


@each
def test_a_call_that_succeeds(run, language):
    results, server = run(language, ok, plan())
    line = results["rs-0-0"]
    assert line["outcome"] == "ok"
    assert line["status"] == 200
    assert line["sha256"] == hashlib.sha256(b"hello").hexdigest()
    assert [json.loads(seen["body"]) for seen in server.seen] == [{"token": "rs-0-0"}]


@each
def test_the_payload_of_the_plan(run, language):
    payload = {"model": "m", "n": [1, {"user": "<token>"}], "again": "x <token>"}
    _, server = run(language, ok, plan(payload=payload, method="PUT"))
    sent = json.loads(server.seen[0]["body"])
    assert sent == {"model": "m", "n": [1, {"user": "rs-0-0"}], "again": "x rs-0-0"}
    assert server.seen[0]["method"] == "PUT"


@each
@pytest.mark.parametrize("path", ["/v1/blob", "/v1/blob?size=1"])
def test_get_carries_the_token_in_its_query(run, language, path):
    results, server = run(language, ok, plan(method="GET", path=path))
    seen = server.seen[0]
    query = parse_qs(urlsplit(seen["path"]).query)
    assert seen["method"] == "GET" and seen["body"] == b""
    assert urlsplit(seen["path"]).path == "/v1/blob"
    assert query == {"token": ["rs-0-0"]} | ({"size": ["1"]} if "?" in path else {})
    assert results["rs-0-0"]["outcome"] == "ok"


@each
def test_retries_after_the_time_of_the_header(run, language):
    def script(count, server):
        return (429, {"Retry-After": "2"}, b"") if count == 0 else ok(count, server)

    results, server = run(language, script, plan())
    assert results["rs-0-0"]["outcome"] == "ok"
    first, second = server.seen
    assert second["time"] - first["time"] >= 1.98


@each
def test_a_final_status_is_an_error_with_its_status(run, language):
    results, server = run(language, lambda count, server: (404, {}, b"no"), plan())
    line = results["rs-0-0"]
    assert (line["outcome"], line["status"]) == ("error", 404)
    assert line["error"]
    assert len(server.seen) == 1


@each
def test_no_answer_is_an_error_with_a_name(run, language):
    results, server = run(language, lambda count, server: (None, {}, b""), plan())
    line = results["rs-0-0"]
    assert line["outcome"] == "error" and line["error"]
    assert len(server.seen) >= 1


@each
def test_a_truncated_answer_is_no_success(run, language):
    """The length says more than came."""
    results, server = run(language, lambda count, server: (200, {"Content-Length": "9"}, b"hell") if count == 0
                          else ok(count, server), plan())
    line = results["rs-0-0"]
    if line["outcome"] == "ok":
        assert len(server.seen) == 2
        assert line["sha256"] == hashlib.sha256(b"hello").hexdigest()
    else:  # curl does not retry it
        assert language == "sh" and line["error"] == "curl exit 18"


@each
@pytest.mark.parametrize("headers, sent", [
    ({"Transfer-Encoding": "chunked"}, b"4\r\nhell\r\n1\r\no\r\n0\r\n\r\n"), ({"Connection": "close"}, b"hello")])
def test_every_way_to_frame_a_body(run, language, headers, sent):
    results, server = run(language, lambda count, server: (200, headers, sent), plan())
    assert results["rs-0-0"]["sha256"] == hashlib.sha256(b"hello").hexdigest()
    assert len(server.seen) == 1


@each
def test_every_call_of_every_client(run, language):
    results, server = run(language, ok, plan(clients=3, calls=4, concurrency=2))
    tokens = {f"rs-{client}-{call}" for client in range(3) for call in range(4)}
    assert set(results) == tokens
    assert {seen["token"] for seen in server.seen} == tokens
    assert all(line["outcome"] == "ok" for line in results.values())


@each
def test_concurrency_is_a_limit_and_is_used(run, language):
    def slow(count, server):
        server.stopping.wait(0.4)
        return ok(count, server)

    _, server = run(language, slow, plan(calls=6, concurrency=3))
    assert server.peak <= 3
    assert server.peak >= 2


@each
def test_the_caller_loses_patience(run, language):
    def silent(count, server):
        server.stopping.wait(60)
        return ok(count, server)

    begin = time.monotonic()
    results, _ = run(language, silent, plan(give_up_ms=1500))
    assert time.monotonic() - begin < 45
    assert results["rs-0-0"]["outcome"] == "error"


@each
def test_the_read_timeout_ends_an_attempt(run, language):
    def silent_once(count, server):
        if count == 0:
            server.stopping.wait(60)
        return ok(count, server)

    begin = time.monotonic()
    results, server = run(language, silent_once, plan(read_timeout_ms=1000))
    assert time.monotonic() - begin < 45
    assert results["rs-0-0"]["outcome"] == "ok"
    assert len(server.seen) == 2


@pytest.mark.parametrize("language", [name for name in ADAPTERS if name != "go"])
def test_started_by_hand_it_says_how_to_start_it(adapter, language):
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("RETRYSPEC_")}
    done = subprocess.run(adapter(language), env=environment, text=True,
                          capture_output=True, timeout=60)
    assert done.returncode not in (0, 77)
    assert "start me with: retryspec smoke -- " in done.stderr


@each
def test_smoke_finds_it_wired(adapter, tmp_path, language):
    done = subprocess.run([RETRYSPEC, "smoke", "--out", tmp_path, "--", *adapter(language)],
                          text=True, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_java_runs_it_from_its_source(adapter, tmp_path):
    folder = adapter("java")[-2]
    done = subprocess.run([RETRYSPEC, "smoke", "--out", tmp_path, "--", "java", f"{folder}/adapter.java"],
                          text=True, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr


@each
def test_run_judges_it(adapter, tmp_path, language):
    """As init writes them they obey the plainest profile where it is plain."""
    done = subprocess.run(
        [RETRYSPEC, "run", "retry-after/429-seconds", "--inconclusive", "pass", "--out", tmp_path,
         "--", *adapter(language)],
        text=True, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
