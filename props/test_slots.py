"""Goal: slots are never above their limit, never leaked, never deadlocked, and given
out in the order in which they were asked for, whatever calls come and go."""
import ctypes
import json

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core import I64, POINTER, TEXT, declare, examples
from engine import single

CALLS = 32
MS = 10**6


class State(ctypes.Structure):
    _fields_ = [("slots", I64), ("throttled", I64), ("bytes", I64)]


_open = declare("props_pool_open", POINTER, TEXT, ctypes.POINTER(I64))
_close = declare("props_pool_close", None, POINTER)
_ask = declare("props_pool_ask", ctypes.c_int, POINTER, ctypes.c_int, I64)
_leave = declare("props_pool_leave", ctypes.c_uint32, POINTER, ctypes.c_int)
_throttle = declare("props_pool_throttle", None, POINTER, I64)
_state = declare("props_pool_state", State, POINTER)


class Pool:
    """A layer's slots, and calls that ask for them. `model` is what the documentation
    says: first come first served, part by part; less than the limit is held before one
    is served."""

    def __init__(self, slots, sizes, can_be_throttled):
        layer = {"slots": slots}
        if can_be_throttled:
            layer["rules"] = [{"on": {"status": ["429"]}, "do": "fail", "closes_limiter": True,
                               "backoff": {"schedule": "constant", "base": "1s"}}]
            layer["rate_limiter"] = {}
        array = (I64 * CALLS)(*sizes)
        self.handle = _open(json.dumps(single(**layer)).encode(), array)
        assert self.handle

    def close(self):
        _close(self.handle)


class Slots(RuleBasedStateMachine):
    """held[i] is how many parts call i holds; queues[part] the calls that wait for it."""

    @initialize(limit=st.integers(1, 4), extra=st.one_of(st.none(), st.integers(1, 3)),
                budget=st.one_of(st.none(), st.integers(1, 60)), penalty=st.sampled_from([1, 2, 20]),
                sizes=st.lists(st.integers(1, 40), min_size=CALLS, max_size=CALLS))
    def begin(self, limit, extra, budget, penalty, sizes):
        slots = {"limit": limit}
        if extra is not None and extra < limit:
            slots["throttled"] = {"limit": extra, "window": "1s"}
        if budget is not None:
            slots["bytes"] = {"limit": budget}
            if "throttled" in slots:
                slots["bytes"]["penalty"] = penalty
        self.slots, self.sizes, self.penalty = slots, sizes, penalty
        self.now, self.throttled_until = 1, 0
        self.limits = [limit, slots.get("throttled", {}).get("limit"), budget + 1 if budget else None]
        self.pool = Pool(slots, sizes, "throttled" in slots)
        self.held = {}     # call: weight by part
        self.queues = [[], [], []]
        self.waiting = {}  # call: part
        self.ready = []    # told to ask again

    def teardown(self):
        if hasattr(self, "pool"):
            self.drain()
            self.pool.close()

    # -- the model ---------------------------------------------------------------

    def is_throttled(self):
        return self.now < self.throttled_until

    def weight(self, call, part):
        """What the call must hold of this part; None: nothing."""
        if part == 1 and not ("throttled" in self.slots and self.is_throttled()):
            return None
        if self.limits[part] is None:
            return None
        if part == 2:
            return self.sizes[call] * (self.penalty if "throttled" in self.slots and self.is_throttled() else 1)
        return 1

    def sum(self, part):
        return sum(weights.get(part, 0) for weights in self.held.values())

    def asks(self, call):
        """True: it holds all; False: it waits for a part."""
        weights = self.held.setdefault(call, {})
        for part in range(self.waiting.pop(call, 0), 3):
            if part in weights:
                continue
            weight = self.weight(call, part)
            if weight is None:
                continue
            if self.sum(part) >= self.limits[part]:
                self.queues[part].append((call, weight))
                self.waiting[call] = part
                return False
            weights[part] = weight
        return True

    def goes(self, call):
        """Those who are served thereby, from the last part to the first."""
        served = set()
        weights = self.held.pop(call, {})
        self.waiting.pop(call, None)
        for part in range(3):
            self.queues[part] = [entry for entry in self.queues[part] if entry[0] != call]
            if part not in weights:
                continue
            while self.queues[part] and self.sum(part) < self.limits[part]:
                other, weight = self.queues[part].pop(0)
                self.held[other][part] = weight
                served.add(other)
        return served

    # -- what happens --------------------------------------------------------------

    def ask(self, call):
        expected = self.asks(call)
        assert bool(_ask(self.pool.handle, call, self.now)) == expected, call

    @rule(call=st.integers(0, CALLS - 1))
    def a_call_comes(self, call):
        if call not in self.held:
            self.ask(call)

    @precondition(lambda self: self.ready)
    @rule(which=st.integers(0, 3))
    def one_that_was_told_asks_again(self, which):
        self.ask(self.ready.pop(which % len(self.ready)))

    @precondition(lambda self: self.held)
    @rule(which=st.integers(0, CALLS - 1))
    def a_call_goes(self, which):
        """One that is done, or is cancelled while it waits."""
        self.leave(sorted(self.held)[which % len(self.held)])

    def leave(self, call):
        expected = self.goes(call)
        if call in self.ready:
            self.ready.remove(call)
        bits = _leave(self.pool.handle, call)
        told = {i for i in range(CALLS) if bits >> i & 1}
        assert told == expected, (told, expected)
        self.ready += sorted(told)

    @rule(span=st.integers(0, 3000))
    def time_goes_by(self, span):
        self.now += span * MS

    @precondition(lambda self: "throttled" in getattr(self, "slots", {}))
    @rule(span=st.integers(0, 2000))
    def the_server_throttles(self, span):
        _throttle(self.pool.handle, self.now + span * MS)
        self.throttled_until = self.now + span * MS + 1000 * MS

    # -- what must hold ------------------------------------------------------------

    @invariant()
    def nothing_is_above_its_limit_or_leaked(self):
        if not hasattr(self, "pool"):
            return
        state = _state(self.pool.handle)
        for part, held in enumerate((state.slots, state.throttled, state.bytes)):
            assert held == self.sum(part)
            if part < 2 and self.limits[part] is not None:
                assert held <= self.limits[part]
        if self.limits[2] is not None and state.bytes >= self.limits[2]:
            # One may overshoot, when less than the limit was held before it came.
            largest = max(weights.get(2, 0) for weights in self.held.values())
            assert state.bytes - largest < self.limits[2]

    @invariant()
    def nobody_waits_for_what_is_free(self):
        if not hasattr(self, "pool"):
            return
        for part, queue in enumerate(self.queues):
            assert not queue or self.sum(part) >= self.limits[part]

    def drain(self):
        """No deadlock: when those that hold all go one after the other, everybody has
        had their turn."""
        for _ in range(2 * CALLS + 2):
            while self.ready:
                self.ask(self.ready.pop(0))
            done = [call for call in self.held if call not in self.waiting]
            if not done:
                break
            self.leave(done[0])
        assert not self.held, (self.held, self.waiting)
        state = _state(self.pool.handle)
        assert (state.slots, state.throttled, state.bytes) == (0, 0, 0)


# TP-10, S1-38: the high-water mark is the limit.
TestSlots = Slots.TestCase
TestSlots.settings = examples(60)
