"""Goal: counters, retry tokens, circuit breakers and rate limiters of the engine do
what small models of them in Python do."""
import math

from hypothesis import given
from hypothesis import strategies as st

from engine import DONE, LIMITER, SEND, WAIT, Handler, rule, single

SECOND = 10**9
FAILURES = [503, 429, "refused", "unreachable", "reset", "close", "cut", "reset-body", "garbage", "timeout"]
failures = st.sampled_from(FAILURES)
outcomes = st.lists(failures, min_size=1, max_size=12)
limits = st.one_of(st.none(), st.integers(1, 6))


# -- counters ------------------------------------------------------------------


def kind_of(outcome):
    if isinstance(outcome, int):
        return "status_attempts"
    return "connect_attempts" if outcome in ("refused", "unreachable") else "read_attempts"


# TP-8, TP-9, TP-12, S0-107: N attempts are N - 1 retries, of each kind by its own count.
@given(outcomes, limits, st.dictionaries(
    st.sampled_from(["connect_attempts", "read_attempts", "status_attempts"]), st.integers(1, 5)))
def test_attempts_are_counted_by_kind(sequence, attempts, kinds):
    budget = {**kinds, **({"attempts": attempts} if attempts else {})}
    with Handler(single(rules=[rule()], budget=budget)) as handler:
        call = handler.call()
        action, counts = call.start(0), {}
        for sent, outcome in enumerate(sequence, 1):
            assert action.kind == SEND
            kind = kind_of(outcome)
            counts[kind] = counts.get(kind, 0) + 1
            is_spent = sent >= (attempts or math.inf) or any(
                counts.get(name, 0) >= limit for name, limit in kinds.items())
            action = call.ended(sent, outcome)
            assert (action.kind == DONE) == is_spent
            if is_spent:
                assert action.why == "attempts"
                return
            action = call.timer(action.until_ns)


# TP-12, TP-13, S0-15: one attempt, or a layer that is off: the function is called once.
@given(failures, st.booleans())
def test_no_retries_means_one_attempt(outcome, is_off):
    layer = {"enabled": False} if is_off else {"budget": {"attempts": 1}}
    with Handler(single(rules=[rule()], **layer)) as handler:
        call = handler.call()
        assert call.start(0).kind == SEND
        assert call.ended(1, outcome).kind == DONE


# -- retry tokens --------------------------------------------------------------


class Tokens:
    def __init__(self, policy):
        self.policy, self.tokens, self.paid = policy, policy["capacity"], None

    def cost(self, outcome):
        cost = self.policy["cost"]
        return self.policy.get("timeout_cost", cost) if outcome == "timeout" else cost

    def add(self, amount):
        self.tokens = min(self.tokens + amount, self.policy["capacity"])

    def begin(self):
        self.paid = None
        self.add(self.policy.get("per_call", 0))

    def succeed(self):
        returns = self.policy.get("returns_cost") and self.paid is not None
        self.add(self.paid if returns else self.policy.get("refund", 0))

    def fail(self, outcome):
        """May there be a retry? If so, it is paid."""
        cost, is_gliding = self.cost(outcome), bool(self.policy.get("failures_cost"))
        if is_gliding:
            self.tokens = max(self.tokens - cost, 0)
        may = self.tokens >= cost and self.tokens > self.policy.get("threshold", 0)
        if may and not is_gliding:
            self.tokens -= cost
            self.paid = cost
        return may


@st.composite
def buckets(draw):
    capacity = draw(st.integers(1, 12))
    return draw(st.fixed_dictionaries(
        {"capacity": st.just(capacity), "cost": st.integers(0, capacity)},
        optional={"timeout_cost": st.integers(0, capacity), "refund": st.sampled_from([0, 0.5, 1]),
                  "per_call": st.sampled_from([0, 0.5, 1]), "threshold": st.integers(0, capacity - 1),
                  "failures_cost": st.sampled_from([False, True, "retryable"]), "returns_cost": st.booleans()}
    ).filter(lambda policy: not (policy.get("failures_cost") and policy.get("returns_cost"))))


@given(buckets(), st.lists(st.lists(st.one_of(failures, st.just(200)), min_size=1, max_size=6), min_size=1, max_size=8))
def test_retry_tokens_are_shared_and_paid(policy, calls):
    with Handler(single(rules=[rule()], budget={"tokens": policy})) as handler:
        model, now = Tokens(policy), 0
        for sequence in calls:
            call = handler.call()
            model.begin()
            action = call.start(now)
            for outcome in sequence:
                now += 1
                action = call.ended(now, outcome)
                if outcome == 200:
                    model.succeed()
                    assert action.is_ok
                    break
                assert (action.kind == WAIT) == model.fail(outcome), (model.tokens, outcome)
                if action.kind == DONE:
                    assert action.why == "tokens"
                    break
                assert call.timer(now).kind == SEND


# -- circuit breakers ----------------------------------------------------------


class Breaker:
    def __init__(self, policy):
        self.limit, self.reset = policy["failures"], policy["reset_ns"]
        self.most = policy["half_open_calls"]
        self.failures, self.opened, self.probes = 0, None, None

    def admits(self, now):
        """Is an attempt let through; if so it is on its way."""
        if self.opened is None:
            return True
        if now < self.opened + self.reset:
            return False
        self.probes = self.probes or 0
        if self.probes >= self.most:
            return False
        self.probes += 1
        return True

    def ended(self, now, is_ok):
        if self.opened is None:
            self.failures = 0 if is_ok else self.failures + 1
            if self.failures >= self.limit:
                self.opened, self.probes = now, None
        elif is_ok:
            self.failures, self.opened, self.probes = 0, None, None
        else:
            self.opened, self.probes = now, None


@given(st.integers(1, 4), st.integers(1, 50), st.integers(1, 3),
       st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=30))
def test_a_breaker_opens_tries_and_closes(failures_limit, reset, most, story):
    breaker = {"failures": failures_limit, "reset": f"{reset}ns", "half_open_calls": most}
    with Handler(single(breaker=breaker)) as handler:
        model, now = Breaker({"failures": failures_limit, "reset_ns": reset, "half_open_calls": most}), 0
        for pause, is_ok in story:  # one after the other
            now += pause
            call = handler.call()
            action = call.start(now)
            assert (action.kind == SEND) == model.admits(now)
            if action.kind == DONE:
                assert action.why == "circuit-open"
                continue
            call.ended(now, 200 if is_ok else 503)
            model.ended(now, is_ok)


# -- rate limiters -------------------------------------------------------------


# TP-7: a window is waited out by all who share it, one that is over by nobody.
@given(st.lists(st.tuples(st.integers(0, 3 * SECOND), st.one_of(st.none(), st.integers(0, 3))), min_size=1, max_size=12),
       st.booleans())
def test_a_window_holds_everybody_and_the_last_one_counts(story, clears):
    closing = {"on": {"status": ["429"]}, "do": "fail", "closes_limiter": True,
               "retry_after": {"read": [{"header": "Retry-After", "as": ["seconds"]}]}}
    with Handler(single(rules=[closing], rate_limiter={"clears_on_success": clears})) as handler:
        now, shut = 0, 0
        for pause, seconds in story:
            now += pause
            call = handler.call()
            action = call.start(now)
            assert (action.kind == WAIT) == (now < shut)
            if action.kind == WAIT:
                assert action.wait_kind == LIMITER and action.until_ns == shut
                assert call.timer(shut - 1).kind == WAIT
                now = shut
                assert call.timer(now).kind == SEND
            if seconds is None:
                assert call.ended(now, 200).is_ok
                shut = 0 if clears else shut
            else:
                call.ended(now, 429, headers=f"Retry-After: {seconds}\n".encode())
                shut = now + seconds * SECOND


@given(st.integers(1, 50), st.integers(1, 5), st.lists(st.integers(0, SECOND // 2), min_size=1, max_size=30))
def test_a_rate_is_never_exceeded_and_never_idle(per_second, burst, pauses):
    with Handler(single(rate_limiter={"per_second": per_second, "burst": burst})) as handler:
        now, sent = 0, []
        for pause in pauses:
            now += pause
            call = handler.call()
            action = call.start(now)
            due = now if action.kind == SEND else action.until_ns
            if action.kind == WAIT:
                assert action.wait_kind == LIMITER and call.timer(due).kind == SEND
            interval = SECOND / per_second
            if len(sent) >= burst:
                # `burst` attempts and one more take one interval at least ...
                assert due - sent[-burst] >= interval - 2
                # ... and who waits, waits for that alone.
                assert due == now or abs(due - max(sent[-1], sent[-burst] + interval)) <= interval + 2
            else:
                assert due == now
            sent.append(due)
            call.ended(due, 200)
            now = due
