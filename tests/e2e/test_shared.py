"""What calls share, and calls of two requests: our own client keeps its profile,
and breaks the named rule of one that it does not have."""
import json
import os
import subprocess

import pytest

RETRYSPEC = os.environ["RETRYSPEC"]

AT_ONCE = {"schedule": "none"}
ON_429 = {"on": {"status": ["429"]}, "do": "retry", "backoff": {"schedule": "constant", "base": "1s"},
          "retry_after": {"read": [{"header": "Retry-After", "as": ["seconds"]}]}}
ON_503 = {"on": {"status": ["500-599"]}, "do": "retry", "backoff": {"schedule": "constant", "base": "300ms"}}
PLAIN = {"name": "http", "budget": {"attempts": 4}, "rules": [ON_429, ON_503]}
LIMITER = {**PLAIN, "rate_limiter": {"scope": "holder"}, "rules": [{**ON_429, "closes_limiter": True}, ON_503]}
FINAL = {"name": "http", "rate_limiter": {"scope": "holder"}, "rules": [{**ON_429, "do": "fail", "closes_limiter": True}]}
CARELESS = {"name": "http", "rules": [{"on": {"status": ["429"]}, "do": "fail"}]}
BREAKER = {**PLAIN, "breaker": {"failures": 3, "reset": "2s"}}
TOKENS = {**PLAIN, "budget": {"attempts": 4, "tokens": {"capacity": 6, "cost": 1}}}
RATE = {**PLAIN, "rate_limiter": {"scope": "holder", "per_second": 4, "burst": 2}}



def run(folder, *words, expect=None):
    done = subprocess.run([RETRYSPEC, *map(str, words)], cwd=folder, text=True, capture_output=True, timeout=120,
                          stdin=subprocess.DEVNULL)
    assert expect is None or done.returncode == expect, done.stdout + done.stderr
    return done


PAIRS = [
    ("shared/window", LIMITER, PLAIN, "RL-1"),
    ("shared/window-in-turn", FINAL, CARELESS, "RL-1"),
    # S0-127
    ("shared/circuit", BREAKER, PLAIN, "CB-1"),
    ("shared/tokens", TOKENS, PLAIN, "TB-1"),
    ("limits/concurrency", RATE, PLAIN, "RL-3"),
]


def profile(tmp_path, name, *layers, **more):
    path = tmp_path / f"{name}.jsonc"
    path.write_text(json.dumps({"retryspec": 1, "profile": name, "title": name, "source": "test",
                                "layers": layers, **more}))
    return path


def judged(tmp_path, scenario, judge, client, expect):
    run(tmp_path, "run", scenario, "-p", judge, "--skip-smoke", "--report", "json=report.json",
        "--", RETRYSPEC, "call", "-p", client, expect=expect)
    report = json.loads((tmp_path / "report.json").read_text())
    return {each["rule"]: each for each in report["scenarios"][0]["verdicts"]}


@pytest.mark.parametrize("scenario, right, wrong, rule", PAIRS, ids=[f"{each[0]}-{each[3]}" for each in PAIRS])
def test_what_is_shared(tmp_path, scenario, right, wrong, rule):
    right, wrong = profile(tmp_path, "right", right), profile(tmp_path, "wrong", wrong)
    kept = judged(tmp_path, scenario, right, right, expect=0)
    assert kept[rule]["verdict"] == "pass" and kept[rule]["exercised"] > 0
    broken = judged(tmp_path, scenario, right, wrong, expect=1)
    assert broken[rule]["verdict"] == "fail"


BUDGETS = {"grpc-retry": ("TB-1", "retry tokens were not asked for"), "aws-standard": ("TB-1", "retry tokens were not asked for"),
           "finagle-retry-budget": ("TB-1", "the budget of retries that calls share was not kept"),
           "envoy-retry-budget": ("TB-1", "the budget of retries that calls share was not kept"),
           "retry-breaker": ("TB-1", "the budget of retries that calls share was not kept"),
           "sre-adaptive-throttling": ("TH-1", "the throttle held no request back")}


@pytest.mark.parametrize("shipped", BUDGETS)
def test_a_client_that_ignores_a_shipped_budget(tmp_path, shipped):
    rule, cause = BUDGETS[shipped]
    text = run(tmp_path, "show", "--raw", shipped, expect=0).stdout
    careless = json.loads("".join(line for line in text.splitlines() if not line.lstrip().startswith("//")))
    layer = careless["layers"][0]
    layer["budget"] = {key: value for key, value in layer["budget"].items() if key == "attempts"}
    layer.pop("throttle", None)
    (tmp_path / "careless.jsonc").write_text(json.dumps({**careless, "profile": "careless"}))
    for client in (shipped, "careless.jsonc"):
        run(tmp_path, "sim", "shared/retry-budget", "-p", client, "--out", "played", expect=0)
        trace = next((tmp_path / "played").rglob("trace.ndjson"))
        done = run(tmp_path, "judge", trace, "-p", shipped, "--json", expect=int(client != shipped))
        found = {each["rule"]: each for each in json.loads(done.stdout)["scenarios"][0]["verdicts"]}
        if client == shipped:
            assert found[rule]["verdict"] == "pass" and found[rule]["exercised"] > 0
        else:
            assert {name: each.get("likely") for name, each in found.items() if each["verdict"] == "fail"} == {rule: cause}


FUTURE = {"name": "future", "routes": ["POST */retrieve_future"],
          "rules": [{"on": {"status": ["408"]}, "do": "poll"}]}
HANDLER = {"name": "handler", "rules": [{"on": {"status": ["410"]}, "do": "retry", "backoff": AT_ONCE}]}
RESUBMITS = {**FUTURE, "rules": [*FUTURE["rules"], {"on": {"status": ["410"]}, "do": "start-over"}]}
POLLS_ON = {**FUTURE, "rules": [{"on": {"status": ["408", "410"]}, "do": "poll"}]}


def test_the_turn_of_requests(tmp_path):
    follow_up = {"follow_up": "POST /api/v1/retrieve_future"}
    right = profile(tmp_path, "right", HANDLER, RESUBMITS, **follow_up)
    wrong = profile(tmp_path, "wrong", HANDLER, POLLS_ON, **follow_up)
    kept = judged(tmp_path, "future/410-resubmits", right, right, expect=0)
    assert kept["FU-1"]["verdict"] == "pass"
    broken = judged(tmp_path, "future/410-resubmits", right, wrong, expect=1)
    assert broken["FU-1"]["observed"].endswith("POST /api/v1/retrieve_future, after status 410")


def test_stacks_of_the_source_systems(tmp_path):
    """A whole sample with its polling, by two SDKs."""
    for name in "tinker-stack", "tinkex-stack":
        run(tmp_path, "run", "future/*", "--skip", "future/402-pause", "-j8", "-p", name, "--skip-smoke", "--",
            RETRYSPEC, "call", "-p", name, expect=0)


def test_amplification(tmp_path):
    """Two loops of four attempts each make sixteen of one call."""
    # S0-74
    layers = [{**PLAIN, "name": "outer", "rules": [{**ON_503, "backoff": AT_ONCE}]},
              {**PLAIN, "rules": [{**ON_503, "backoff": AT_ONCE}]}]
    nested = profile(tmp_path, "nested", *layers)
    done = run(tmp_path, "run", "attempts/503-endless", "-p", nested, "--skip-smoke", "--report", "json=report.json",
               "--", RETRYSPEC, "call", "-p", nested)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["attempts_per_call"] == {"mean": 16, "most": 16}
    assert "attempts per call: 16.00 on average, 16 at most" in done.stdout
    assert report["score"] == 100  # S1-103
