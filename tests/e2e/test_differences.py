"""Where a document and the real code differ, or two versions do, both are shipped as profiles: each client below
conforms to its own profile, and the named rule tells it from the other one. Contradictions are numbered as in the
comparison of the sources (C-01 and so on). Clients play in virtual time."""
import json
import os
import re
import subprocess

import pytest

RETRYSPEC = os.environ["RETRYSPEC"]
ASAMPLE = "POST /api/v1/asample"
OK = {"reply": 200, "delay": "10ms", "json": {"ok": True}}


def fail(status, **more):
    return {"reply": status, "delay": "10ms", "json": {"error": "scripted"}, **more}


def slow(duration, reply=200):
    return {"reply": reply, "delay": duration, "json": {}}


def story(folder, steps, per="call", follow_up=None, **workload):
    """A scenario file: steps of the request, and of the follow-up request."""
    routes = [{"match": ASAMPLE, "per": per, "after_last": "repeat", "steps": steps}]
    if follow_up:
        routes.append({"match": "POST /api/v1/retrieve_future", "per": "call", "after_last": "repeat",
                       "steps": follow_up})
    file = folder / "story.jsonc"
    file.write_text(json.dumps({
        "retryspec": 1, "id": "differences/story", "title": "two profiles", "takes": "1s",
        "workload": {"request": ASAMPLE, **workload}, "server": routes, "checks": ["OUT-1"]}))
    return file


def profile(folder, name, change=None):
    """A shipped profile by name, or a file with a change to its outermost layer."""
    if not change:
        return name
    text = subprocess.run([RETRYSPEC, "show", "--raw", name], check=True, capture_output=True, text=True).stdout
    data = json.loads(re.sub(r'("(?:[^"\\]|\\.)*")|//[^\n]*', lambda match: match[1] or "", text))
    change(data["layers"][0])
    file = folder / "changed.jsonc"
    file.write_text(json.dumps({**data, "profile": "changed"}))
    return file


def play(folder, scenario, client):
    done = subprocess.run([RETRYSPEC, "sim", scenario, "-p", client, "--out", folder / "out"], capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr  # it conforms to its own
    return folder / "out/differences/story/trace.ndjson"


def broken(trace, scenario, claim):
    done = subprocess.run([RETRYSPEC, "judge", trace, "--scenario", scenario, "-p", claim, "--json"],
                          capture_output=True, text=True, timeout=120)
    verdicts = json.loads(done.stdout)["scenarios"][0]["verdicts"]
    return {verdict["rule"] for verdict in verdicts if verdict["verdict"] == "fail"}


def backoffs(layer):
    return [rule["backoff"] for rule in layer["rules"] if "backoff" in rule]


# -- changes that make a profile of a sentence ----------------------------------------------------------------------

def clipped(layer):
    for backoff in backoffs(layer):
        backoff["clip"] = True


def four_statuses(layer):
    for rule in layer["rules"]:
        if "500-999" in rule["on"].get("status", []):
            rule["on"]["status"] = ["429", "500", "502-504"]


def literal_port(layer):
    layer["rules"][0]["backoff"]["first_exponent"] = -1


def unwatched(layer):
    del layer["progress"]


def kept_closed(layer):
    layer["rate_limiter"]["clears_on_success"] = False


def one_for_each(layer):
    layer["slots"].update(limit=1, scope="client")


def one_for_all(layer):
    layer["slots"].update(limit=1, scope="global")


ENDLESS = [fail(503)]
IN_USE = dict(calls=20)
PENDING = [slow("30s")]

# (what, client, claim, steps, rule that tells them apart, workload); a client or claim is a name, or (name, change)
DIFFERENCES = [
    ("C-01 100 or 1000 connections", "tinkex-retryconfig", "tinkex-retryconfig-0.1.9", [slow("1s")], "CC-1",
     dict(calls=150, concurrency=150)),
    ("C-02 progress timeout of 30 or 120 minutes", "tinker-retry-handler", "tinker-retry-handler-0.1",
     [slow("40min")], "PT-1", {}),
    ("C-02 the other way round", "tinker-retry-handler-0.1", "tinker-retry-handler", [slow("40min")], "TO-1", {}),
    ("C-03 409 is not retried by tinkex", "tinkex-retryconfig", "tinker-retry-handler", [fail(409), OK], "ST-1", {}),
    ("C-03 600 is", "tinkex-retryconfig", "tinker-retry-handler", [fail(600), OK], "ST-2", {}),
    ("C-05 tinker aborts an attempt in flight", "tinker-retry-handler", "tinkex-retryconfig", [slow("3h", 503), OK],
     "TO-1", {}),
    ("C-05 tinkex does not", "tinkex-retryconfig", "tinker-retry-handler", [slow("3h", 503), OK], "PT-1", {}),
    ("C-06 jitter of 100 % around the delay, not up to it", "tinkex-guide-handler", "tinkex-guide-doc-table",
     [*[fail(503)] * 4, OK], "BO-2", IN_USE),
    ("C-06 full jitter, not 25 %", "tinkex-guide-doc-table", "tinkex-retryconfig", [*[fail(503)] * 4, OK], "BO-1",
     IN_USE),
    ("C-07 0 to 8 s, not 0.5 to 8 s", "tinkex-http-legacy", "tinkex-http", [fail(503), OK], "BO-1", IN_USE),
    ("C-09 Retry-After is not read", "tinker-retry-handler", "tinker-retry-handler-documented",
     [fail(429, headers={"Retry-After": "7"}), OK], "RA-1", {}),
    ("C-13 the decision record retries without a configuration", "tinkex-retryconfig-adr", "tinkex-adr-disabled",
     ENDLESS, "ST-2", {}),
    ("C-14 RetryHandler of tinker has no limit of retries", "tinker-retry-handler", "tinkex-rh-0.1.9",
     [*[fail(503)] * 12, OK], "AT-2", {}),
    ("C-15 MaxRetries is 0 for the client, 3 for the processor", "go-llmd-disabled", "go-llmd", [fail(429)], "ST-1",
     {}),
    ("C-15 the other way round", "go-llmd", "go-llmd-disabled", [fail(429)], "AT-2", {}),
    ("C-16 jitter goes beyond the cap in Go", "go-llmd-aggressive", ("go-llmd-aggressive", clipped), ENDLESS, "BO-2",
     IN_USE),
    ("C-18 any status from 500 on", "go-llmd", ("go-llmd", four_statuses), [fail(520), OK], "ST-2", {}),
    ("C-19 custom and aggressive are two configurations", "go-llmd-custom", "go-llmd-aggressive", [fail(503), OK],
     "BO-1", {}),
    ("C-20 2 or 10 retries of the HTTP layer", "tinkex-http", "tinkex-http-legacy", ENDLESS, "AT-2", {}),
    ("C-21 a cap of 8 or 10 s", "tinkex-retryconfig", ("tinkex-retryconfig", lambda layer: [
        backoff.update(cap="8s") for backoff in backoffs(layer)]), [*[fail(503)] * 7, OK], "BO-2", IN_USE),
    ("C-24 the snippet without attempt_count += 1", ("tinker-retry-handler", literal_port), "tinker-retry-handler",
     [*[fail(503)] * 3, OK], "BO-1", {}),
    ("C-29 a semaphore for each or for all", ("tinkex-retryconfig", one_for_each),
     ("tinkex-retryconfig", one_for_all), [slow("1s")], "CC-1", dict(clients=2, calls=2, concurrency=2)),
    ("C-30 without retry logic it is watched", "tinker-retry-handler-disabled",
     ("tinker-retry-handler-disabled", unwatched), [slow("3h")], "TO-1", {}),
]


# S0-03, S0-17, S0-25, S0-52, S1-05, S1-07, S1-33, S1-47, S2-31, S2-41, S3-16, S3-23, S4-03, S4-10, S4-76
@pytest.mark.parametrize("client, claim, steps, rule, workload", [row[1:] for row in DIFFERENCES],
                         ids=[row[0] for row in DIFFERENCES])
def test_the_rule_tells_them_apart(client, claim, steps, rule, workload, tmp_path):
    client = profile(tmp_path, *[client] if isinstance(client, str) else client)
    if not isinstance(client, str):
        client = client.rename(tmp_path / "client.jsonc")
    claim = profile(tmp_path, *[claim] if isinstance(claim, str) else claim)
    scenario = story(tmp_path, steps, **workload)
    trace = play(tmp_path, scenario, client)
    assert rule in broken(trace, scenario, claim)


# C-31: S0-25, S1-20
def test_the_layer_that_the_documents_forget(tmp_path):
    """A server that answers 503 sees 1, 2, 4 s of tinker, and 0.5, 1, 2 s of a port that follows the documents."""
    scenario = story(tmp_path, [*[fail(503)] * 6, OK], follow_up=[OK])
    assert "BO-2" in broken(play(tmp_path, scenario, "tinker-stack"), scenario, "tinker-retry-handler-documented")
    assert "BO-1" in broken(play(tmp_path, scenario, "tinker-retry-handler-documented"), scenario, "tinker-stack")


# C-11: S2-07, S3-05
def test_what_the_400_slots_are_held_for(tmp_path):
    """tinker gives them back once a sample is submitted, tinkex when it is there."""
    scenario = story(tmp_path, [OK], follow_up=PENDING, calls=420, concurrency=420)
    assert broken(play(tmp_path, scenario, "tinker-stack"), scenario, "tinkex-stack") == {"CC-1"}


def heads_ms(trace):
    """When requests came, since the first answer."""
    lines = [json.loads(line) for line in trace.read_text().splitlines()]
    answered = next(line["t"] for line in lines if line["ev"] == "response")
    return [(line["head"] - answered) / 1e6 for line in lines if line["ev"] == "request"]


# C-28: S1-56, S2-48
def test_whether_a_success_opens_the_limiter(tmp_path):
    """The fourth call begins while a 429 stops the client, but after the second has succeeded."""
    scenario = story(tmp_path, [fail(429), slow("300ms"), OK], per="run", calls=4, concurrency=2)
    opened = heads_ms(play(tmp_path, scenario, "tinkex-ratelimiter-current"))
    kept = heads_ms(play(tmp_path, scenario, profile(tmp_path, "tinkex-ratelimiter-current", kept_closed)))
    assert 290 <= opened[2] < 300 and 1000 <= opened[3] < 1005
    assert all(1000 <= head < 1005 for head in kept[2:])


# C-22: S2-44, S1-54
def test_how_the_limiter_is_waited_for(tmp_path):
    """Asked each 100 ms, a window of 250 ms takes 300; the judge's tolerance of lateness is larger than that."""
    scenario = story(tmp_path, [fail(429, headers={"retry-after-ms": "250"}), OK], per="run", calls=2)
    polled = heads_ms(play(tmp_path, scenario, "tinkex-ratelimiter-legacy"))[1]
    exact = heads_ms(play(tmp_path, scenario, "tinkex-ratelimiter-0.1.9"))[1]
    assert 250 <= exact < 255 and 300 <= polled < 305
