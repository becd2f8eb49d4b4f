"""The retry engine in process: props/engine.h."""
import ctypes
import json

from core import DOUBLE, I64, POINTER, TEXT, declare

INT = ctypes.c_int
START, ENDED, TIMER, SENT, CANCEL = range(5)
SEND, WAIT, ABORT, DONE = range(4)
RETRY, POLL, LIMITER = range(3)
ENDS = ["status", "refused", "unreachable", "reset", "close", "reset-body", "cut", "garbage", "timeout", "cancelled"]


class Event(ctypes.Structure):
    _fields_ = [("kind", INT), ("end", INT), ("status", INT), ("now_ns", I64), ("wall_ns", I64), ("u", DOUBLE),
                ("headers", TEXT), ("body", TEXT)]


class Action(ctypes.Structure):
    _fields_ = [("kind", INT), ("wait_kind", INT), ("step", INT), ("is_ok", INT), ("is_never", INT),
                ("until_ns", I64), ("wake_ns", I64), ("delay_ns", I64), ("timeout_ns", I64),
                ("layer", TEXT), ("reason", TEXT)]

    @property
    def why(self):
        return self.reason.decode()


_open = declare("props_handler_open", POINTER, TEXT, I64, TEXT, ctypes.c_size_t)
_close = declare("props_handler_close", None, POINTER)
_call_open = declare("props_call_open", POINTER, POINTER, TEXT, I64)
_call_close = declare("props_call_close", None, POINTER)
_step = declare("props_call_step", Action, POINTER, ctypes.POINTER(Event))


def single(**layer):
    """A profile of one layer."""
    return {"retryspec": 1, "profile": "one", "title": "one", "source": "props", "layers": [{"name": "one", **layer}]}


def rule(backoff=None, **more):
    """Retries whatever fails."""
    return {"on": {"status": ["400-599"], "transport": ["any"]}, "do": "retry",
            "backoff": backoff or {"schedule": "none"}, **more}


class Handler:
    """What its calls share."""

    def __init__(self, profile, now_ns=0):
        message = ctypes.create_string_buffer(600)
        self.handle = _open(json.dumps(profile).encode(), now_ns, message, len(message))
        if not self.handle:
            raise ValueError(message.value.decode())
        self.calls = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for call in self.calls:
            _call_close(call.handle)
        _close(self.handle)

    def call(self):
        self.calls.append(Call(self))
        return self.calls[-1]


class Call:
    def __init__(self, handler):
        self.handle = _call_open(handler.handle, b"/x", 0)

    def step(self, kind, now_ns, outcome="status", status=0, u=0.0, headers=None):
        event = Event(kind, ENDS.index(outcome), status, now_ns, now_ns, u, headers, None)
        return _step(self.handle, ctypes.byref(event))

    def start(self, now_ns, **more):
        return self.step(START, now_ns, **more)

    def timer(self, now_ns, **more):
        return self.step(TIMER, now_ns, **more)

    def ended(self, now_ns, outcome, **more):
        """`outcome` is a status or how it ended without one."""
        if isinstance(outcome, int):
            return self.step(ENDED, now_ns, status=outcome, **more)
        return self.step(ENDED, now_ns, outcome, **more)
