"""Requirements that need several calls, or the programs as a user runs them. Most are played in virtual time."""
import json
import os
import subprocess

import pytest

from conftest import PATIENCE

SECOND = 10**9
FOREVER = {"per": "run", "after_last": "repeat"}


def retryspec(*arguments, **options):
    return subprocess.run([os.environ["RETRYSPEC"], *map(str, arguments)], text=True, capture_output=True,
                          timeout=PATIENCE, stdin=subprocess.DEVNULL, **options)


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


class World:
    """Scenarios and profiles of one test, played by `retryspec sim`."""

    def __init__(self, folder):
        self.folder = folder

    def file(self, name, content):
        path = self.folder / name
        path.write_text(json.dumps(content))
        return path

    def play(self, profile, routes, seed=1, **workload):
        workload = {"request": "POST /v1/x", **workload}
        scenario = {"retryspec": 1, "id": "test/world", "title": "made by a test", "takes": "1s", "workload": workload,
                    "server": routes, "checks": ["OUT-1"]}
        done = retryspec("sim", self.file("world.jsonc", scenario), "-p", profile, "--seed", seed, "--out",
                         self.folder / "out")
        assert done.returncode in (0, 1), done.stdout + done.stderr
        self.trace = self.folder / "out/test/world/trace.ndjson"
        events = lines(self.trace)
        self.heads = [(event["call"], event["head"] / SECOND) for event in events if event["ev"] == "request"]
        self.ends = {event["id"]: event["t"] / SECOND for event in events if event["ev"] == "response"}
        self.results = {event["call"]: event["outcome"] for event in events if event["ev"] == "result"}
        return self

    def times(self, call="rs-0-0"):
        return [at for key, at in self.heads if key == call]

    def judged_by(self, profile):
        """The rules that another profile finds broken."""
        done = retryspec("judge", self.trace, "--scenario", self.folder / "world.jsonc", "-p", profile, "--json")
        return {line["rule"] for line in findings(json.loads(done.stdout))}

    def peak(self):
        """Most requests in flight at a time."""
        events = lines(self.trace)
        steps = sorted([(e["head"], 1) for e in events if e["ev"] == "request"] +
                       [(e["t"], -1) for e in events if e["ev"] == "response"])
        level, most = 0, 0
        for _, change in steps:
            level += change
            most = max(most, level)
        return most


def findings(report):
    found = []

    def walk(node):
        if isinstance(node, dict):
            if node.get("verdict") == "fail" and "rule" in node:
                found.append(node)
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(report)
    return found


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def profile_of(*layers, **more):
    return {"retryspec": 1, "profile": "inline", "title": "made by a test", "source": "test", "layers": layers, **more}


def layer(name="only", statuses=("503",), base="1s", **more):
    rule = {"on": {"status": list(statuses), "transport": ["any"]}, "do": "retry", "retry_after": "ignored",
            "backoff": {"schedule": "constant", "base": base}}
    return {"name": name, "rules": [rule], **more}


def always(status, **more):
    return {"match": "POST /v1/x", "steps": [{"reply": status, **more}], **FOREVER}


def steps(*replies):
    return {"match": "POST /v1/x", "steps": [{"reply": reply} for reply in replies], "per": "call", "after_last": "repeat"}


# S0-01, S0-46, S0-54, S0-58, S0-75, S1-81: a client that never retries is told from one that its profile says does
def test_a_client_without_retries_is_found(world):
    world.play("tinker-http-asample", [steps(503, 200)])
    assert len(world.times()) == 1
    assert "ST-1" in world.judged_by("tinker-retry-handler")


# S0-10, S0-57, S0-123, S1-07, S1-37, S1-83, S1-113, S1-114, S1-126, S2-07, TP-10: never more at a time than slots
@pytest.mark.parametrize("limit", [1, 10])
def test_slots_bound_what_is_in_flight(world, limit):
    profile = world.file("p.jsonc", profile_of(layer(slots={"limit": limit, "scope": "handler", "held": "call"})))
    world.play(profile, [always(200, delay="50ms")], calls=50, concurrency=50)
    assert world.peak() == limit and len(world.results) == 50
    free = world.file("free.jsonc", profile_of(layer()))
    assert world.play(free, [always(200, delay="50ms")], calls=50, concurrency=50).peak() == 50


# S1-18, S2-07: the slot is held through the waits between attempts
def test_a_slot_is_held_through_waits(world):
    profile = world.file("p.jsonc", profile_of(layer(slots={"limit": 1, "held": "call"})))
    world.play(profile, [steps(503, 503, 200)], calls=2, concurrency=2)
    first, second = world.times("rs-0-0"), world.times("rs-0-1")
    assert first[-1] < second[0] or second[-1] < first[0]


# S0-02, S0-09, S1-41, S1-92: the numbers of the layers, each its own
@pytest.mark.parametrize("profile, words", [
    ("tinker-retry-handler-0.6.3", "1000"), ("tinker-retry-handler", "2000"), ("tinkex-retryconfig", "1000"),
    ("tinkex-retryconfig-0.1.9", "100")])
def test_limits_of_the_profiles(profile, words):
    shown = retryspec("show", profile).stdout
    assert any("slot" in line and words in line.replace(",", "") for line in shown.splitlines())


LIMITER = {"scope": "url-and-key"}


def limiter(**more):
    rule = {"on": {"status": ["429"]}, "do": "retry", "closes_limiter": True, "retry_after": "ignored",
            "backoff": {"schedule": "constant", "base": "5s"}}
    return {"name": "limited", "rate_limiter": {**LIMITER, **more}, "rules": [rule]}


# S0-77, S0-100, S0-114, S1-52, S2-45, S2-46, TP-7: nobody sends inside the window, an attempt is a request of its own
def test_nobody_sends_inside_a_window(world):
    profile = world.file("p.jsonc", profile_of(limiter()))
    world.play(profile, [{"match": "POST /v1/x", "steps": [{"reply": 429}, {"reply": 200}], "per": "run",
                          "after_last": "repeat"}], clients=2, calls=3, start_spread="2s")
    times = sorted(at for _, at in world.heads)
    closed = world.ends[1]
    assert not [at for at in times[1:] if closed < at < closed + 4.99]
    assert len(world.results) == 6 and set(world.results.values()) == {"ok"}


# S2-42, S2-47, S3-19, S1-53, S1-57: clients of another key do not wait: a window of one's own
def test_a_window_of_ones_own(world):
    profile = world.file("p.jsonc", profile_of(limiter(scope="holder")))
    world.play(profile, [{"match": "POST /v1/x", "steps": [{"reply": 429}, {"reply": 200}], "per": "run",
                          "after_last": "repeat"}], clients=2, start_spread="2s")
    others = [times for times in (world.times("rs-0-0"), world.times("rs-1-0")) if len(times) == 1]
    assert len(others) == 1 and others[0][0] < 3


# S1-106: one wait for the window, not a hundred looks
def test_one_wait_is_exact(world):
    profile = world.file("p.jsonc", profile_of(limiter()))
    first, second = world.play(profile, [steps(429, 200)]).times()
    assert second - first == pytest.approx(5, abs=.01)


# S0-91, S0-99, S0-110, S0-83: with retries a failing call takes longer and succeeds; without it fails at once
def test_with_and_without_retries(world):
    with_retries = world.play("tinkex-retryconfig-adr", [steps(503, 503, 200)])
    assert with_retries.results["rs-0-0"] == "ok" and with_retries.times()[-1] > 1
    without = world.play("tinkex-adr-disabled", [steps(503, 503, 200)])
    assert without.results["rs-0-0"] == "error" and len(without.times()) == 1


# S0-85, S1-80, S1-79, S1-24: a fault of the transport is an attempt like others, and the last one is what the caller learns
def test_a_raised_error_is_an_attempt(world):
    profile = world.file("p.jsonc", profile_of(layer(budget={"attempts": 3})))
    world.play(profile, [{"match": "POST /v1/x", "steps": [{"reply": 200, "fault": {"do": "reset"}}], **FOREVER}])
    assert len(world.times()) == 3
    result = [event for event in lines(world.trace) if event["ev"] == "result"][0]
    assert result["outcome"] == "error" and "reset" in result["error"]


# S0-124, S0-59, S1-09, S1-28: what is retryable can be chosen
@pytest.mark.parametrize("statuses, attempts", [(["503"], 1), (["418", "503"], 2)])
def test_what_is_retryable_can_be_chosen(world, statuses, attempts):
    profile = world.file("p.jsonc", profile_of(layer(statuses=statuses)))
    assert len(world.play(profile, [steps(418, 200)]).times()) == attempts


# S0-23, S0-96, S0-104, S0-116, S1-73, S1-110: what is left out has its default, and shows it
def test_what_is_left_out_has_its_default(world):
    shown = retryspec("show", world.file("p.jsonc", profile_of(layer(slots={"limit": 3})))).stdout
    assert "unlimited" in shown or "no limit" in shown
    assert "client" in shown


# S0-97, S0-103, S1-11, S1-74, S1-111, S1-109: every wrong value is an error with its place, none a crash
@pytest.mark.parametrize("change, message", [
    ({"slots": {"limit": 0}}, "limit"), ({"slots": {"limit": -1}}, "limit"),
    ({"budget": {"attempts": -1}}, "attempts"), ({"budget": {"attempts": 1.5}}, "attempts"),
    ({"progress": {"timeout": "-1s"}}, "timeout"), ({"progress": {"timeout": 1800}}, "1800s"),
    ({"progress": []}, "object"), ({"rules": {}}, "array"), ({"slots": {"limits": 3}}, "limit"),
    ({"rules": [{"on": {"status": ["503"]}, "do": "retry", "retry_after": "ignored",
                 "backoff": {"schedule": "exponential", "base": "-1s"}}]}, "base"),
    ({"rules": [{"on": {"status": ["503"]}, "do": "retry", "retry_after": "ignored",
                 "backoff": {"schedule": "exponential", "base": "1s", "jitter": {"symmetric": -.5}}}]}, "symmetric"),
    ({"rules": [{"on": {"status": ["503"]}, "do": "retry", "retry_after": "ignored",
                 "backoff": {"schedule": "exponential", "base": "2s", "cap": "1s"}}]}, "cap")])
def test_wrong_values_are_errors(world, change, message):
    done = retryspec("lint", world.file("wrong.jsonc", profile_of({**layer(), **change})))
    assert done.returncode == 2 and "wrong.jsonc" in done.stdout + done.stderr
    assert message in done.stdout + done.stderr


# S0-115, S0-117, S0-118, S0-119, S0-120, S0-69, S0-72, S1-01, S1-08, S2-02, S2-05: each of the values has its place
def test_every_value_has_its_place(world):
    whole = layer(enabled=False, slots={"limit": 50}, progress={"timeout": "600s", "clock": "handler"},
                  budget={"attempts": 6})
    whole["rules"][0]["backoff"] = {"schedule": "exponential", "base": "1s", "factor": 2, "cap": "20s",
                                    "jitter": {"symmetric": 0.5}, "clip": True}
    whole["rules"][0]["on"]["status"] = ["408", "409", "429", "500-599"]
    path = world.file("p.jsonc", profile_of(whole))
    assert retryspec("lint", path).returncode == 0
    assert len(world.play(path, [always(503)]).times()) == 1


# S0-101, S1-12, S1-76, S1-119, S0-75: the profile that is named reaches the client, wherever it is made
def test_the_profile_reaches_the_client(tmp_path):
    scenario = {"retryspec": 1, "id": "test/reaches", "title": "t", "takes": "2s",
                "workload": {"request": "POST /v1/x", "clients": 3}, "server": [steps(503, 200)], "checks": ["ST-1", "BO-1"]}
    (tmp_path / "s.jsonc").write_text(json.dumps(scenario))
    (tmp_path / "p.jsonc").write_text(json.dumps(profile_of(layer(base="200ms"))))
    done = retryspec("run", tmp_path / "s.jsonc", "-p", tmp_path / "p.jsonc", "--", os.environ["RETRYSPEC"], "call")
    assert done.returncode == 0, done.stdout + done.stderr


# S0-112, S0-111, S1-124: the whole flow against the mock server, judged
def test_the_whole_flow(tmp_path):
    done = retryspec("run", "retry-after/429-seconds", "-p", "tinkex-http", "--out", tmp_path / "out", "--",
                     os.environ["RETRYSPEC"], "call")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "RA-1" in (tmp_path / "out/report.json").read_text()


# S0-39, S4-30, S4-41, S4-42: what a client sends along is in the trace: route, key, request id
@pytest.mark.parametrize("headers", [["X-Tinker-Sampling-Backpressure: 1"], ["Authorization: Bearer k", "X-Request-ID: r-1"], []])
def test_headers_are_in_the_trace(serve, headers):
    server = serve([{"match": "POST /api/v1/asample", "reply": 200}])
    with server.connect() as client:
        client.request("/api/v1/asample", "POST", headers)
        assert client.read_response().status == 200
    server.stop()
    sent = {name.lower(): value for name, value in server.trace("request")[0]["headers"]}
    for line in headers:
        name, value = line.split(": ")
        assert sent[name.lower()] == value
    assert ("authorization" in sent) == any(line.startswith("Authorization") for line in headers)


# S4-32, S4-33: a request on another route meets no reply and is told so
@pytest.mark.parametrize("path, status", [("/v1/chat/completions", 200), ("/v1/completions", 418)])
def test_the_route_is_judged(serve, path, status):
    server = serve([{"match": "POST /v1/chat/completions", "reply": 200}])
    with server.connect() as client:
        client.request(path, "POST")
        assert client.read_response().status == status


# S4-X10: a body that is no JSON is a success all the same, unless a rule looks into it
def test_a_body_that_is_no_json(world):
    assert world.play("go-llmd", [always(200, text="not JSON")]).results["rs-0-0"] == "ok"
    rules = [{"on": {"status": ["200"], "body": {"pointer": "/category", "value": "server"}}, "do": "retry",
              "retry_after": "ignored", "backoff": {"schedule": "none"}}]
    profile = world.file("p.jsonc", profile_of({"name": "looks", "rules": rules, "budget": {"attempts": 2}}))
    assert len(world.play(profile, [always(200, text="not JSON")]).times()) == 1
    assert len(world.play(profile, [always(200, json={"category": "server"})]).times()) == 2


# S4-X6, S4-31: a client that sends nothing and claims success is caught
def test_no_request_and_no_error_is_caught(tmp_path):
    script = tmp_path / "silent.sh"
    script.write_text('for call in rs-0-0; do echo "{\\"call\\":\\"$call\\",\\"outcome\\":\\"ok\\",\\"status\\":200}" '
                      '>> "$RETRYSPEC_RESULTS"; done\n')
    scenario = {"retryspec": 1, "id": "test/silent", "title": "t", "takes": "1s", "workload": {"request": "POST /v1/x"},
                "server": [steps(503, 200)], "checks": ["ST-1"]}
    (tmp_path / "s.jsonc").write_text(json.dumps(scenario))
    done = retryspec("run", tmp_path / "s.jsonc", "-p", "go-llmd", "--skip-smoke", "--", "sh", script)
    assert done.returncode not in (0, 2), done.stdout + done.stderr


# S4-X7: what is written is meant: an explicit 0 is no default
def test_an_explicit_zero_is_zero(world):
    profile = profile_of(layer())
    profile["layers"][0]["rules"][0]["backoff"] = {"schedule": "exponential", "base": "1s", "jitter": {"symmetric": 0}}
    first, second, third = world.play(world.file("p.jsonc", profile), [steps(503, 503, 200)]).times()[:3]
    assert second - first == pytest.approx(1, abs=.01) and third - second == pytest.approx(2, abs=.01)


# S1-88, S1-89: the same first delay, another cap
def test_defaults_that_agree_and_do_not(world):
    both = [retryspec("show", name).stdout for name in ("tinker-retry-handler-0.1", "tinkex-rh-legacy")]
    assert all("500ms" in text.replace(" ", "") for text in both)
    assert "8s" in both[1].replace(" ", "") and "8s" not in both[0].replace(" ", "")


# S1-85, S0-55, S0-108, S1-95: full jitter instead of 25 % is found by its samples
def test_wrong_jitter_is_found(world):
    world.play("tinkex-rh-legacy", [steps(503, 200)], calls=40, concurrency=40)
    assert "BO-1" in world.judged_by("tinkex-rh-0.1.9")


# S3-04, S1-93, S1-94, S1-96, S1-97: both sides back off, and both end without progress
@pytest.mark.parametrize("profile", ["tinker-retry-handler", "tinkex-retryconfig"])
def test_both_sides_back_off_and_end(world, profile):
    times = world.play(profile, [always(503)]).times()
    assert 7190 < times[-1] < 7212
    assert times[1] - times[0] < 1 < times[5] - times[4]


# S3-08: time that goes on while the wall clock jumps: the trace is monotonic
def test_the_trace_is_monotonic(world):
    world.play("tinker-retry-handler", [steps(503, 503, 503, 200)], calls=20, concurrency=5)
    times = [at for _, at in world.heads]
    assert times == sorted(times) and len(times) == 80


# S2-63: retries by status, and calls that failed, can be counted from a trace
def test_retries_can_be_counted_by_status(world):
    world.play("go-llmd", [steps(503, 429, 500, 200)], calls=3)
    answers = [event["status"] for event in lines(world.trace) if event["ev"] == "response"]
    assert [answers.count(status) for status in (503, 429, 500, 200)] == [3, 3, 3, 3]
