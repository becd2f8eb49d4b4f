"""Goal: limits of time end a call at their instant, to the nanosecond, not before
and not after."""
from hypothesis import given
from hypothesis import strategies as st

from core import FOREVER
from engine import ABORT, DONE, SEND, WAIT, Handler, rule, single

spans = st.integers(1, 10**10)
positive = st.integers(2, 10**10)


def constant(ns):
    return {"schedule": "constant", "base": f"{ns}ns"}


def progress(timeout_ns, clock, aborts=True):
    return {"timeout": f"{timeout_ns}ns", "clock": clock, "aborts_attempt": aborts}


# -- progress timeouts ---------------------------------------------------------


# S0-109, S1-44, S1-45: the attempt in flight is aborted when the deadline has come.
@given(positive, st.integers(0, 10**10), st.sampled_from(["handler", "call"]))
def test_an_attempt_in_flight_is_aborted_at_the_deadline(timeout, begun, clock):
    with Handler(single(rules=[rule()], progress=progress(timeout, clock)), begun if clock == "handler" else 0) as handler:
        call = handler.call()
        action = call.start(begun)
        assert action.kind == SEND and action.wake_ns == begun + timeout
        assert call.timer(begun + timeout - 1).kind == WAIT
        action = call.timer(begun + timeout)
        assert action.kind == ABORT and action.why == "progress-timeout"


@given(positive, positive, positive, st.sampled_from(["handler", "call"]))
def test_a_wait_ends_at_the_deadline(timeout, took, delay, clock):
    with Handler(single(rules=[rule(constant(delay))], progress=progress(timeout, clock))) as handler:
        call = handler.call()
        call.start(0)
        took = min(took, timeout - 1)
        action = call.ended(took, 503)
        assert action.kind == WAIT and action.until_ns == took + delay and action.wake_ns == timeout
        if took + delay < timeout:
            assert call.timer(took + delay).kind == SEND
        else:
            action = call.timer(timeout)
            assert action.kind == DONE and action.why == "progress-timeout"


# S1-48: failures are no progress, a success of any call of the handler is.
@given(positive, spans, st.integers(0, 5), st.sampled_from(["handler", "call"]))
def test_successes_move_the_clock_of_the_handler_alone(timeout, step, successes, clock):
    step = min(step, timeout - 1)
    with Handler(single(rules=[rule()], progress=progress(timeout, clock))) as handler:
        slow = handler.call()
        slow.start(0)
        now = 0
        for _ in range(successes):
            other = handler.call()
            other.start(now)
            now += step
            if clock == "call" and now >= timeout:
                break
            assert other.ended(now, 200).is_ok
            assert slow.timer(now).kind == WAIT
        else:
            due = now + timeout if clock == "handler" and successes else timeout
            assert slow.timer(due - 1).kind == WAIT or due - 1 < now
            assert slow.timer(due).kind == ABORT


# C-05: without aborting it is tested between attempts only.
@given(positive, spans, spans)
def test_a_timeout_that_does_not_abort_waits_for_the_next_attempt(timeout, took, delay):
    with Handler(single(rules=[rule(constant(delay))], progress=progress(timeout, "call", aborts=False))) as handler:
        call = handler.call()
        assert call.start(0).wake_ns == FOREVER
        assert call.timer(took).kind == WAIT  # in flight, whatever the hour
        action = call.ended(took, 503)
        assert action.kind == WAIT
        action = call.timer(took + delay)
        assert (action.kind == DONE) == (took + delay > timeout)


# -- call timeouts -------------------------------------------------------------


@given(positive, spans, st.lists(positive, min_size=1, max_size=6))
def test_a_call_timeout_ends_the_call_at_its_instant(limit, delay, attempts):
    with Handler(single(rules=[rule(constant(delay))], call_timeout=f"{limit}ns")) as handler:
        call, now = handler.call(), 0
        action = call.start(0)
        for took in attempts:
            assert action.kind == SEND and action.until_ns == limit
            now += took
            if now >= limit:
                action = call.ended(limit, "timeout")
                assert action.kind == DONE and action.why == "call-timeout"
                return
            action = call.ended(now, 503)
            assert action.kind == WAIT
            if action.until_ns >= limit:
                action = call.timer(limit)
                assert action.kind == DONE and action.why == "call-timeout"
                return
            now = action.until_ns
            action = call.timer(now)
        assert action.kind == SEND


# -- elapsed budgets -----------------------------------------------------------

moves = st.lists(st.tuples(st.integers(0, 10**9), st.integers(1, 10**9)), min_size=1, max_size=8)


def expected(test, limit, now, delay):
    """What a failure at `now` brings: the wait, or None for giving up."""
    if now >= limit or (test == "before-sleep" and now + delay > limit):
        return None
    return min(delay, limit - now) if test == "cut-sleep" else delay


# S0-16 has none of these; tinker's execute_with_retries and others do.
@given(st.integers(1, 4 * 10**9), moves, st.sampled_from(["after-attempt", "before-sleep", "cut-sleep"]))
def test_an_elapsed_budget_is_tested_as_it_says(limit, attempts, test):
    for index in range(len(attempts)):
        # A law for each prefix: its last delay is the one that is looked at.
        delay = attempts[index][1]
        budget = {"elapsed": f"{limit}ns", "elapsed_test": test}
        with Handler(single(rules=[rule(constant(delay))], budget=budget)) as handler:
            call, now = handler.call(), 0
            call.start(0)
            for took, _ in attempts[:index + 1]:
                now += took
                wait = expected(test, limit, now, delay)
                action = call.ended(now, 503)
                if wait is None:
                    assert action.kind == DONE and action.why == "elapsed"
                    break
                assert action.kind == WAIT and action.until_ns == now + wait
                now += wait
                assert call.timer(now).kind == SEND


# -- attempt timeouts ----------------------------------------------------------


@given(positive, spans)
def test_an_attempt_timeout_counts_from_each_attempt(limit, delay):
    with Handler(single(rules=[rule(constant(delay))], attempt_timeout={"limit": f"{limit}ns"})) as handler:
        call, now = handler.call(), 0
        action = call.start(0)
        for _ in range(4):
            assert action.kind == SEND and action.until_ns == now + limit
            now += limit
            action = call.ended(now, "timeout")
            assert action.kind == WAIT
            now = action.until_ns
            action = call.timer(now)
