"""Goal: no back-off law that a profile can express ever leaves its bounds."""
import math

from hypothesis import given
from hypothesis import strategies as st

from core import Law

MS = 10**6
FOREVER = 2**63 - 1

milliseconds = st.integers(1, 120_000)
uniform = st.floats(0, 1, exclude_max=True)
retry = st.one_of(st.integers(0, 12), st.integers(0, 100_000))
ratio = st.floats(0.01, 1)


def jitters():
    return st.one_of(
        st.none(), st.just("equal"),
        ratio.map(lambda j: {"symmetric": j}), ratio.map(lambda j: {"full": j}), ratio.map(lambda j: {"down": j}),
        ratio.map(lambda j: {"up": j}),
        st.tuples(st.floats(0, 1), st.floats(1, 2)).map(lambda pair: {"proportional": list(pair)}),
        st.tuples(st.integers(0, 50), st.integers(51, 500)).map(
            lambda pair: {"add": [f"{pair[0]}ms", f"{pair[1]}ms"]}))


@st.composite
def backoffs(draw, jitter=jitters(), **fixed):
    """A law; `fixed` members of a capped and jittered one."""
    base = draw(milliseconds)
    law = {"schedule": draw(st.sampled_from(["constant", "linear", "exponential", "fibonacci"])), "base": f"{base}ms"}
    if law["schedule"] == "exponential":
        law["factor"] = draw(st.floats(1, 5))
    if law["schedule"] == "linear":
        law["step"] = f"{draw(milliseconds)}ms"
    chosen = draw(jitter)
    if chosen is not None:
        law["jitter"] = chosen
    if fixed or draw(st.booleans()):
        law["cap"] = f"{base + draw(milliseconds)}ms"
        if chosen is not None:
            law["order"] = draw(st.sampled_from(["after-cap", "before-cap"]))
            law["clip"] = draw(st.booleans())
            law.update(fixed)
    law["rounding"] = draw(st.sampled_from(["none", "ms-nearest", "ms-down", "ns-down"]))
    return law


def cap_ns(backoff):
    return int(backoff["cap"][:-2]) * MS if "cap" in backoff else FOREVER


@given(backoffs(), retry, uniform)
def test_a_delay_is_never_negative_and_lies_in_the_range(backoff, n, u):
    with Law(backoff) as law:
        delay = law.draw(n, u)
        low, high = law.range(n)
        assert 0 <= low <= delay <= high


@given(backoffs(jitters().filter(lambda jitter: jitter is not None), clip=True), retry, uniform)
def test_a_clipped_delay_never_exceeds_the_cap(backoff, n, u):
    with Law(backoff) as law:
        assert law.draw(n, u) <= cap_ns(backoff)
        assert law.range(n)[1] <= cap_ns(backoff)


@given(backoffs(ratio.map(lambda j: {"symmetric": j}), clip=False, order="after-cap"), retry, uniform)
def test_symmetric_jitter_after_the_cap_exceeds_it_by_its_ratio_at_most(backoff, n, u):
    bound = cap_ns(backoff) * (1 + backoff["jitter"]["symmetric"])
    with Law(backoff) as law:
        assert law.draw(n, u) <= bound + MS  # one millisecond for rounding


@given(backoffs(st.none()), st.integers(0, 2000))
def test_without_jitter_delays_grow_and_are_exact(backoff, n):
    with Law(backoff) as law:
        first, second = law.draw(n, 0.0), law.draw(n + 1, 0.999)
        assert first <= second
        assert law.range(n) == (first, first)


@given(backoffs(), st.integers(0, 12), st.lists(uniform, min_size=2, max_size=6))
def test_the_distribution_function_agrees_with_the_draws(backoff, n, us):
    with Law(backoff) as law:
        low, high = law.range(n)
        assert law.cdf(n, high) == 1
        assert low == 0 or law.cdf(n, low - 1) == 0
        points = sorted(law.draw(n, u) for u in us)
        values = [law.cdf(n, point) for point in points]
        assert values == sorted(values)
        for point in points:
            assert law.cdf_below(n, point) <= law.cdf(n, point)


@given(backoffs(), st.integers(0, 12))
def test_the_share_of_draws_below_a_point_is_what_the_function_says(backoff, n):
    draws = 400
    with Law(backoff) as law:
        values = sorted(law.draw(n, (i + 0.5) / draws) for i in range(draws))
        middle = values[draws // 3]
        share = sum(value <= middle for value in values) / draws
        # The draws are a regular grid, so the error is one grid step.
        assert math.isclose(share, law.cdf(n, middle), abs_tol=1.5 / draws)


@given(st.integers(1, 5000), st.floats(1.5, 6), st.integers(0, 50), uniform)
def test_decorrelated_jitter_lies_between_base_and_k_times_the_last(base, k, previous_ms, u):
    backoff = {"schedule": "constant", "base": f"{base}ms", "cap": "60s", "clip": True, "jitter": {"decorrelated": k}}
    previous = max(base, previous_ms * base) * MS
    with Law(backoff) as law:
        delay = law.draw(3, u, previous)
        assert min(base * MS, 60_000 * MS) <= delay <= min(k * previous, 60_000 * MS) + 1
