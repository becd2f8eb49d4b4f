"""`retryspec serve` as a program: what it prints where, and how it ends."""
import email.utils
import json
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

from conftest import PATIENCE, Client, scenario_of

TWO_STEPS = {"match": "GET /a", "steps": [{"reply": 429}, {"reply": 200, "fault": {"do": "reset", "at": "head"}}]}


def run(*arguments):
    return subprocess.run([os.environ["RETRYSPEC"], "serve", *map(str, arguments)], text=True, capture_output=True,
                          timeout=PATIENCE, stdin=subprocess.DEVNULL)


@pytest.fixture
def scenario(tmp_path):
    file = tmp_path / "s.jsonc"
    file.write_text(json.dumps(scenario_of(TWO_STEPS)))
    return file


def test_one_line_on_stdout_and_the_hints_on_stderr(scenario):
    done = run(scenario, "--for", "200ms", "--seed", "0x10")
    assert done.returncode == 0
    assert re.fullmatch(r"ready http://127\.0\.0\.1:\d+\n", done.stdout)
    assert "seed 16" in done.stderr and "curl -i" in done.stderr and "/a" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_summary_tells_what_was_reached_and_what_never(serve, number):
    server = serve([TWO_STEPS])
    server.get("/a", headers=["Connection: close"])
    said = server.stop(number)
    assert "1 requests on 1 connections, 0 unmatched" in said
    reached, never = [line for line in said.splitlines() if "server[0].steps" in line]
    assert reached.split()[0] == "1" and "429" in reached and "never" not in reached
    assert never.split()[0] == "0" and "reset at head" in never and never.endswith("never reached")


def test_summary_as_json(scenario):
    done = run(scenario, "--for", "100ms", "--json")
    ready, summary = done.stdout.splitlines()
    assert ready.startswith("ready ")
    summary = json.loads(summary)
    assert summary["requests"] == 0 and summary["lag_max_ns"] >= 0
    assert [(step["step"], step["reached"]) for step in summary["steps"]] == [
        ("server[0].steps[0]", 0), ("server[0].steps[1]", 0)]
    assert summary["steps"][1]["fault"] == "reset at head"


def dates(head):
    return [line.split(": ", 1)[1] for line in head.split("\r\n") if line.startswith("Date: ")]


def test_an_answer_says_when_it_was_made(serve):
    answers = [{"match": "GET /own", "steps": [{"reply": 200, "headers": {"Date": "Thu, 01 Jan 1970 00:00:00 GMT"}}],
                "after_last": "repeat"},
               {"match": "GET /a", "steps": [{"reply": 503}], "per": "run", "after_last": "repeat"}]
    server = serve(answers)
    for path in ("/a", "/a", "/own"):
        before = int(time.time())
        head = server.get(path, headers=["Connection: close"]).data.decode().split("\r\n\r\n")[0]
        said = dates(head)
        assert len(said) == 1
        at = email.utils.parsedate_to_datetime(said[0]).timestamp()
        assert at == 0 if path == "/own" else before - 1 <= at <= time.time()
        time.sleep(1.1)


def test_trace_on_stdout(scenario):
    done = run(scenario, "--for", "100ms", "--trace", "-")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("ready ")
    assert [json.loads(line)["ev"] for line in lines[1:]] == ["run", "end"]


def test_for_ends_it_and_not_before(scenario):
    began = time.monotonic()
    assert run(scenario, "--for", "500ms").returncode == 0
    assert time.monotonic() - began >= 0.5


def test_fixed_port_and_one_that_is_taken(serve, scenario):
    server = serve(scenario)
    done = run(scenario, "--port", server.address[1], "--for", "1s")
    assert done.returncode == 3 and done.stdout == ""
    assert f"can't listen on 127.0.0.1 port {server.address[1]}: Address already in use" in done.stderr
    server.stop()
    again = serve(scenario, port=server.address[1])
    assert again.address == server.address


def test_level_0_fits_any_request(serve, scenario):
    for level, status in ((0, 429), (1, 418)):
        server = serve(scenario, level=level)
        assert server.get("/other", headers=["Connection: close"]).response.status == status


def test_other_loopback_addresses(serve, scenario):
    server = serve(scenario, bind="127.0.0.2")
    assert server.url.startswith("http://127.0.0.2:")
    with Client(("127.0.0.2", server.address[1])) as client:
        assert client.request("/a").read_response().status == 429


@pytest.mark.parametrize("arguments,message", [
    ([], "name a scenario or a file"),
    (["a", "b"], "one scenario at a time"),
    (["x", "--port", "65536"], "--port 65536: it is a number from 0 to 65535"),
    (["x", "--port", "-1"], "--port -1: it is a number from 0 to 65535"),
    (["x", "--port", "1x"], "--port 1x"),
    (["x", "--seed", "ten"], "--seed ten: it is a number such as 7 or 0x1f"),
    (["x", "--level", "2"], "--level 2: it is 0 or 1"),
    (["x", "--for", "5"], "--for 5: it is a duration such as 500ms or 10s"),
    (["x", "--for", "0s"], "--for 0s"),
    (["x", "--json", "--trace", "-"], "--json and --trace - both write to standard output"),
    (["x", "--prot", "1"], "did you mean --port?")])
def test_wrong_usage(arguments, message):
    done = run(*arguments)
    assert done.returncode == 2 and message in done.stderr and done.stdout == ""
    assert "retryspec serve --help" in done.stderr


def test_what_does_not_load(tmp_path, scenario):
    assert run("no/such-scenario").returncode == 2
    done = run(scenario, "--bind", "localhost")
    assert done.returncode == 2 and "numeric address" in done.stderr
    done = run(scenario, "--trace", tmp_path / "no/folder")
    assert done.returncode == 3 and "can't write" in done.stderr


@pytest.mark.skipif(not pathlib.Path("/dev/full").exists(), reason="no /dev/full here")
def test_trace_that_can_not_be_written(scenario):
    done = run(scenario, "--for", "100ms", "--trace", "/dev/full")
    assert done.returncode == 3 and "can't write /dev/full" in done.stderr
