"""Two worlds, one truth: what our client does live, `sim` plays in virtual time.
Every shipped scenario is told in both and compared, call by call and rule by
rule; the waits lie in the bounds that the same draw has in the other world.

RETRYSPEC_LONG=1 plays every scenario with each of the profiles, also those
that last for minutes."""
import functools
import json
import os
import subprocess

import pytest

import worlds_kit as worlds

HAS_NO_JITTER = "curl-retry"
IS_LONG = os.environ.get("RETRYSPEC_LONG") == "1"
SEED = 1
QUICK = 20  # seconds of virtual time; what lasts longer is played live with RETRYSPEC_LONG=1
ENDLESS = "*/503-endless"  # for a client without a limit
HAVE_AN_END = ["tinker-http", "exponential", HAS_NO_JITTER]

# The profile that the scenarios were written for comes first and gets all of them; the others are those that have the
# part that a family is about.
PLAN = {
    "tinker-http": ["*"],
    "tinker-stack": ["future/*", "sdk/*"],
    "tinkex-stack": ["future/*", "sdk/*", "shared/window*"],
    "circuit-breaker": ["shared/circuit*", "attempts/500-once"],
    "tinkex-ratelimiter-current": ["shared/window*", "status/429*", "attempts/429-twice"],
    "botocore-standard": ["shared/tokens", "backoff/*", "attempts/*-once", "transport/*"],
    "tinkex-guide-custom": ["limits/*", "backoff/*", "herd/*"],
    "tinker-submit": ["limits/*", "progress/*", "hygiene/*", "timeout/hang-*"],
    "exponential": ["herd/*", "outage/*", "integrity/*", "shared/tokens"],
    "tenacity-httpx": ["transport/*", "status/50*", "attempts/caller-gives-up"],
    "got": ["retry-after/*", "status/503-methods/*"],
}


@functools.cache
def shipped():
    done = subprocess.run([worlds.RETRYSPEC, "list", "--json"], text=True, capture_output=True, check=True)
    return [scenario["id"] for scenario in json.loads(done.stdout)]


def chosen(profile):
    """Patterns, and what is left out of them."""
    return [*(["*"] if IS_LONG else PLAN[profile]), *([] if profile in HAVE_AN_END else ["--skip", ENDLESS])]


def compare(folder, profile, scenario, live, virtual):
    compared = worlds.Comparison(
        live.story(scenario), virtual.story(scenario),
        lambda late: worlds.neighbours(folder / "slower" / scenario, profile, scenario, SEED, late))
    verdicts = compared.verdict_differences(live.verdicts(scenario), virtual.verdicts(scenario))
    return compared, [*compared.differences(), *verdicts]


# Goal: what holds in one world holds in the other; a difference is a bug of `call`, of `sim` or of the judge.
@pytest.mark.parametrize("profile", PLAN)
def test_live_and_virtual_tell_the_same_story(tmp_path, profile):
    virtual = worlds.virtual(tmp_path / "virtual", profile, chosen(profile), SEED)
    played = [name for name, report in virtual.reports.items() if IS_LONG or report["seconds"] <= QUICK]
    live = worlds.live(tmp_path / "live", profile, played, SEED)
    assert live.reports.keys() == set(played)
    text, is_open = "", []
    for scenario in live.reports:
        compared, found = compare(tmp_path, profile, scenario, live, virtual)
        if found and compared.live.late > worlds.TOO_LATE:
            again = worlds.live(tmp_path / "alone", profile, [scenario], SEED)
            compared, found = compare(tmp_path, profile, scenario, again, virtual)
        is_open += [scenario] if compared.open else []
        text += "".join(f"  {scenario}: {difference}\n" for difference in found)
    assert not text, f"{text}\n{live.text}\n{virtual.text}"
    # Else the seed is a bad one: nothing would be compared.
    assert len(is_open) <= 1 + len(live.reports) // 8, is_open


# -- a seed --------------------------------------------------------------------


def bare(trace):
    """All but the first line, which names the seed and the wall clock."""
    return trace.partition("\n")[2]


def draws(folder):
    """Did a call wait for a time of its own choice in this run?"""
    verdicts = json.loads((folder / "verdict.json").read_text())["scenarios"][0]["verdicts"]
    exercised = {verdict["rule"] for verdict in verdicts if verdict["exercised"]}
    return "BO-2" in exercised and "RA-1" not in exercised


@pytest.mark.parametrize("profile", HAVE_AN_END)
def test_a_seed_tells_every_scenario_the_same_byte_for_byte(tmp_path, profile):
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        worlds.virtual(tmp_path / name, profile, ["*"], seed)
    drawn = 0
    for scenario in shipped():
        a, b, c = ((tmp_path / name / scenario / "trace.ndjson").read_text() for name in "abc")
        assert a == b, scenario
        if profile == HAS_NO_JITTER:  # only the phase of the wall clock is drawn
            assert bare(a) == bare(c) or " GMT" in a, scenario
        elif draws(tmp_path / "a" / scenario):
            drawn += 1
            assert bare(a) != bare(c), scenario
    assert drawn > 30 or profile == HAS_NO_JITTER
