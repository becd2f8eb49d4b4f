"""Goal: no back-off law that a profile can express ever leaves its bounds or its
shape."""
import math
import random

from hypothesis import assume, given
from hypothesis import strategies as st

import laws
from core import FOREVER, Law, examples
from generate import Dice, backoff

MS = 10**6

uniform = st.integers(0, 2**53 - 1).map(lambda step: step / 2**53)
retry = st.one_of(st.integers(0, 12), st.integers(0, 100_000))


@st.composite
def any_law(draw, **fixed):
    """Any law; `fixed` members of one with cap and jitter."""
    dice = Dice(draw)
    law = backoff(dice)
    if not fixed and dice.lucky(20):  # without a cap
        for key in ("cap", "clip", "order", "cap_unjittered"):
            law.pop(key, None)
        law["floor"] = "0s"
    if fixed:
        assume(law["schedule"] != "none" and law.get("jitter", "none") != "none")
        law.update(fixed)
    return law


def open_law(backoff_object):
    try:
        return Law(backoff_object)
    except ValueError:  # such as a floor of the jitter above the cap
        assume(False)


def cap_ns(law):
    return laws.ns(law["cap"]) if "cap" in law else FOREVER


# S0-20, TP-1: never negative, for every law, n and u.
@examples(300)
@given(any_law(), retry, uniform)
def test_a_delay_is_never_negative_and_lies_in_the_range(law, n, u):
    with open_law(law) as opened:
        delay = opened.draw(n, u)
        low, high = opened.range(n)
        assert 0 <= low <= delay <= high <= FOREVER


# S0-18: the whole formula, of every law, against a second one in exact numbers.
@examples(300)
@given(any_law(), st.integers(0, 40), uniform)
def test_a_delay_is_what_the_documentation_says(law, n, u):
    assume("decorrelated" not in law.get("jitter", {}))
    expected = laws.delay(law, n, u)
    assume(expected < 2**62)
    with open_law(law) as opened:
        # Doubles are exact to 53 bits.
        assert abs(opened.draw(n, u) - expected) <= laws.step_ns(law) + expected * 2**-48


# S0-19, TP-2: clipped after the jitter, the cap is never exceeded.
@given(any_law(clip=True, floor="0s"), retry, uniform)
def test_a_clipped_delay_never_exceeds_the_cap(law, n, u):
    with open_law(law) as opened:
        assert opened.draw(n, u) <= cap_ns(law)
        assert opened.range(n)[1] <= cap_ns(law)


@given(any_law(order="before-cap", floor="0s"), retry, uniform)
def test_jitter_before_the_cap_never_exceeds_it(law, n, u):
    with open_law(law) as opened:
        assert opened.range(n)[1] <= cap_ns(law)
        assert opened.draw(n, u) <= cap_ns(law)


# TP-3
@given(any_law(clip=False, order="after-cap", rounding="none", negative="zero", floor="0s"), retry, uniform,
       st.integers(0, 100))
def test_symmetric_jitter_after_the_cap_exceeds_it_by_its_ratio_at_most(law, n, u, percent):
    law = {**law, "schedule": "exponential", "jitter": {"symmetric": percent / 100}}
    law.pop("step", None)
    with open_law(law) as opened:
        low, high = opened.range(n)
        n = min(n, 200)  # by then it has reached the cap, or never will
        x = min(laws.nominal(law, n) or 0, cap_ns(law))
        assert x * (100 - percent) / 100 - 2 <= low <= opened.draw(n, u) <= high <= x * (100 + percent) / 100 + 2


@given(any_law(), st.integers(0, 2000))
def test_without_jitter_delays_grow_and_are_exact(law, n):
    law = {key: value for key, value in law.items() if key not in ("jitter", "order", "cap_unjittered")}
    with open_law(law) as opened:
        first, second = opened.draw(n, 0.0), opened.draw(n + 1, 0.999)
        assert first <= second
        assert opened.range(n) == (first, first)


# TP-11, S0-108: up to retry 100,000 and beyond nothing overflows: the cap, or for ever without one.
@given(any_law(), st.integers(1000, 10**12), uniform)
def test_no_number_of_retries_overflows(law, n, u):
    with open_law(law) as opened:
        delay = opened.draw(n, u)
        assert 0 <= delay <= FOREVER
        grows = law["schedule"] == "exponential" and law.get("factor", 2) > 1
        if grows and law.get("jitter", "none") == "none" and "cap" in law and n > 5000:
            assert delay == laws.ns(law["cap"]) // (step := laws.step_ns(law)) * step or law.get("floor", "0s") != "0s"


# -- shape ---------------------------------------------------------------------

DRAWS = 400
# Dvoretzky, Kiefer, Wolfowitz: P(distance > eps) <= 2 exp(-2 n eps^2) for any
# distribution. A false alarm in 10^9 examples.
FALSE_ALARM = 1e-9
DISTANCE = math.sqrt(math.log(2 / FALSE_ALARM) / (2 * DRAWS))
# Hoeffding, of the mean of n values in [0, 1]: P(off by more than eps) <= 2 exp(-2 n eps^2).
MEAN_OFF = DISTANCE


def draws_of(opened, n, seed):
    source = random.Random(seed)
    return sorted(opened.draw(n, source.random()) for _ in range(DRAWS))


def mean_of(law, n):
    """Of the exact law, by the middle of each of many steps."""
    steps = 200
    return sum(laws.delay(law, n, (2 * i + 1) / (2 * steps)) for i in range(steps)) / steps


@examples(60)
@given(any_law(), st.integers(0, 12), st.integers(0, 2**32))
def test_draws_have_the_distribution_that_the_function_says(law, n, seed):
    with open_law(law) as opened:
        values = draws_of(opened, n, seed)
        for i, value in enumerate(values):
            at_most = sum(each <= value for each in values[i:i + 1]) + i
            assert opened.cdf(n, value) >= at_most / DRAWS - DISTANCE
            assert opened.cdf_below(n, value) <= i / DRAWS + DISTANCE or values[i - 1] == value


@examples(60)
@given(any_law(), st.integers(0, 12), st.integers(0, 2**32))
def test_draws_have_the_mean_of_the_law(law, n, seed):
    assume("decorrelated" not in law.get("jitter", {}))
    assume(laws.delay(law, n, 0.5) < 2**60)
    with open_law(law) as opened:
        low, high = opened.range(n)
        mean = sum(draws_of(opened, n, seed)) / DRAWS
        assert abs(mean - mean_of(law, n)) <= (high - low) * (MEAN_OFF + 0.01) + laws.step_ns(law)


@given(any_law(), st.integers(0, 12), st.lists(uniform, min_size=2, max_size=6))
def test_the_distribution_function_agrees_with_the_draws(law, n, us):
    with open_law(law) as opened:
        low, high = opened.range(n)
        assert opened.cdf(n, high) == 1
        assert low == 0 or opened.cdf(n, low - 1) == 0
        points = sorted(opened.draw(n, u) for u in us)
        values = [opened.cdf(n, point) for point in points]
        assert values == sorted(values)
        for point in points:
            assert opened.cdf_below(n, point) <= opened.cdf(n, point)


# TP-11: once the cap is reached, half of the delays are the cap exactly and the rest lie below.
@given(st.integers(1, 5000), st.integers(1, 99), st.integers(20, 100_000))
def test_half_of_the_clipped_symmetric_delays_are_the_cap(base, percent, n):
    law = {"schedule": "exponential", "base": f"{base}ms", "factor": 2, "cap": "10s", "clip": True,
           "jitter": {"symmetric": percent / 100}}
    with Law(law) as opened:
        atom = opened.cdf(n, 10_000 * MS) - opened.cdf_below(n, 10_000 * MS)
        assert math.isclose(atom, 0.5, abs_tol=1e-6)


# -- the examples of the test plan ---------------------------------------------


def law_of(base, cap, jitter):
    return {"schedule": "exponential", "base": f"{base}ms", "cap": f"{cap}ms", "clip": True,
            "rounding": "ms-nearest", "jitter": {"symmetric": jitter}}


# TP-1, TP-2 in their own domain.
@given(st.integers(1, 100_000), st.integers(1, 100_000), st.integers(0, 100), st.integers(0, 100), uniform)
def test_the_plan_bounds(base, cap, percent, attempt, u):
    assume(base <= cap)
    with Law(law_of(base, cap, percent / 100)) as opened:
        assert 0 <= opened.draw(attempt, u) <= cap * MS


# TP-3 in its own domain: exponential with at most half of it as jitter.
@given(st.integers(100, 10_000), st.integers(0, 50), st.integers(0, 10), uniform)
def test_the_plan_jitter_range(base, percent, attempt, u):
    expected = min(base * 2**attempt, 100_000)
    with Law({**law_of(base, 100_000, percent / 100), "clip": False}) as opened:
        delay = opened.draw(attempt, u) / MS
        assert expected * (1 - percent / 100) - 1 <= delay <= expected * (1 + percent / 100) + 1


# TP-4, TP-5, TP-11
def test_the_plan_exact_delays():
    with Law(law_of(100, 100_000, 0)) as opened:
        assert [opened.draw(n, 0.7) // MS for n in range(3)] == [100, 200, 400]
    with Law(law_of(100, 500, 0)) as opened:
        assert opened.draw(10, 0.7) == 500 * MS
    with Law(law_of(500, 10_000, 0)) as opened:
        assert opened.draw(10_000, 0.7) == 10_000 * MS


# TP-6
@given(st.integers(0, 2**32))
def test_the_plan_hundred_samples(seed):
    source = random.Random(seed)
    with Law(law_of(1000, 100_000, 0.25)) as opened:
        samples = [opened.draw(0, source.random()) // MS for _ in range(100)]
    assert all(750 <= sample <= 1250 for sample in samples)
    assert len(set(samples)) > 10


@given(st.integers(1, 5000), st.floats(1.5, 6), st.integers(0, 50), uniform)
def test_decorrelated_jitter_lies_between_base_and_k_times_the_last(base, k, previous_ms, u):
    law = {"schedule": "constant", "base": f"{base}ms", "cap": "60s", "clip": True, "jitter": {"decorrelated": k}}
    previous = max(base, previous_ms * base) * MS
    with Law(law) as opened:
        delay = opened.draw(3, u, previous)
        assert min(base * MS, 60_000 * MS) <= delay <= min(k * previous, 60_000 * MS) + 1
