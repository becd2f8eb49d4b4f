"""The pure core in process: wraps props/*.h by ctypes.

A few seconds in CI, where the same examples are tried each time; RETRYSPEC_LONG=1
tries at least 10,000 new ones a property, from a seed that is printed and that
RETRYSPEC_PROPS_SEED sets. What fails is shrunk; where it is a story, its files and
the command that plays it again are named in the message."""
import ctypes
import json
import os
import pathlib
import random
import shlex
import sys

import hypothesis.core
from hypothesis import HealthCheck, settings

IS_LONG = os.environ.get("RETRYSPEC_LONG", "") not in ("", "0")

# Not in a conftest.py: tests/e2e has one, and two of that name hide each other.
settings.register_profile("retryspec", max_examples=10_000 if IS_LONG else 100, derandomize=not IS_LONG, deadline=None,
                          print_blob=True, database=None,
                          suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large,
                                                 HealthCheck.filter_too_much])
settings.load_profile("retryspec")
if IS_LONG and hypothesis.core.global_force_seed is None:
    hypothesis.core.global_force_seed = int(os.environ.get("RETRYSPEC_PROPS_SEED", random.getrandbits(32)))
    print(f"props: RETRYSPEC_PROPS_SEED={hypothesis.core.global_force_seed}", file=sys.stderr, flush=True)


def examples(usual):
    """For properties that cost more or less than most."""
    return settings(max_examples=max(usual, 10_000 if usual >= 20 else 20 * usual) if IS_LONG else usual)


ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = pathlib.Path(os.environ.get("RETRYSPEC", ROOT / "build/dev/retryspec"))
LIBRARY = ctypes.CDLL(str(BINARY.parent / "libretryspec_props.so"))
SECOND = 10**9
FOREVER = 2**63 - 1


def save(name, *arguments, **files):
    """Writes files (a dict as JSON) into build/props/NAME; the shrunk case comes last
    and stays. Returns the command that plays it, `{}` in the arguments being that
    folder."""
    folder = ROOT / "build/props" / name
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in files.items():
        text = json.dumps(content, indent=2) + "\n" if isinstance(content, dict) else content
        (folder / file.replace("_", ".")).write_text(text)
    return shlex.join([str(BINARY), *(str(argument).replace("{}", str(folder)) for argument in arguments)])


UNREAD = -2**63
FORMS = ["seconds", "seconds-float", "seconds-prefix", "ms", "ms-float", "ms-prefix", "http-date", "epoch-seconds"]


def declare(name, result, *arguments):
    function = getattr(LIBRARY, name)
    function.restype = result
    function.argtypes = arguments
    return function


I64, TEXT, POINTER, DOUBLE = ctypes.c_int64, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_double
_open = declare("props_profile_open", POINTER, TEXT, TEXT, ctypes.c_size_t)
_close = declare("props_profile_close", None, POINTER)
_draw = declare("props_draw", I64, POINTER, I64, I64, DOUBLE)
_min = declare("props_range_min", I64, POINTER, I64, I64)
_max = declare("props_range_max", I64, POINTER, I64, I64)
_cdf = declare("props_cdf", DOUBLE, POINTER, I64, I64)
_cdf_below = declare("props_cdf_below", DOUBLE, POINTER, I64, I64)
_retry_after = declare("props_retry_after", I64, ctypes.c_int, TEXT, I64)
_format = declare("props_format_duration", None, I64, TEXT, ctypes.c_size_t)
_parse = declare("props_parse_duration", I64, TEXT)


class Law:
    """A back-off law, given as the "backoff" object of a profile file."""

    def __init__(self, backoff):
        profile = {"retryspec": 1, "profile": "property", "title": "property", "source": "props",
                   "layers": [{"name": "only", "rules": [
                       {"on": {"status": ["503"]}, "do": "retry", "backoff": backoff}]}]}
        message = ctypes.create_string_buffer(600)
        self.handle = _open(json.dumps(profile).encode(), message, len(message))
        if not self.handle:
            raise ValueError(message.value.decode())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        _close(self.handle)

    def draw(self, n, u, previous=0):
        return _draw(self.handle, n, previous, u)

    def range(self, n, previous=0):
        return _min(self.handle, n, previous), _max(self.handle, n, previous)

    def cdf(self, n, t):
        return _cdf(self.handle, n, t)

    def cdf_below(self, n, t):
        return _cdf_below(self.handle, n, t)


def retry_after(form, text, wall_ns=0):
    value = _retry_after(FORMS.index(form), text, wall_ns)
    return None if value == UNREAD else value


def format_duration(ns):
    text = ctypes.create_string_buffer(64)
    _format(ns, text, len(text))
    return text.value.decode()


def parse_duration(text):
    value = _parse(text.encode())
    return None if value == UNREAD else value
