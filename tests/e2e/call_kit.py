"""A tiny server that does what libcurl must not gloss over, and the reference
client against it: for the tests of `retryspec call`."""
import itertools
import json
import os
import re
import socket
import struct
import subprocess
import threading
import time

import pytest

RETRYSPEC = os.environ["RETRYSPEC"]
SLACK = 5.0  # seconds that a busy machine may take


# -- the server -------------------------------------------------------------

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
BUSY = b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"


def reset(conn):
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()


def answer(data):
    """Sends the bytes and keeps the connection."""
    def act(conn):
        conn.sendall(data)
        return True
    return act


def close_after(data):
    def act(conn):
        conn.sendall(data)
        conn.shutdown(socket.SHUT_WR)
        conn.settimeout(SLACK)
        while conn.recv(4096):
            pass
    return act


def reset_after(data):
    def act(conn):
        conn.sendall(data)
        time.sleep(0.1)  # so that the bytes are read before the RST
        reset(conn)
    return act


def hang_after(data):
    def act(conn):
        conn.sendall(data)
        conn.settimeout(60)
        while conn.recv(4096):
            pass
    return act


class Server:
    """Answers request i, in order of arrival, by script[i]; the last one repeats."""

    def __init__(self, *script):
        self.script = script
        self.requests = []  # (time, connection, head, body)
        self.gone = []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        for number in itertools.count(1):
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(conn, number), daemon=True).start()

    def serve(self, conn, number):
        try:
            with conn:
                while self.serve_one(conn, number):
                    pass
        except OSError:
            pass
        self.gone.append((time.monotonic(), number))

    def serve_one(self, conn, number):
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
        with self.lock:
            act = self.script[min(len(self.requests), len(self.script) - 1)]
            self.requests.append((time.monotonic(), number, head.decode(), body))
        return act(conn)

    def gaps(self):
        times = [request[0] for request in self.requests]
        return [b - a for a, b in itertools.pairwise(times)]

    def connections(self):
        return [request[1] for request in self.requests]

    def header(self, name):
        found = [re.search(rf"(?im)^{name}: *(.*?)\r?$", request[2]) for request in self.requests]
        return [match and match[1] for match in found]


@pytest.fixture
def serve():
    servers = []

    def start(*script):
        servers.append(Server(*script))
        return servers[-1]
    yield start
    for server in servers:
        server.listener.close()


# -- the client -------------------------------------------------------------

RETRY = {"on": {"status": ["429", "500-599"], "transport": ["any"]}, "do": "retry",
         "backoff": {"schedule": "constant", "base": "200ms"}, "retry_after": "ignored"}


def layer(**keys):
    return {"name": "sdk", "budget": {"attempts": 4}, "rules": [RETRY], **keys}


@pytest.fixture
def profile(tmp_path):
    def write(*layers, **keys):
        path = tmp_path / "profile.jsonc"
        path.write_text(json.dumps({"retryspec": 1, "profile": "test", "title": "t", "source": "t",
                                    "layers": layers or [layer()], **keys}))
        return path
    return write


def run(*arguments, env=None):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("RETRYSPEC_")}
    return subprocess.run([RETRYSPEC, "call", *map(str, arguments)], capture_output=True, text=True,
                          timeout=60, env={**clean, **(env or {})}, check=False)


def call(server, profile, *arguments):
    """Runs it with --json: (exit code, results, summary)."""
    done = run(f"{server.url}/v1/x", "-p", profile, "--json", *arguments)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines, done.stderr
    return done.returncode, lines[:-1], lines[-1]


def plan_environment(server, tmp_path, **plan):
    plan = {"method": "POST", "path": "/v1/x", "payload": None, "clients": 1, "calls": 1,
            "concurrency": 1, "start_spread_ms": 0, "read_timeout_ms": 0, "give_up_ms": 0, **plan}
    plan["tokens"] = [[f"rs-{client}-{number}" for number in range(plan["calls"])]
                      for client in range(plan["clients"])]
    return {"RETRYSPEC_PLAN": json.dumps(plan), "RETRYSPEC_BASE_URL": server.url,
            "RETRYSPEC_RESULTS": str(tmp_path / "results.ndjson")}


def results(tmp_path):
    return [json.loads(line) for line in (tmp_path / "results.ndjson").read_text().splitlines()]


# -- how many at once -------------------------------------------------------

class Gauge:
    """An answer that takes a while, and how many were going on at once."""

    def __init__(self):
        self.lock, self.now, self.peak = threading.Lock(), 0, 0

    def __call__(self, conn):
        with self.lock:
            self.now += 1
            self.peak = max(self.peak, self.now)
        time.sleep(0.05)
        with self.lock:
            self.now -= 1
        conn.sendall(OK)
        return True
