"""Goal: times in headers and files mean what they say, whatever bytes they are."""
import datetime
import email.utils
import math
import re

from hypothesis import given
from hypothesis import strategies as st

from core import FORMS, SECOND, examples, format_duration, parse_duration, retry_after

LARGEST = 2**63 - 1
BLANKS = " \t\n\v\f\r"
UNIT = {"seconds": SECOND, "ms": 10**6}

walls = st.integers(0, 4 * 10**18)
# Bytes of all kinds, and texts that look like numbers and dates.
raw = st.binary(max_size=40).filter(lambda text: b"\0" not in text)
figures = st.text("0123456789", max_size=25)
numeric = st.tuples(st.sampled_from(["", " ", "\t", "+", "-", " -"]), figures, st.sampled_from(["", ".", ".5"]),
                    st.sampled_from(["", "e", "e3", "E-7", "e+400", " ", " a", "\v"]), figures).map(
                        lambda parts: "".join(parts[:4] + (parts[4][:3] if parts[3] in ("e", ".") else "",)).encode())
words = st.sampled_from([b"nan", b"inf", b"-inf", b"infinity", b"1_0", b"0x10", b"", b" ", b"\xb2", b"\xd9\xa3"])
values = st.one_of(raw, numeric, words)


@given(st.sampled_from(FORMS), raw, walls)
def test_any_bytes_are_survived(form, text, wall_ns):
    value = retry_after(form, text, wall_ns)
    assert value is None or -(2**63) < value <= LARGEST


# -- numbers, each form against a reader of its own ------------------------------


def clamped(value):
    return max(-LARGEST, min(value, LARGEST))


def digits(text, unit):
    """As re.fullmatch of ASCII digits, blanks around them ignored."""
    stripped = text.strip(BLANKS.encode())
    return clamped(int(stripped) * unit) if re.fullmatch(rb"[0-9]+", stripped) else None


def prefix(text, unit):
    """As Elixir's Integer.parse."""
    found = re.match(rb"[+-]?[0-9]+", text.lstrip(BLANKS.encode()))
    return clamped(int(found.group()) * unit) if found else None


def number(text, unit):
    """As Python's float(), without underscores, infinities and digits that are no ASCII.
    The number is exact, as a decimal has it."""
    if re.search(rb"[_a-df-zA-DF-Z]", text) or not text.isascii():
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return None if math.isinf(value) or math.isnan(value) else value * unit


@examples(400)
@given(values, st.sampled_from(["seconds", "ms"]))
def test_digits_and_prefixes_are_read_as_their_models_read_them(text, form):
    assert retry_after(form, text) == digits(text, UNIT[form])
    assert retry_after(f"{form}-prefix", text) == prefix(text, UNIT[form])


@examples(400)
@given(values, st.sampled_from(["seconds", "ms"]))
def test_floats_are_read_as_python_reads_them(text, form):
    expected, found = number(text, UNIT[form]), retry_after(f"{form}-float", text)
    if expected is None:
        assert found is None
    elif abs(expected) >= LARGEST:
        assert found is not None and abs(found) >= LARGEST * (1 - 1e-9)
    else:
        assert math.isclose(found, expected, rel_tol=1e-9, abs_tol=1)


@given(values, walls)
def test_unix_times_count_from_the_clients_clock(text, wall_ns):
    at = digits(text, SECOND)
    expected = None if at is None else clamped(at - wall_ns)
    assert retry_after("epoch-seconds", text, wall_ns) == expected


@given(st.floats(0, 1e6))
def test_fractions_are_read_as_python_reads_them(seconds):
    value = retry_after("seconds-float", repr(seconds).encode())
    assert math.isclose(value, seconds * SECOND, rel_tol=1e-9, abs_tol=1)


# -- dates -----------------------------------------------------------------------

instants = st.integers(0, 253402300799)  # to the end of the year 9999
FORMATS = ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]


def date_text(instant, kind):
    return datetime.datetime.fromtimestamp(instant, datetime.UTC).strftime(FORMATS[kind])


@given(instants, st.integers(0, 2), walls)
def test_every_format_of_an_http_date_is_read(instant, kind, wall_ns):
    if kind == 1:  # two digits of the year
        instant %= 3124224000  # to 2068
    text = date_text(instant, kind).replace("0000", "0000")
    # What lies past the last instant in nanoseconds is for ever away.
    is_known = instant * SECOND <= LARGEST
    expected = clamped(instant * SECOND - wall_ns) if is_known else LARGEST
    assert retry_after("http-date", text.encode(), wall_ns) == expected


@given(st.integers(0, 4_000_000_000), st.integers(-100_000, 100_000))
def test_http_dates_count_from_the_clients_clock(now, offset):
    date = max(0, now + offset)
    text = email.utils.formatdate(date, usegmt=True).encode()
    assert retry_after("http-date", text, now * SECOND) == (date - now) * SECOND


@st.composite
def broken_dates(draw):
    text = date_text(draw(instants), draw(st.integers(0, 2)))
    at = draw(st.integers(0, len(text) - 1))
    return (text[:at] + draw(st.sampled_from(["", "x", ":", "00", " ", "é", "\t"])) + text[at + 1:]).encode()


# What email.utils reads and RFC 9110 5.6.7 does not allow is a choice; but a date that
# both read is the same instant.
@examples(400)
@given(st.one_of(broken_dates(), raw))
def test_a_date_that_is_read_is_the_instant_that_python_reads(text):
    found = retry_after("http-date", text)
    if found is None:
        return
    parsed = email.utils.parsedate_tz(text.decode("latin-1"))
    assert parsed, text
    year = parsed[0]
    instant = datetime.datetime(year, *parsed[1:5], tzinfo=datetime.UTC) + datetime.timedelta(seconds=parsed[5])
    assert found == clamped(int(instant.timestamp()) * SECOND), text


# -- durations -------------------------------------------------------------------


@given(st.integers(0, LARGEST - 1))
def test_a_duration_survives_being_written(ns):
    assert parse_duration(format_duration(ns)) == ns
