"""The virtual world and the judge in process: props/world.h."""
import ctypes
import json

from core import I64, POINTER, ROOT, TEXT, declare

# Read once: it costs more than the rest of a world.
RULES = declare("props_rules_open", POINTER, TEXT)((ROOT / "scenarios/rules.jsonc").read_bytes())


class Files(ctypes.Structure):
    _fields_ = [("profile", TEXT), ("scenario", TEXT), ("rules", POINTER)]


_open = declare("props_world_open", POINTER, ctypes.POINTER(Files), TEXT, ctypes.c_size_t)
_close = declare("props_world_close", None, POINTER)
_play = declare("props_world_play", POINTER, POINTER, ctypes.c_uint64, I64)
_judge = declare("props_world_judge", POINTER, POINTER, TEXT)
_free = declare("props_free", None, POINTER)


def taken(pointer):
    """The bytes of a heap text, which is freed; None for NULL."""
    if not pointer:
        return None
    text = ctypes.string_at(pointer)
    _free(pointer)
    return text


class World:
    def __init__(self, profile, scenario):
        message = ctypes.create_string_buffer(700)
        files = Files(json.dumps(profile).encode(), json.dumps(scenario).encode(), RULES)
        self.handle = _open(ctypes.byref(files), message, len(message))
        if not self.handle:
            raise ValueError(message.value.decode())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        _close(self.handle)

    def play(self, seed, latency_ns=500_000):
        """The text of the trace."""
        return taken(_play(self.handle, seed, latency_ns)).decode()

    def judge(self, trace):
        """The report on the scenario, as verdict.json has it."""
        text = taken(_judge(self.handle, trace.encode())).decode()
        assert not text.startswith("unreadable"), text
        return json.loads(text)["scenarios"][0]


def lines_of(trace):
    return [json.loads(line) for line in trace.split("\n") if line]  # splitlines() also splits at U+0085


def text_of(lines):
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)


def broken(report):
    """The rules that a report says are broken, with what was seen."""
    return {verdict["rule"]: f"{verdict.get('expected')} | {verdict.get('observed')}"
            for verdict in report["verdicts"] if verdict["verdict"] in ("fail", "warn")}
