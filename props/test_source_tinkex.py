"""Goal: the profiles of the Elixir tinkex SDK, generation by generation, do what its documents and its code say."""
import pytest
from story import delays, play, retries, shipped, status

HTTP_LEGACY, HTTP, HTTP_BEAM = "P13", "P14", "P15"
HANDLER_LEGACY, HANDLER_019, ADR, CONFIG_0114, CONFIG = "P16", "P17", "P18", "P19", "P20"
GUIDE, GUIDE_HANDLER, DOC_TABLE = "P21", "P22", "P23"
FAST, SLOW, INTERACTIVE, BACKGROUND, CRITICAL, DEMO, AGGRESSIVE = "P24", "P25", "P26", "P27", "P28", "P29", "P30"
LEAST, MIDDLE, MOST = 0.0, 0.5, 1 - 2**-53


def ms(values):
    return [round(value * 1000) for value in values]


# -- the HTTP layer


# S0-28, S0-29, S0-47, S1-04: full jitter before a cap of 8 s
def test_the_legacy_http_law():
    assert ms(delays(HTTP_LEGACY, [LEAST, MOST], override={"attempts": 9})) == [0, 1000]
    story = play(HTTP_LEGACY, 503, override={"attempts": 8}, u=[.1])
    assert all(low == 0 and high <= 8 for low, high in story.ranges)


# S0-29: half of the draws at attempt 5 are the cap, three quarters at attempt 6
@pytest.mark.parametrize("n, share", [(5, .5), (6, .75)])
def test_the_cap_is_an_atom(n, share):
    draws = [k / 1000 for k in range(1000)]
    at_cap = sum(delays(HTTP_LEGACY, [0] * n + [u], override={"attempts": 99})[n] == 8 for u in draws)
    assert at_cap / 1000 == pytest.approx(share, abs=.002)


# S0-30, S0-31, S0-32, S0-33, S0-105: the statuses; S0-35: 409 only since 0.1.11
@pytest.mark.parametrize("outcome, legacy, now", [
    *[(one, True, True) for one in (408, 429, 500, 501, 503, 599, "reset", "refused", "close")],
    (409, False, True), *[(one, False, False) for one in (400, 401, 403, 404, 410, 600, 301)]])
def test_statuses_of_the_http_layer(outcome, legacy, now):
    assert (retries(HTTP_LEGACY, outcome), retries(HTTP, outcome)) == (legacy, now)


# S0-34: in any case of letters
@pytest.mark.parametrize("profile", [HTTP_LEGACY, HTTP, HTTP_BEAM])
@pytest.mark.parametrize("code, value, again", [
    (400, "true", True), (400, "TRUE", True), (503, "False", False), (429, " false ", False)])
def test_x_should_retry(profile, code, value, again):
    assert retries(profile, status(code, x_should_retry=value)) == again


# S0-36: no more retries once 30 s have passed
def test_the_legacy_layer_ends_after_30_seconds():
    story = play(HTTP_LEGACY, status(503, took=9), u=[.99], override={"attempts": 99})
    assert story.reason == "elapsed" and 30 < story.at < 50


# S0-37, S0-107, S1-02: retries of each generation
@pytest.mark.parametrize("profile, attempts", [(HTTP_LEGACY, 3), (HTTP, 11), (HTTP_BEAM, 3)])
def test_attempts_of_the_http_layer(profile, attempts):
    assert play(profile, 503, u=[LEAST]).attempts == attempts


# S0-37: five retries of a caller are six attempts
def test_a_caller_sets_the_retries():
    assert play(HTTP_LEGACY, 503, u=[LEAST], override={"attempts": 6}).attempts == 6


# S0-30, S2-45, S1-55: what a header on 429 becomes; None is the layer's own delay
@pytest.mark.parametrize("profile", [HTTP, HTTP_BEAM])
@pytest.mark.parametrize("headers, wait", [
    ({}, 1), ({"retry_after": "0"}, 0), ({"retry_after": "1"}, 1), ({"retry_after": "1.5"}, 1),
    ({"retry_after": "60"}, 60), ({"retry_after": "61"}, 61), ({"retry_after": "abc"}, 1), ({"retry_after": ""}, 1),
    ({"retry_after": "Thu, 01 Jan 1970 00:00:30 GMT"}, 1), ({"retry_after_ms": "250"}, .25),
    ({"retry_after_ms": "0"}, 0), ({"retry_after_ms": "abc", "retry_after": "2"}, 2),
    ({"retry_after_ms": "250", "retry_after": "2"}, .25), ({"retry_after_ms": "61000"}, 61)])
def test_retry_after_on_429(profile, headers, wait):
    assert play(profile, status(429, **headers), most=2).delays[0] == pytest.approx(wait)


# S0-30: and on 503 it is ignored
def test_retry_after_on_503_is_ignored():
    assert play(HTTP, status(503, retry_after="37"), most=2, u=[LEAST]).delays[0] == pytest.approx(.375)


# S0-30: a negative one ends the caller's process
def test_a_negative_retry_after_crashes():
    story = play(HTTP, status(429, retry_after="-1"))
    assert (story.attempts, story.ok, story.reason) == (1, False, "retry-after")


# -- the retry handler


# S0-42, S0-47, S1-04, S1-05, S1-32, S1-33, S1-90: the value replaces the delay
def test_the_legacy_handler():
    story = play(HANDLER_LEGACY, 503)
    assert (story.attempts, story.reason) == (4, "attempts")
    assert story.ranges == [pytest.approx(bounds) for bounds in ((0, .5), (0, 1), (0, 2))]


# S1-33, S1-36, S1-104, S1-107, S0-71, S0-102, S1-110: repaired
@pytest.mark.parametrize("profile", [HANDLER_019, ADR, CONFIG_0114, CONFIG])
def test_the_repaired_jitter(profile):
    assert play(profile, 503, most=2).ranges[0] == pytest.approx((.375, .625))


# S0-71, S0-107, S1-02, S1-87, S2-03: how many retries
@pytest.mark.parametrize("profile, attempts", [
    (HANDLER_LEGACY, 4), (HANDLER_019, 4), (ADR, 4), (INTERACTIVE, 4), (BACKGROUND, 9), (DEMO, 3), (AGGRESSIVE, 6)])
def test_attempts_of_the_handler(profile, attempts):
    assert play(profile, 503, u=[LEAST]).attempts == attempts


# S2-03, S2-08, S3-13, S3-09: unlimited until 120 min without progress
@pytest.mark.parametrize("profile", [CONFIG_0114, CONFIG])
def test_unlimited_until_the_progress_timeout(profile):
    story = play(profile, 503)
    assert story.reason == "progress-timeout" and 7200 < story.at <= 7210 and story.attempts >= 724


# S2-04: 750 ms to 15 s, rounded half up
def test_example_a():
    story = play(GUIDE, 503, most=8)
    assert [(round(low * 1000), round(high * 1000)) for low, high in story.ranges[:7]] == [
        (563, 938), (1125, 1875), (2250, 3750), (4500, 7500), (9000, 15000), (11250, 15000), (11250, 15000)]


# S2-29, S2-30, TP-3: 1 s to 30 s with all of the jitter
def test_the_custom_handler():
    story = play(GUIDE_HANDLER, 503, most=7, u=[.4])
    assert [(round(low), round(high)) for low, high in story.ranges[:6]] == [
        (0, 2), (0, 4), (0, 8), (0, 16), (0, 30), (0, 30)]


# S2-29: how often it is the cap
@pytest.mark.parametrize("n, share", [(4, 1 / 16), (5, .5)])
def test_the_custom_handler_reaches_its_cap(n, share):
    draws = [(k + .5) / 800 for k in range(800)]
    at_cap = sum(delays(GUIDE_HANDLER, [0.01] * n + [u])[n] == 30 for u in draws)
    assert at_cap / 800 == pytest.approx(share, abs=.005)


# S2-31, S2-32, S2-33, S2-34, S2-35, S2-61: the table as printed
def test_the_table_of_the_guide():
    story = play(DOC_TABLE, 503, most=6, u=[.2])
    assert story.ranges[:5] == [pytest.approx(bounds) for bounds in ((0, .5), (0, 1), (0, 2), (0, 4), (0, 8))]


# S2-36, S2-57: 200 and 400 ms, then success
def test_the_demo():
    story = play(DEMO, 500, 500, 200)
    assert (ms(story.delays), story.attempts, story.ok) == ([200, 400], 3, True)


# S2-59, S2-60, S2-64, S2-65, S2-66, S0-94, S0-121, S0-117, S0-118, S0-119
@pytest.mark.parametrize("profile, first, cap", [
    (FAST, (.375, .625), 8), (SLOW, (1.5, 2.5), 60), (INTERACTIVE, (.375, .625), 10),
    (BACKGROUND, (.375, .625), 10), (CRITICAL, (.375, .625), 10), (AGGRESSIVE, (.5, 1.5), 20)])
def test_profiles_of_the_guide(profile, first, cap):
    assert play(profile, 503, most=2).ranges[0] == pytest.approx(first)
    story = play(profile, 503, most=30, u=[.3], override={"attempts": 30})
    assert story.ranges[-1][1] == pytest.approx(cap)


# S0-42, S0-49, S2-37, S2-59, S2-60, S2-64, S2-65, S2-66, S0-94, S0-116, S1-105, S1-91
@pytest.mark.parametrize("profile, timeout", [
    (HANDLER_LEGACY, 30), (HANDLER_019, 1800), (ADR, 1800), (GUIDE_HANDLER, 60), (FAST, 30), (SLOW, 300),
    (INTERACTIVE, 30), (BACKGROUND, 120), (CRITICAL, 600), (AGGRESSIVE, 600), (CONFIG, 7200)])
def test_progress_timeouts(profile, timeout):
    story = play(profile, status(503, took=timeout + .001), status(200), override={"attempts": 99})
    assert (story.reason, story.attempts) == ("progress-timeout", 1)
    story = play(profile, status(503, took=timeout - 25), status(200), override={"attempts": 99}, u=[LEAST])
    assert story.ok and story.attempts == 2


# S2-38, S1-48: retries are no progress
def test_retries_are_no_progress():
    assert play(GUIDE_HANDLER, status(503, took=1), u=[.1]).at < 60 + 31


# S2-39: strictly more than the timeout
def test_progress_is_over_strictly_after_the_timeout():
    text = """{"retryspec": 1, "profile": "p", "title": "t", "source": "t", "layers": [{"name": "handler",
      "progress": {"timeout": "2s", "clock": "call"}, "rules": [{"on": {"status": ["503"]}, "do": "retry",
      "backoff": {"schedule": "constant", "base": "1s"}, "retry_after": "ignored"}]}]}"""
    assert play("inline", 503, text=text).sends == [0, 1, 2]


# S2-41, S1-45, S1-84: a hang inside an attempt is not ended
@pytest.mark.parametrize("profile", [GUIDE_HANDLER, FAST, CONFIG])
def test_a_hang_is_not_ended(profile):
    assert play(profile, status(200, took=10**5)).ok


# S2-62, S1-55: the handler never reads Retry-After
@pytest.mark.parametrize("profile", [HANDLER_LEGACY, CONFIG, GUIDE])
def test_the_handler_does_not_read_retry_after(profile):
    assert play(profile, status(503, retry_after="37"), most=2).ranges == play(profile, 503, most=2).ranges


# S1-27, S2-01, S2-14, S2-26, S2-13, S2-16, S2-17, S2-18, S2-19, S2-20, S2-21, S2-22, S2-23, S2-24, S2-25, S2-11, S2-12
@pytest.mark.parametrize("outcome, again", [
    *[(code, True) for code in (429, 500, 502, 503, 599, 301, 302, 600, 999, "refused", "reset", "timeout")],
    *[(code, False) for code in (400, 401, 402, 403, 404, 408, 409, 410, 422, 425, 499)],
    (status(503, body='{"category": "user"}'), False), (status(429, body='{"category": "User"}'), False),
    (status(410, body='{"category": "server"}'), True), (status(408, body='{"category": "server"}'), True),
    (status(404, body='{"category": "server"}'), False)])
def test_user_errors_are_final(outcome, again):
    assert retries(CONFIG, outcome) == again


# S0-67, S0-71, S0-98, S0-106, S1-27: the decision of the ADR: listed statuses or no user error
@pytest.mark.parametrize("code, again", [
    (408, True), (409, True), (429, True), (500, True), (599, True), (301, True),
    (400, False), (401, False), (404, False)])
def test_statuses_of_the_adr(code, again):
    assert retries(ADR, code) == again


# S1-34, TP-11: from attempt 1016 the arithmetic fails
def test_the_arithmetic_overflows():
    story = play(CONFIG, 503, u=[LEAST], most=1100, stop=10**7,
                 text=shipped(CONFIG).read_text().replace('"120min"', '"2000h"'))
    assert (story.reason, story.attempts) == ("overflow", 1017)


# TP-4, TP-5: exact without jitter
def test_no_jitter_is_exact():
    text = """{"retryspec": 1, "profile": "p", "title": "t", "source": "t", "layers": [{"name": "handler",
      "rules": [{"on": {"status": ["503"]}, "do": "retry", "backoff": {"schedule": "exponential", "base": "100ms",
      "factor": 2, "cap": "500ms", "rounding": "ms-nearest"}, "retry_after": "ignored"}]}]}"""
    assert ms(play("inline", 503, text=text, most=12).delays[:11]) == [100, 200, 400] + [500] * 8


# S2-28, TP-8, TP-9, TP-12, TP-13
def test_failures_then_success():
    assert play(ADR, 503, 503, 200).ok
    assert play(ADR, 503, override={"attempts": 6}).attempts == 6
    assert play(ADR, 503, override={"attempts": 1}).attempts == 1


# S0-125: one call has another policy
def test_one_call_differs():
    assert play(CONFIG, 503, override={"attempts": 2}).attempts == 2
    assert play(ADR, 503, override={"elapsed_ns": 600_000_000}, u=[MIDDLE]).reason == "elapsed"


# S0-74: two loops of three retries: sixteen attempts
def test_nested_loops_multiply():
    rule = """{"on": {"status": ["503"]}, "do": "retry", "backoff": {"schedule": "none"}, "retry_after": "ignored"}"""
    layers = ", ".join('{"name": "%s", "budget": {"attempts": 4}, "rules": [%s]}' % (name, rule) for name in "ab")
    text = '{"retryspec": 1, "profile": "p", "title": "t", "source": "t", "layers": [%s]}' % layers
    assert play("inline", 503, text=text).attempts == 16


# S1-46, S1-51, S1-118: cancelled while it waits
def test_a_cancel_is_told_apart():
    assert play(CONFIG, 503, cancel=.1).reason == "cancelled"
