"""Our engine in process (props/engine.h), and a world of virtual time around it for scripted calls."""
import ctypes
import heapq
import itertools
import json
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("RETRYSPEC", ROOT / "build/dev/retryspec"))
LIBRARY = ctypes.CDLL(str(BINARY.parent / "libretryspec_props.so"))
FOREVER = 2**63 - 1
S = 10**9
EPOCH = 1000 * S  # virtual_loop.BEGINNING

START, ENDED, TIMER, SENT, CANCEL = range(5)
SEND, WAIT, ABORT, DONE = range(4)
RETRY, POLL, LIMITER = range(3)
ENDS = ["status", "refused", "unreachable", "reset", "close", "reset-body", "cut", "garbage", "timeout", "cancelled",
        "unfinished"]

I64, TEXT, POINTER, DOUBLE, INT = (ctypes.c_int64, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_double, ctypes.c_int)


class Event(ctypes.Structure):
    _fields_ = [("kind", INT), ("end", INT), ("status", INT), ("now_ns", I64), ("wall_ns", I64), ("u", DOUBLE),
                ("headers", TEXT), ("body", TEXT)]


class Action(ctypes.Structure):
    _fields_ = [("kind", INT), ("wait_kind", INT), ("step", INT), ("is_ok", INT), ("is_never", INT),
                ("until_ns", I64), ("wake_ns", I64), ("delay_ns", I64), ("timeout_ns", I64),
                ("layer", TEXT), ("reason", TEXT)]


class Draws(ctypes.Structure):
    _fields_ = [("layer", INT), ("rule", INT), ("count", I64), ("n", ctypes.POINTER(I64)),
                ("u", ctypes.POINTER(DOUBLE)), ("delays", ctypes.POINTER(DOUBLE))]


def declare(name, result, *arguments):
    function = getattr(LIBRARY, name)
    function.restype = result
    function.argtypes = arguments
    return function


_open = declare("props_handler_open", POINTER, TEXT, I64, TEXT, ctypes.c_size_t)
_close = declare("props_handler_close", None, POINTER)
_call_open = declare("props_call_open", POINTER, POINTER, TEXT, I64)
_call_close = declare("props_call_close", None, POINTER)
_step = declare("props_call_step", Action, POINTER, ctypes.POINTER(Event))
_draw = declare("props_handler_draw", None, POINTER, ctypes.POINTER(Draws))


def profile(name):
    """A shipped profile as Python data."""
    text = subprocess.run([BINARY, "show", "--raw", name], check=True, capture_output=True, text=True).stdout
    return json.loads(re.sub(r'("(?:[^"\\]|\\.)*")|//[^\n]*', lambda match: match[1] or "", text))


def seconds(text):
    """"1.5s", "500ms", "120min" as a number."""
    number, unit = re.fullmatch(r"([\d.]+)(ns|us|ms|s|min|h)", text).groups()
    return float(number) * {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1, "min": 60, "h": 3600}[unit]


def duration(number):
    return f"{round(number * S)}ns"


class Handler:
    """What the calls of one handler share, by a profile."""

    def __init__(self, data):
        self.profile = data
        message = ctypes.create_string_buffer(600)
        self.handle = _open(json.dumps(data).encode(), EPOCH, message, len(message))
        if not self.handle:
            raise ValueError(f"{data['profile']}: {message.value.decode()}")

    def __del__(self):
        _close(self.handle)

    def draw(self, ns, us, layer=0, rule=0):
        """The own delays of a rule, as doubles in its unit."""
        count = len(ns)
        delays = (DOUBLE * count)()
        draws = Draws(layer, rule, count, (I64 * count)(*ns), (DOUBLE * count)(*us), delays)
        _draw(self.handle, ctypes.byref(draws))
        return list(delays)


class Call:
    """One call in the world: its script answers the attempts, the last answer again and again."""

    def __init__(self, handler, call, path):
        self.name = call["name"]
        self.scripts = {0: call["script"], 1: call.get("follow_up", [{}])}  # used up, by all who share one
        self.path = path.encode()  # borrowed by the call
        self.handle = _call_open(handler.handle, self.path, call.get("bytes", 100))
        self.sending = False
        self.turn = 0  # what was planned before an action is void after it

    def __del__(self):
        _call_close(self.handle)

    def next(self, step):
        script = self.scripts[step]
        return script.pop(0) if len(script) > 1 else script[0]


class World:
    """Runs calls of one handler in virtual time. `us` gives the random numbers, one for each wait with jitter.
    A result has the form of tinker_side.execute(), times in ns since the beginning."""

    def __init__(self, handler, us, path="/api/v1/asample"):
        self.handler, self.us, self.path = handler, iter(us), path
        self.now, self.plans, self.order = EPOCH, [], itertools.count()
        self.attempts, self.waits, self.ends = [], [], []
        self.u = None
        self.jittered = {layer["name"] for layer in handler.profile["layers"]
                         if any("jitter" in rule.get("backoff", ()) for rule in layer.get("rules", ()))}

    def plan(self, at, call, event):
        heapq.heappush(self.plans, (max(at, self.now), next(self.order), call, call and call.turn, event))

    def run(self, calls):
        for call in calls:
            made = Call(self.handler, call, self.path)
            beginning = EPOCH + round(call.get("start", 0) * S)
            self.plan(beginning, made, Event(kind=START))
            if "cancel" in call:
                heapq.heappush(self.plans, (beginning + round(call["cancel"] * S), -1, made, None, Event(kind=CANCEL)))
        while self.plans:
            at, _, call, turn, event = heapq.heappop(self.plans)
            if turn not in (None, call.turn) or call.turn < 0:
                continue
            self.now = at
            self.step(call, event)
        return self

    def step(self, call, event):
        event.now_ns = event.wall_ns = self.now
        if event.kind == ENDED and self.u is None:
            self.u = next(self.us, 0.5)
        event.u = self.u or 0.0
        action = _step(call.handle, ctypes.byref(event))
        if event.kind == TIMER and action.kind == WAIT:  # carry on
            self.plan(action.wake_ns if call.sending else min(action.until_ns, action.wake_ns), call,
                      Event(kind=TIMER))
            return
        call.turn += 1
        {SEND: self.send, WAIT: self.wait, ABORT: self.done, DONE: self.done}[action.kind](call, action)

    def send(self, call, action):
        call.sending = True
        self.attempts.append({"call": call.name, "at": self.now - EPOCH, "step": action.step})
        answer = call.next(action.step)
        took = round(answer.get("after", 0) * S)
        ended = Event(kind=ENDED, end=ENDS.index(answer.get("end", "status")), status=answer.get("status", 200),
                      headers="".join(f"{name}: {value}\n" for name, value in answer.get("headers", {}).items()
                                      ).encode() or None,
                      body=answer["body"].encode() if "body" in answer else None)
        if took > action.timeout_ns:
            took, ended = action.timeout_ns, Event(kind=ENDED, end=ENDS.index("timeout"))
        self.plan(self.now + took, call, ended)
        wake = min(action.wake_ns, action.until_ns)
        if wake < FOREVER:
            self.plan(wake, call, Event(kind=TIMER))

    def wait(self, call, action):
        call.sending = False
        if action.wait_kind != LIMITER:
            layer = action.layer.decode()
            self.waits.append({"call": call.name, "delay": action.delay_ns, "at": self.now - EPOCH, "layer": layer})
            if layer in self.jittered:
                self.u = None
        self.plan(min(action.until_ns, action.wake_ns), call, Event(kind=TIMER))

    def done(self, call, action):
        call.turn = -1
        self.ends.append({"call": call.name, "at": self.now - EPOCH, "ok": bool(action.is_ok),
                          "reason": action.reason.decode()})
