"""Goal: the profiles of the Python tinker SDK do what its documents and its code say."""
import pytest
from story import delays, fault, play, retries, status

OLD, NEW, LATEST, CUSTOM, DISABLED = "P01", "P02", "P03", "P04", "P05"
HTTP, ASAMPLE, HOLDER, SAMPLING_OLD, SAMPLING = "P06", "P07", "P08", "P09", "P10"
POLL_OLD, POLL = "P11", "P12"
LEAST, MIDDLE, MOST = 0.0, 0.5, 1 - 2**-53
HANDLERS = [OLD, NEW, LATEST]


# S0-04, S0-05, S0-06, S0-12, S0-18, S1-03, S1-30, S1-31, S1-123, S1-125: 0.5 s doubled to 10 s, 25 % either way
@pytest.mark.parametrize("profile", HANDLERS)
def test_the_law_of_the_handler(profile):
    story = play(profile, 503, most=8)
    nominal = [.5, 1, 2, 4, 8, 10, 10]
    assert [low for low, _ in story.ranges[:7]] == pytest.approx([.75 * x for x in nominal])
    assert [high for _, high in story.ranges[:7]] == pytest.approx([min(10, 1.25 * x) for x in nominal])


# S0-17: a port that forgets to count the attempt starts at half of it
@pytest.mark.parametrize("profile", HANDLERS)
def test_the_first_delay_has_exponent_zero(profile):
    assert play(profile, 503, most=2).ranges[0] == pytest.approx((.375, .625))


# S0-19, S0-20, S1-35: clipped at both ends
@pytest.mark.parametrize("draw", [LEAST, MIDDLE, MOST])
def test_delays_stay_between_zero_and_the_cap(draw):
    assert all(0 <= delay <= 10 for delay in delays(NEW, [draw] * 60))


# S0-03, S0-49, S1-06, S1-47: 30 and 120 minutes
@pytest.mark.parametrize("profile, timeout", [(OLD, 1800), (NEW, 7200), (LATEST, 7200), (CUSTOM, 600)])
def test_progress_timeouts(profile, timeout):
    story = play(profile, 503)
    assert (story.reason, story.at) == ("progress-timeout", timeout)


# S0-16, S1-02, S1-23, S3-23: no limit on attempts, only the watchdog
@pytest.mark.parametrize("profile, timeout, fewest", [(OLD, 1800, 184), (NEW, 7200, 724)])
def test_attempts_are_unlimited(profile, timeout, fewest):
    story = play(profile, 503, u=[LEAST, MIDDLE, .99, .25])
    assert story.attempts > fewest and story.at == timeout


# S1-44, S1-45, S1-43, S1-19, S0-109, S1-116, S1-127: a hang is ended when the deadline is reached
def test_the_watchdog_aborts_a_hang():
    story = play(NEW, fault("timeout", took=10**6))
    assert (story.aborted, story.reason, story.at) == (True, "progress-timeout", 7200)


# S1-86: a success after 31 s, and one after 1801 s, are left alone or not
@pytest.mark.parametrize("profile, took, ok", [(OLD, 31, True), (OLD, 1801, False), (NEW, 1801, True)])
def test_a_slow_success(profile, took, ok):
    assert play(profile, status(200, took=took)).ok == ok


# S0-15, S0-95, S0-07, S1-08: switched off is one call
@pytest.mark.parametrize("outcome", [503, 429, "reset"])
def test_switched_off_is_one_call(outcome):
    story = play(DISABLED, outcome)
    assert (story.attempts, story.ok, story.at) == (1, False, 0)


# S1-22: and the watchdog still ends a hang
def test_switched_off_still_ends_a_hang():
    story = play(DISABLED, fault("timeout", took=10**6))
    assert (story.aborted, story.reason, story.at) == (True, "progress-timeout", 7200)


# S0-27, S0-26, S1-01, S1-72: 1 s to 20 s, 50 % either way
def test_the_configuration_of_the_example():
    story = play(CUSTOM, 503, most=7)
    assert story.ranges[0] == pytest.approx((.5, 1.5))
    assert story.ranges[5] == pytest.approx((10, 20))


# S0-08, S1-26, S1-27, S0-13, S1-78: which outcomes are tried again
@pytest.mark.parametrize("code, again", [
    *[(code, True) for code in (408, 409, 429, 500, 501, 502, 503, 504, 529, 599)],
    *[(code, False) for code in (400, 401, 402, 403, 404, 405, 410, 413, 422, 425, 499, 600, 999)]])
def test_statuses_of_the_handler(code, again):
    assert retries(NEW, code) == again


# S0-08, S1-26
@pytest.mark.parametrize("end", ["refused", "reset", "close", "cut", "timeout"])
def test_transport_faults_of_the_handler(end):
    assert retries(NEW, end)


# S0-52, S1-55: the handler never reads Retry-After
@pytest.mark.parametrize("profile", HANDLERS + [HOLDER, SAMPLING, POLL])
def test_retry_after_is_not_read(profile):
    with_header = play(profile, status(429, retry_after="37"), most=2, u=[.3]).waits
    without = play(profile, 429, most=2, u=[.3]).waits
    assert with_header == without


# S1-46, S1-118: a caller's cancel is no timeout
def test_a_cancel_is_no_timeout():
    story = play(NEW, fault("timeout", took=10**6), cancel=3)
    assert (story.aborted, story.reason, story.at) == (True, "cancelled", 3)


# -- the HTTP layer


# S0-28: the numbers of the Python layer: 11 attempts, down to 75 %
def test_the_http_layer():
    story = play(HTTP, 503)
    assert (story.attempts, story.reason) == (11, "attempts")
    nominal = [.5, 1, 2, 4, 8, 10, 10, 10, 10, 10]
    assert [high for _, high in story.ranges] == pytest.approx(nominal)
    assert [low for low, _ in story.ranges] == pytest.approx([.75 * x for x in nominal])


# S0-25, S0-38, S0-45, S1-20, S2-06, S0-106: sampling has no retries of its own in this layer
@pytest.mark.parametrize("outcome", [408, 409, 429, 500, 503, "reset"])
def test_sampling_has_no_retries_in_the_http_layer(outcome):
    assert play(ASAMPLE, outcome).attempts == 1


# S0-30, S0-31, S0-32, S0-33, S0-105: statuses and faults, above 599 as well
@pytest.mark.parametrize("outcome, again", [
    *[(one, True) for one in (408, 409, 429, 500, 503, 599, 600, 999, "refused", "reset", "close", "timeout", "cut")],
    *[(one, False) for one in (400, 401, 402, 403, 404, 410, 422, 499)]])
def test_statuses_of_the_http_layer(outcome, again):
    assert retries(HTTP, outcome) == again


# S0-34: exact words; other letters are as if it were not there
@pytest.mark.parametrize("code, value, again", [
    (400, "true", True), (503, "false", False), (429, "false", False), (400, "TRUE", False), (503, "False", True)])
def test_x_should_retry(code, value, again):
    assert retries(HTTP, status(code, x_should_retry=value)) == again


AT_START_OF_2000 = "Sat, 01 Jan 2000 00:00:00 GMT"


# S0-30, S0-52: each form of Retry-After, on 429 and on 503; None is the layer's own delay
@pytest.mark.parametrize("code", [429, 503])
@pytest.mark.parametrize("headers, wait", [
    ({}, None), ({"retry_after": "0"}, None), ({"retry_after": "1"}, 1), ({"retry_after": "1.5"}, 1.5),
    ({"retry_after": "60"}, 60), ({"retry_after": "61"}, None), ({"retry_after": "-1"}, None),
    ({"retry_after": "abc"}, None), ({"retry_after": ""}, None), ({"retry_after": "nan"}, None),
    ({"retry_after": "inf"}, None), ({"retry_after": "Thu, 01 Jan 1970 00:00:30 GMT"}, 30),
    ({"retry_after": "Wed, 31 Dec 1969 23:59:30 GMT"}, None), ({"retry_after_ms": "250"}, .25),
    ({"retry_after_ms": "0"}, None), ({"retry_after_ms": "abc", "retry_after": "2"}, 2),
    ({"retry_after_ms": "250", "retry_after": "2"}, .25), ({"retry_after_ms": "61000"}, None)])
def test_retry_after_of_the_http_layer(code, headers, wait):
    story = play(HTTP, status(code, **headers), most=2, u=[.5])
    assert story.delays[0] == pytest.approx(.4375 if wait is None else wait)


# -- submission, sampling, polling


# S0-25: 1, 2, 4, 8, 16, 30 ... and the last wait ends at 300 s
def test_submission_takes_300_seconds():
    story = play(HOLDER, 503)
    assert story.delays == pytest.approx([1, 2, 4, 8, 16] + [30] * 8 + [29])
    assert (story.attempts, story.at) == (15, 300)


# S1-52, S1-54, S1-55, S0-52: 429 while sampling is waited out, for ever
def test_429_while_sampling():
    old = play(SAMPLING_OLD, 429, most=50)
    assert set(old.delays) == {1} and old.attempts == 50
    assert set(play(SAMPLING, 429, most=50).delays) == {1}


# S3-02, S1-55: 1 s up to 128 KiB, 5 s above
@pytest.mark.parametrize("size, wait", [(0, 1), (131072, 1), (131073, 5), (5242880, 5)])
def test_the_wait_after_429_depends_on_the_size(size, wait):
    assert sum(play(SAMPLING, 429, 200, body_bytes=size).delays) == wait
    assert sum(play(SAMPLING_OLD, 429, 200, body_bytes=size).delays) == 1


# S1-77: 410 is for the layer further out; 400 is fatal at once, or after three
@pytest.mark.parametrize("profile, code, attempts", [
    (POLL_OLD, 400, 1), (POLL_OLD, 429, 1), (POLL, 400, 4), (POLL, 404, 1), (POLL, 410, 1)])
def test_what_ends_polling(profile, code, attempts):
    assert play(profile, code, stop=10**5).attempts == attempts


# S1-55: 408 and 5xx at once; connection errors by 1, 2, 4, 8, 16, 30 s
def test_waits_of_polling():
    assert set(play(POLL, 503, most=20).delays) <= {0}
    assert play(POLL, "reset", most=7).delays[:6] == pytest.approx([1, 2, 4, 8, 16, 30])
    assert play(POLL, 429, most=7).delays[:6] == pytest.approx([1, 2, 4, 8, 16, 30])


# S1-55: any other answer starts the exponent again
def test_another_answer_starts_the_exponent_again():
    story = play(POLL, "reset", "reset", 408, "reset", 200)
    assert [delay for delay in story.delays if delay] == pytest.approx([1, 2, 1])


# -- the whole stack


# S0-24, S0-25, S0-76, S1-17, S1-121, S1-122: submission's law for 300 s, only then one delay of the handler
def test_layers_nest():
    story = play("tinker-stack", 503, path="/api/v1/asample", most=16, u=[.5])
    gaps = [later - earlier for earlier, later in zip(story.sends, story.sends[1:])]
    assert gaps[:5] == pytest.approx([1, 2, 4, 8, 16])
    assert story.sends[14] == pytest.approx(300, abs=.001)
    assert gaps[14] == pytest.approx(.5)
