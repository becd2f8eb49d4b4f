"""Back-off laws a second time, from docs/profile.md alone and in exact numbers:
what the C core must agree with."""
import re
from fractions import Fraction

MS = 10**6
UNITS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "min": 60 * 10**9, "h": 3600 * 10**9}
FOREVER = 2**63 - 1


def ns(text):
    number, unit = re.fullmatch(r"([\d.]+)(ns|us|ms|s|min|h)", text).groups()
    return Fraction(number) * UNITS[unit]


def fibonacci(n):
    a, b = 1, 1
    for _ in range(n):
        a, b = b, a + b
    return a


def nominal(law, n):
    """x(n) without cap and jitter; None for retry 0 of a law that begins at once."""
    if law.get("first_immediate"):
        if n == 0:
            return None
        n -= 1
    schedule = law["schedule"]
    if schedule == "none":
        return Fraction(0)
    base = ns(law["base"])
    if schedule == "constant":
        return base
    if schedule == "linear":
        return base + n * ns(law["step"])
    if schedule == "fibonacci":
        return base * fibonacci(n)
    return base * Fraction(law.get("factor", 2)) ** (n + law.get("first_exponent", 0))


def jittered(jitter, x, u):
    if jitter == "none":
        return x
    if jitter == "full":
        return x * u
    if jitter == "equal":
        return x / 2 + u * x / 2
    (kind, value), = jitter.items()
    if kind in ("full_from", "add", "proportional"):
        if kind == "proportional":
            low, high = map(Fraction, value)
            return x * (low + (high - low) * u)
        if kind == "full_from":
            low, high = sorted((ns(value), x))
            return low + (high - low) * u
        low, high = sorted(map(ns, value))
        return x + low + (high - low) * u
    j = Fraction(value)
    if kind == "up_steps":
        steps = round_half_away(j * x / MS)
        return x + max(1, ceil(u * steps)) * MS
    if kind == "symmetric_inclusive":
        return x * (1 - j) + u * (2 * j * x + 1)
    return {"symmetric": x + x * j * (2 * u - 1), "full": x * j * u, "down": x * (1 - j * u),
            "up": x * (1 + j * u)}[kind]


def ceil(value):
    return -(-value.numerator // value.denominator)


def floor(value):
    return value.numerator // value.denominator


def round_half_away(value):
    return floor(value + Fraction(1, 2))


def delay(law, n, u):
    """In nanoseconds, for the random number u."""
    x = nominal(law, n)
    if x is None:
        return 0
    u = Fraction(u)
    cap = ns(law["cap"]) if "cap" in law else None
    is_after = law.get("order", "after-cap") == "after-cap"
    if cap is not None and is_after:
        x = min(x, cap)
    value = x
    if not (law.get("cap_unjittered") and cap is not None and x >= cap):
        value = jittered(law.get("jitter", "none"), x, u)
    if value < 0:
        value = ns(law["base"]) if law.get("negative") == "base" else Fraction(0)
    if cap is not None and (law.get("clip") or not is_after):
        value = min(value, cap)
    value = max(value, ns(law.get("floor", "0s")))
    rounding = law.get("rounding", "none")
    if rounding == "ms-nearest":
        return round_half_away(value / MS) * MS
    if rounding == "ms-down":
        return floor(value / MS) * MS
    return floor(value) if rounding == "ns-down" else round_half_away(value)


def step_ns(law):
    """How far a delay may jump where doubles and exact numbers fall on two sides of a
    rounding."""
    has_ms = law.get("rounding", "none").startswith("ms") or "up_steps" in law.get("jitter", {})
    return MS if has_ms else 1
