"""Goal: times in headers and files mean what they say, whatever bytes they are."""
import email.utils
import math

from hypothesis import given
from hypothesis import strategies as st

from core import FORMS, format_duration, parse_duration, retry_after

SECOND = 10**9
LARGEST = 2**63 - 1


@given(st.sampled_from(FORMS), st.binary(max_size=40).filter(lambda text: b"\0" not in text), st.integers(0, 4 * 10**18))
def test_any_bytes_are_survived(form, text, wall_ns):
    value = retry_after(form, text, wall_ns)
    assert value is None or -(2**63) < value <= LARGEST


@given(st.integers(0, 9_000_000_000))
def test_digits_are_seconds_exactly(seconds):
    text = str(seconds).encode()
    for form in ("seconds", "seconds-float", "seconds-prefix"):
        assert retry_after(form, text) == min(seconds * SECOND, LARGEST)


@given(st.floats(0, 1e6))
def test_fractions_are_read_as_python_reads_them(seconds):
    value = retry_after("seconds-float", repr(seconds).encode())
    assert math.isclose(value, seconds * SECOND, rel_tol=1e-9, abs_tol=1)


@given(st.integers(0, 4_000_000_000), st.integers(-100_000, 100_000))
def test_http_dates_count_from_the_clients_clock(now, offset):
    date = max(0, now + offset)
    text = email.utils.formatdate(date, usegmt=True).encode()
    assert retry_after("http-date", text, now * SECOND) == (date - now) * SECOND


@given(st.integers(0, LARGEST - 1))
def test_a_duration_survives_being_written(ns):
    assert parse_duration(format_duration(ns)) == ns
