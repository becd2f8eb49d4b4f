"""Goal: the profiles of the llm-d Go client do what its summary and its code say."""
import pytest
from core import ROOT
from story import delays, fault, load, play, retries, status

CLIENT, PROCESSOR, CUSTOM, AGGRESSIVE, UNIT, RESTY, CURRENT = "P35", "P36", "P37", "P38", "P39", "P40", "P41"
LEAST, MIDDLE, MOST = 0.0, 0.5, 1 - 2**-53


def near(values, expected):
    return values == pytest.approx(expected, abs=2e-9)


# S4-01, S4-25, S4-45, S4-46, S4-77: 3 retries from 1 s, doubling, 10 % of jitter
def test_the_processor_retries_three_times():
    story = play(PROCESSOR, 503)
    assert (story.attempts, story.ok, story.reason) == (4, False, "attempts")
    assert story.ranges == [pytest.approx(bounds) for bounds in ((.9, 1.1), (1.8, 2.2), (3.6, 4.4))]


# S4-02, S4-04, S4-05, S4-06, S4-07, S4-56, S4-57, S4-58, S4-59
def test_the_rows_of_the_default_table():
    story = play(PROCESSOR, 503)
    assert story.sends == pytest.approx([0, 1, 3, 7])


# S4-60: the row that three retries never reach
def test_the_fifth_row_of_the_default_table():
    assert near(delays(PROCESSOR, [LEAST] * 4, override={"attempts": 9})[3:], [7.2])
    assert near(delays(PROCESSOR, [MOST] * 4, override={"attempts": 9})[3:], [8.8])


# S4-03: jitter after the cap is not clipped
def test_delays_exceed_the_cap_by_the_jitter():
    story = play(PROCESSOR, 503, override={"attempts": 12})
    assert story.ranges[-1] == pytest.approx((54, 66))
    assert play(AGGRESSIVE, 503).ranges[-1] == pytest.approx((240, 360))


# S4-47, S4-26, S4-68
def test_the_custom_values():
    assert play(CUSTOM, 503).ranges == [pytest.approx(bounds) for bounds in (
        (1.6, 2.4), (4.8, 7.2), (14.4, 21.6), (43.2, 64.8), (129.6, 194.4))]


# S4-61, S4-62, S4-63, S4-64, S4-65, S4-66
def test_the_rows_of_the_aggressive_table():
    story = play(AGGRESSIVE, 503)
    assert story.sends[0] == 0
    assert story.ranges == [pytest.approx(bounds) for bounds in (
        (4, 6), (12, 18), (36, 54), (108, 162), (240, 360))]


# S4-74: time to fail, without jitter and at both ends
@pytest.mark.parametrize("profile, draw, total", [
    (PROCESSOR, MIDDLE, 7), (PROCESSOR, LEAST, 6.3), (PROCESSOR, MOST, 7.7),
    (AGGRESSIVE, MIDDLE, 500), (AGGRESSIVE, LEAST, 400), (AGGRESSIVE, MOST, 600),
    (CUSTOM, MIDDLE, 242), (CUSTOM, LEAST, 193.6), (CUSTOM, MOST, 290.4)])
def test_time_to_fail(profile, draw, total):
    assert play(profile, 503, u=[draw]).at == pytest.approx(total)


# S4-09, S4-10, S4-69: 429 and every status from 500, odd ones too
@pytest.mark.parametrize("code", [429, 500, 501, 502, 503, 504, 505, 507, 511, 520, 529, 599, 600, 999])
def test_statuses_retried(code):
    assert play(PROCESSOR, code).attempts == 4


# S4-11, S4-12, S4-13, S4-19, S4-20, S4-50: at once, one request
@pytest.mark.parametrize("code", [400, 401, 403, 402, 404, 405, 408, 409, 410, 413, 418, 422, 425, 451, 499,
                                  201, 204, 301, 302, 304])
def test_statuses_final(code):
    story = play(PROCESSOR, code)
    assert (story.attempts, story.at, story.ok, story.reason) == (1, 0, False, "final")


# S4-17, S4-18, S4-21, S4-67
@pytest.mark.parametrize("script, attempts, ok", [
    ([429, 429, 200], 3, True), ([500, 200], 2, True), ([200], 1, True), ([429], 4, False)])
def test_it_recovers_or_gives_up(script, attempts, ok):
    story = play(PROCESSOR, *script)
    assert (story.attempts, story.ok) == (attempts, ok)


# S4-21: N retries are N + 1 requests
def test_a_limit_of_two_retries_is_three_requests():
    assert play(PROCESSOR, 429, override={"attempts": 3}).attempts == 3


# S4-23, S4-28, S4-48, S4-76: the client itself does not retry
@pytest.mark.parametrize("outcome", [429, 500, 503, "reset", "refused"])
def test_the_client_default_is_one_request(outcome):
    assert play(CLIENT, outcome).attempts == 1


# S4-24, S4-27: first delay 50 ms; a gap of at least 40 ms
def test_the_values_of_the_unit_tests():
    story = play(UNIT, 503)
    assert story.attempts == 4
    assert story.ranges[0] == pytest.approx((.045, .055))


# S4-22, S4-14, S4-15, S4-16, S4-72, S4-X3: cancelled in the middle of a wait
def test_a_cancel_ends_the_wait():
    story = play(UNIT, 429, cancel=.1)
    assert (story.reason, story.ok, story.aborted) == ("cancelled", False, False)
    assert (story.attempts, story.at) == (2, .1)


# S4-14, S4-15, S4-39: cancelled with a request in flight
def test_a_cancel_aborts_a_request():
    story = play(PROCESSOR, fault("timeout", took=60), cancel=2)
    assert (story.reason, story.aborted, story.at) == ("cancelled", True, 2)


# S4-X1: each transport fault is a server error
@pytest.mark.parametrize("end", ["refused", "close", "reset", "garbage", "cut", "reset-body"])
def test_transport_faults_are_retried(end):
    assert play(PROCESSOR, end, override={"attempts": 3}).attempts == 3


# S4-X2, S4-40: a hang is ended by the client's 5 min and retried
def test_a_hang_is_retried_after_the_timeout():
    story = play(PROCESSOR, status(200, took=10**5), most=2)
    assert story.sends == pytest.approx([0, 301])


# S4-X4, S4-70
@pytest.mark.parametrize("code", [429, 503])
def test_retry_after_is_ignored(code):
    assert play(UNIT, status(code, retry_after="2")).ranges[0][1] < .06


# S4-X5
def test_x_should_retry_is_ignored():
    assert not retries(PROCESSOR, status(400, x_should_retry="true"))
    assert retries(PROCESSOR, status(503, x_should_retry="false"))


# S4-X8: jitter above 1 may go below zero, which becomes the first delay
def test_a_negative_delay_becomes_the_first_one():
    text = PROFILE.replace('"symmetric": 0.1', '"symmetric": 1.5')
    assert play("inline", 503, text=text, u=[0.0]).delays[0] == 1
    assert play("inline", 503, text=text, u=[0.5]).delays[0] == 1
    assert play("inline", 503, text=text, u=[1 / 6 - .01]).delays[0] == 1
    assert play("inline", 503, text=text, u=[1 / 6 + .01]).delays[0] < 1


PROFILE = """{"retryspec": 1, "profile": "inline", "title": "t", "source": "t", "layers": [{"name": "client",
  "budget": {"attempts": 4},
  "rules": [{"on": {"status": ["429", "500-999"]}, "do": "retry", "retry_after": "ignored",
    "backoff": {"schedule": "exponential", "base": "1s", "factor": 2, "cap": "60s", "jitter": {"symmetric": 0.1},
                "negative": "base", "rounding": "ns-down"}}]}]}"""


# S4-X9: attempt 5000
def test_large_attempts_stay_at_the_cap():
    story = play("inline", 503, text=PROFILE.replace('"attempts": 4', '"attempts": 1000'))
    assert story.attempts == 1000
    assert story.ranges[-1] == pytest.approx((54, 66))


# S4-75: with k retries a call succeeds with probability 1 - p^(k+1)
def test_the_chance_of_success():
    import itertools
    p, total = .5, 0.0
    for pattern in itertools.product([503, 200], repeat=4):
        total += .5**4 * play(PROCESSOR, *pattern).ok
    assert total == pytest.approx(1 - p**4)


# S4-08, S4-71: the herd is spread: delays of one retry differ over the whole range
def test_jitter_spreads_the_herd():
    values = [delays(PROCESSOR, [k / 100])[0] for k in range(100)]
    assert len(set(values)) == 100 and max(values) - min(values) > .19


# S4-73
def test_every_wait_names_its_layer():
    assert all(wait["layer"] for wait in play(PROCESSOR, 503).waits)


# S4-55: what a configuration of the processor says in YAML, in the words of a profile
@pytest.mark.parametrize("name, value, found", [
    ("request_timeout", "300s", lambda layer, rule: layer["attempt_timeout"]["limit"]),
    ("max_retries", 3, lambda layer, rule: layer["budget"]["attempts"] - 1),
    ("initial_backoff", "1s", lambda layer, rule: rule["backoff"]["base"]),
    ("max_backoff", "60s", lambda layer, rule: rule["backoff"]["cap"]),
    ("backoff_factor", 2, lambda layer, rule: rule["backoff"]["factor"]),
    ("jitter_fraction", .1, lambda layer, rule: rule["backoff"]["jitter"]["symmetric"])])
def test_names_of_the_configuration(name, value, found):
    profile = load(PROCESSOR)
    layer = profile["layers"][0]
    assert found(layer, next(rule for rule in layer["rules"] if rule["do"] == "retry")) == value
    assert f"`{name}`" in (ROOT / "docs/profile.md").read_text()


# S4-29: one minute instead of five
def test_another_timeout_of_the_client():
    story = play(PROCESSOR, status(200, took=10**4), override={"attempt_timeout_ns": 60 * 10**9}, most=2)
    assert story.sends == pytest.approx([0, 61])


# S4-43, S4-44: the specifications of its package are tests here; so many there are
def test_every_specification_has_a_test():
    text = (ROOT / "tests/requirements.tsv").read_text()
    assert len([line for line in text.splitlines() if "S4-17" <= line.split("\t")[0] <= "S4-42"]) == 26
