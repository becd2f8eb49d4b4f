"""Shared by the end-to-end tests: a mock server for a scenario, and a client on
a bare socket that tells what it really receives."""
import errno
import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault("RETRYSPEC", str(ROOT / "build/dev/retryspec"))
PATIENCE = 60  # seconds until a test gives up on a busy machine


def wait_until(condition, what, patience=PATIENCE):
    """The first true value of condition()."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.005)
    pytest.fail(f"waited {patience} s for {what}")


class Server:
    """A running `retryspec serve`."""

    def __init__(self, scenario_file, trace_file, options):
        self.trace_file = trace_file
        words = []
        for name, value in options.items():
            words += [f"--{name}"] if value is True else [f"--{name}", str(value)]
        self.process = subprocess.Popen(
            [os.environ["RETRYSPEC"], "serve", str(scenario_file), "--trace", str(trace_file), *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("ready http://"):
            self.process.kill()
            pytest.fail(f"not ready: {line!r} {self.process.stderr.read()}")
        self.url = line.split()[1]
        self.address = ("127.0.0.1", int(self.url.rsplit(":", 1)[1]))
        self.errors = ""
        self._reader = threading.Thread(target=self._drain, daemon=True)
        self._reader.start()

    def _drain(self):
        self.errors = self.process.stderr.read()

    def stop(self, number=signal.SIGTERM):
        """Ends the server; it must end well. Returns what it said on stderr."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        self.process.stdout.close()
        assert code == 0, f"exit code {code}\n{self.errors}"
        return self.errors

    def trace(self, ev=None):
        """The lines so far, of one kind or of all."""
        text = self.trace_file.read_text().rpartition("\n")[0]
        lines = [json.loads(line) for line in text.splitlines()]
        return [line for line in lines if ev in (None, line["ev"])]

    def wait_for(self, ev, count=1):
        """The lines of one kind, once there are so many."""
        def enough():
            lines = self.trace(ev)
            return lines if len(lines) >= count else None
        return wait_until(enough, f"{count} {ev} lines in {self.trace_file.read_text()}")

    def connect(self, **options):
        return Client(self.address, **options)

    def get(self, path="/", method="GET", headers=(), **options):
        """One request on a connection of its own; the whole story of it."""
        with self.connect(**options) as client:
            client.request(path, method, headers)
            return client.read_to_end()


class Client:
    """Bytes in, bytes out, and how it ended."""

    def __init__(self, address, timeout=PATIENCE):
        self.data = b""
        self.end = None  # "eof", "reset" or "timeout"
        self.times = []  # (seconds, bytes received so far)
        try:
            self.socket = socket.create_connection(address, timeout=timeout)
        except ConnectionResetError:  # RST was there before connect() returned
            self.socket = socket.socket()
            self.end = "reset"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def request(self, path="/", method="GET", headers=(), body=None):
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *headers]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode() + (body or b""))
        return self

    def _receive(self, patience):
        self.socket.settimeout(max(patience, 0.001))
        try:
            part = self.socket.recv(65536)
        except TimeoutError:
            self.end = "timeout"
        except ConnectionResetError as error:
            assert error.errno == errno.ECONNRESET
            self.end = "reset"
        else:
            self.data += part
            self.times.append((time.monotonic(), len(self.data)))
            if not part:
                self.end = "eof"

    def read_to_end(self, patience=PATIENCE):
        """Until FIN, RST or silence."""
        end = time.monotonic() + patience
        self.end = "reset" if self.end == "reset" else None
        while self.end is None:
            self._receive(end - time.monotonic())
        return self

    def read_response(self, patience=PATIENCE):
        """One response with Content-Length or chunked, off a living connection.
        The bytes after it stay."""
        end = time.monotonic() + patience
        self.end = None
        while True:
            response = Response.parse(self.data)
            if response and response.is_whole:
                self.data = self.data[response.size:]
                return response
            self._receive(end - time.monotonic())
            assert self.end is None, f"{self.end} after {self.data!r}"

    @property
    def response(self):
        return Response.parse(self.data)

    def reset(self):
        """Leaves with a RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()


class Response:
    """What the bytes say. `body` has what came of it."""

    @classmethod
    def parse(cls, data):
        head, found, rest = data.partition(b"\r\n\r\n")
        return cls(head, rest) if found else None

    def __init__(self, head, rest):
        lines = head.decode("latin-1").split("\r\n")
        self.version, status, *reason = lines[0].split(" ", 2)
        self.status, self.reason = int(status), "".join(reason)
        self.fields = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]
        self.size = len(head) + 4
        if self.get("transfer-encoding") == ["chunked"]:
            self.body, self.is_whole, used = unchunk(rest)
        else:
            length = self.get("content-length")
            limit = int(length[0]) if length else 0 if self.status < 200 or self.status in (204, 304) else None
            self.body = rest[:limit]
            self.is_whole = limit is not None and len(rest) >= limit
            used = len(self.body)
        self.size += used

    def get(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]


def unchunk(data):
    """(body so far, was it whole, bytes used)"""
    body, at = b"", 0
    while True:
        line, found, _ = data[at:].partition(b"\r\n")
        if not found:
            return body, False, at
        try:
            size = int(line, 16)
        except ValueError:
            return body, False, at
        at += len(line) + 2
        body += data[at:at + size]
        if len(data) < at + size + 2:
            return body, False, at
        at += size + 2
        if size == 0:
            return body, True, at


def scenario_of(*routes, **keys):
    """A scenario with these routes. A route without a "match" meets anything, one
    without steps or windows is itself the only step."""
    server = []
    for route in routes:
        route = dict(route)
        match = route.pop("match", "ANY /*")
        if "windows" in route:
            server.append({"match": match, **route})
            continue
        frame = {key: route.pop(key) for key in ("per", "after_last", "call") if key in route}
        steps = route.pop("steps", None) or [route]
        server.append({"match": match, "steps": steps, "per": "run", "after_last": "repeat", **frame})
    request = server[0]["match"].replace("ANY", "GET").replace("*", "")
    return {"retryspec": 1, "id": "test/raw", "title": "made by a test", "takes": "1s",
            "workload": {"request": request}, "server": server, "checks": ["OUT-1"], **keys}


@pytest.fixture
def serve(tmp_path):
    """serve(scenario, **options): a Server for a scenario dict, a list of routes
    or a path; stopped, and made to end well, after the test."""
    servers = []

    def start(scenario, **options):
        if isinstance(scenario, (list, tuple)):
            scenario = scenario_of(*scenario)
        if isinstance(scenario, dict):
            file = tmp_path / f"scenario-{len(servers)}.jsonc"
            file.write_text(json.dumps(scenario))
            scenario = file
        server = Server(scenario, tmp_path / f"trace-{len(servers)}.ndjson", options)
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()
