"""One call of a shipped profile against a script of outcomes, in virtual time. Wraps props/story.h."""
import ctypes
import functools
import json
import re

from core import LIBRARY, POINTER, ROOT, TEXT, _close, _open, declare

_story = declare("props_story", POINTER, POINTER, TEXT)
_free = declare("props_story_free", None, POINTER)

SECOND = 10**9
FOREVER = 2**63 - 1
PROFILES = ROOT / "scenarios" / "profiles"


def status(code, **more):
    """An answer; headers by name with _ for -: status(429, retry_after="1")."""
    own = {key: more.pop(key) for key in ("body", "took") if key in more}
    outcome = {"status": code, "headers": {key.replace("_", "-"): value for key, value in more.items()}}
    return timed(outcome, **own)


def fault(end, took=0):
    return timed({"end": end}, took)


def timed(outcome, took=0, body=None):
    return {**outcome, "took_ns": int(took * SECOND), **({} if body is None else {"body": body})}


class Story:
    def __init__(self, told):
        self.sends = [at / SECOND for at in told["sends"]]
        self.requests = told["requests"]
        self.waits = told["waits"]
        self.ended, self.ok, self.reason, self.aborted = told["ended"], told["ok"], told["reason"], told["aborted"]
        self.at = told["at_ns"] / SECOND

    @property
    def attempts(self):
        return len(self.sends)

    @property
    def delays(self):
        return [wait["delay_ns"] / SECOND for wait in self.waits]

    @property
    def ranges(self):
        return [(wait["min_ns"] / SECOND, wait["max_ns"] / SECOND) for wait in self.waits]


@functools.cache
def shipped(name):
    """The file of a profile, by its id or by its number in the requirements (P01)."""
    if re.fullmatch(r"P\d\d", name):
        found = [path for path in sorted(PROFILES.glob("*.jsonc"))
                 if re.search(rf"^// .*\b{name}\b", path.read_text(), re.M)]
        assert found, f"no shipped profile says that it is {name}"
        return found[0]
    return PROFILES / f"{name}.jsonc"


def load(name):
    """The profile's JSON. Comments stand on lines of their own."""
    lines = shipped(name).read_text().splitlines()
    return json.loads("\n".join(line for line in lines if not line.lstrip().startswith("//")))


def play(profile, *outcomes, text=None, **script):
    """Plays a call; the last outcome repeats. `script` as in story.h, times in seconds: stop, cancel."""
    for key in ("stop", "cancel"):
        if key in script:
            script[f"{key}_ns"] = int(script.pop(key) * SECOND)
    given = [status(one) if isinstance(one, int) else fault(one) if isinstance(one, str) else one for one in outcomes]
    message = ctypes.create_string_buffer(600)
    handle = _open((text or shipped(profile).read_text()).encode(), message, len(message))
    assert handle, f"{profile}: {message.value.decode()}"
    try:
        answer = _story(handle, json.dumps({"outcomes": given, **script}).encode())
        told = json.loads(ctypes.cast(answer, TEXT).value)
        _free(answer)
    finally:
        _close(handle)
    return Story(told)


def retries(profile, *outcomes, **script):
    """Does one such outcome lead to another attempt?"""
    return play(profile, *outcomes, most=2, stop=10**6, **script).attempts > 1


def delays(profile, draws, outcome=503, **script):
    """The waits when these are the random numbers, one a retry."""
    return play(profile, outcome, u=list(draws), most=len(draws) + 1, stop=10**7, **script).delays[:len(draws)]
