"""Runs the measurements of scripts/bench and prints one table a question, with ratios."""
import argparse
import json
import os
import pathlib
import re
import resource
import signal
import socket
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HERE = pathlib.Path(__file__).resolve().parent
BENCH = ROOT / "build/bench"
HUNG = 5000


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def exchange(port, path, timeout=5.0, host="127.0.0.1"):
    """One request on a new connection; returns the first bytes of the answer."""
    with socket.create_connection((host, port), timeout=timeout) as sock:
        sock.settimeout(timeout)
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        return sock.recv(64)


class Server:
    """A server in a child process. Paths are None where the server can't do it."""
    name = ""
    paths = {}
    note = ""

    def __init__(self, folder):
        self.folder = folder
        self.child = None
        self.port = 0

    def argv(self):
        raise NotImplementedError

    def is_here(self):
        return True

    def prepare(self):
        """Called once the server answers."""

    def start(self):
        self.port = free_port()
        began = time.perf_counter()
        self.child = subprocess.Popen(self.argv(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while time.perf_counter() - began < 30:
            try:
                if exchange(self.port, self.paths.get("ok", "/")):
                    took = time.perf_counter() - began
                    self.prepare()
                    return took
            except OSError:
                time.sleep(0.0001)
        raise SystemExit(f"bench: {self.name} does not answer")

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def check(self):
        """A fast wrong answer is no result."""
        for path, status in (("static", b"503"), ("ok", b"200"), ("delay", b"200")):
            if path in self.paths:
                answer = exchange(self.port, self.paths[path])
                if answer[9:12] != status:
                    raise SystemExit(f"bench: {self.name} answers {answer!r} to {self.paths[path]}")

    def cpu_us(self):
        """Processor time of all its threads so far."""
        tasks = pathlib.Path(f"/proc/{self.child.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1000

    def rss_kib(self):
        for line in open(f"/proc/{self.child.pid}/status"):
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        return 0


class Bare(Server):
    name = "bare libmicrohttpd"
    paths = {name: f"/{name}" for name in ("static", "seq", "delay", "hang", "ok")}

    def argv(self):
        return [BENCH / "bare_mhd", str(self.port)]


class Ours(Server):
    name = "retryspec serve"
    paths = Bare.paths

    def argv(self):
        return [ROOT / "build/release/retryspec", "serve", HERE / "scenario.jsonc", "--port", str(self.port),
                "--trace", str(self.folder / f"trace-{self.port}.ndjson")]


class GoHttpbin(Server):
    name = "go-httpbin"
    paths = {"static": "/status/503", "delay": "/delay/0.1", "ok": "/status/200"}
    note = "no sequences; no hang"

    def is_here(self):
        return (BENCH / "go-httpbin").exists()

    def argv(self):
        return [BENCH / "go-httpbin", "-host", "127.0.0.1", "-port", str(self.port)]


class WireMock(Server):
    name = "WireMock"
    paths = {"static": "/static", "seq": "/seq", "delay": "/delay", "ok": "/ok"}
    note = "one sequence for all keys; hang only as a delay"

    def is_here(self):
        return (BENCH / "wiremock.jar").exists()

    def argv(self):
        mappings = self.folder / "mappings"
        mappings.mkdir(exist_ok=True)
        stubs = [self.stub("/static", 503), self.stub("/ok", 200), self.stub("/delay", 200, fixedDelayMilliseconds=100)]
        states = ["Started", "second", "third"]
        for index, status in enumerate((429, 429, 200)):
            stubs.append({**self.stub("/seq", status), "scenarioName": "seq",
                          "requiredScenarioState": states[index], "newScenarioState": states[(index + 1) % 3]})
        (mappings / "all.json").write_text(json.dumps({"mappings": stubs}))
        return ["java", "-jar", BENCH / "wiremock.jar", "--bind-address", "127.0.0.1", "--port", str(self.port),
                "--root-dir", str(self.folder), "--async-response-enabled", "true", "--async-response-threads", "50",
                "--container-threads", "64", "--no-request-journal", "--disable-request-logging"]

    @staticmethod
    def stub(path, status, **more):
        return {"request": {"method": "GET", "url": path},
                "response": {"status": status, "jsonBody": {"ok": True}, **more}}


def wrk(server, path, seconds, connections, script, threads=1, argument=""):
    """The numbers of the script's RESULT line, then microseconds of the server's processor a request."""
    command = ["wrk", "-t", str(threads), "-c", str(connections), "-d", f"{seconds}s", "-s", str(HERE / script),
               f"http://127.0.0.1:{server.port}{path}"]
    if argument:
        command += ["--", argument]
    before = server.cpu_us()
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    used = server.cpu_us() - before
    line = next(line for line in out.splitlines() if line.startswith("RESULT"))
    numbers = [float(word) for word in line.split()[1:]]
    if numbers[-1] > 0:
        raise SystemExit(f"bench: {server.name}: {numbers[-1]:.0f} connections failed at {path}")
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    return numbers + [used / requests]


def table(title, columns, rows):
    print(f"\n{title}")
    widths = [max(len(str(row[i])) for row in [columns, *rows]) for i in range(len(columns))]
    for row in [columns, *rows]:
        print("  " + "  ".join(str(cell).ljust(width) if i == 0 else str(cell).rjust(width)
                               for i, (cell, width) in enumerate(zip(row, widths))))


def rounds_of(servers, options, path, measure):
    """Rounds are interleaved, so that a busy moment of the machine meets every server. The one before
    the first does not count: Java compiles what it meets often."""
    results = {server: [] for server in servers if path in server.paths}
    for server in results:
        measure(server, "warm-up")
    for number in range(options.rounds):
        for server in results:
            results[server].append(measure(server, number))
    return results


def median_column(runs, index):
    return statistics.median(run[index] for run in runs)


def throughput(servers, options):
    results = rounds_of(servers, options, "static", lambda server, _: wrk(
        server, server.paths["static"], options.seconds, 32, "latency.lua"))
    ratio_table("A static 503, 32 connections", results)


def ratio_table(title, results, extra=None):
    """The ratio is the median of the rounds' ratios: what disturbs a round disturbs both."""
    yardstick = next((runs for server, runs in results.items() if isinstance(server, Bare)), None)
    rows = []
    for server, runs in results.items():
        ratio = f"{statistics.median(a[0] / b[0] for a, b in zip(runs, yardstick)):.2f}" if yardstick else "-"
        row = [server.name, f"{median_column(runs, 0):,.0f}", ratio,
               f"{min(run[0] for run in runs):,.0f} to {max(run[0] for run in runs):,.0f}",
               f"{median_column(runs, -1):.1f}"]
        rows.append(row + ([f"{sum(run[1] for run in runs):.0f}"] if extra else []))
    table(title, ["server", "requests/s", "x bare", "rounds", "CPU us"] + ([extra] if extra else []), rows)


def sequence(servers, options):
    results = rounds_of(servers, options, "seq", lambda server, number: wrk(
        server, server.paths["seq"], options.seconds, 32, "seq.lua", threads=32, argument=f"r{number}"))
    ratio_table("A sequence 429, 429, 200 for each of 32 keys", results, "out of order")


def lateness(servers, options):
    results = rounds_of(servers, options, "delay", lambda server, _: wrk(
        server, server.paths["delay"], options.seconds, 200, "latency.lua"))
    rows = []
    for server, runs in results.items():
        late = [statistics.median(run[i] for run in runs) / 1000 - 100 for i in (1, 2, 3, 4)]
        rows.append([server.name] + [f"{value:.2f}" for value in late] +
                    ["EARLY" if min(run[1] for run in runs) < 100_000 else "never"])
    table("Lateness of a delay of 100 ms, 200 connections, ms", ["server", "least", "p50", "p99", "most", "early"], rows)


def hung(servers, _options):
    rows = []
    for server in servers:
        if "hang" in server.paths:
            rows.append(hold(server))
    table(f"{HUNG} connections with a request that is never answered",
          ["server", "KiB a connection", "a normal request meanwhile: p50 ms", "p99", "most"], rows)


def hold(server):
    server.stop()  # memory that earlier requests left free would be used again
    server.start()
    before = server.rss_kib()
    held = []
    request = f"GET {server.paths['hang']} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    for _ in range(HUNG):
        sock = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        sock.sendall(request)
        held.append(sock)
    time.sleep(1)
    each = (server.rss_kib() - before) / HUNG
    times = []
    for _ in range(200):
        began = time.perf_counter()
        exchange(server.port, server.paths["ok"])
        times.append((time.perf_counter() - began) * 1000)
        time.sleep(0.005)
    for sock in held:
        sock.close()
    times.sort()
    return [server.name, f"{each:.2f}", f"{times[100]:.2f}", f"{times[197]:.2f}", f"{times[-1]:.2f}"]


def start_up(servers, folder):
    rows = []
    for kind in servers:
        took = []
        for _ in range(1 if kind is WireMock else 7):
            server = kind(folder)
            took.append(server.start() * 1000)
            server.stop()
        rows.append([kind.name, f"{statistics.median(took):.1f}", f"{min(took):.1f}", f"{max(took):.1f}"])
    table("From start to the first answer, ms", ["server", "median", "least", "most"], rows)


def go_first():
    """Servers and load generators inherit it: what else runs here then hardly disturbs them."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(10))
    except PermissionError:
        return "normal priority"
    return "real-time priority"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="ours,bare,go-httpbin,wiremock")
    options = parser.parse_args()
    soft_hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft_hard[1], soft_hard[1]))
    kinds = {"ours": Ours, "bare": Bare, "go-httpbin": GoHttpbin, "wiremock": WireMock}
    chosen = [kinds[name] for name in options.only.split(",")]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        chosen = [kind for kind in chosen if kind(folder).is_here()]
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}, {go_first()}; "
              "the load generator shares them: read the ratios")
        start_up(chosen, folder)
        servers = [kind(folder) for kind in chosen]
        try:
            for server in servers:
                server.start()
                server.check()
            for measure in (throughput, sequence, lateness, hung):
                measure(servers, options)
        finally:
            for server in servers:
                if server.child:
                    server.stop()


if __name__ == "__main__":
    main()
