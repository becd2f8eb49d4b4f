"""Goal: counters, retry tokens, circuit breakers and rate limiters of the engine do
what small models of them in Python do."""
import math

from hypothesis import given
from hypothesis import strategies as st

from engine import CANCEL, DONE, LIMITER, SEND, WAIT, Handler, rule, single

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


# -- budgets for retries, and throttling -----------------------------------------


class Window:
    """Ten slices, of which the present one ends when somebody looks after its time."""

    def __init__(self, length, now):
        self.slice, self.since, self.slices = length // 10 if length else math.inf, now, [(0, 0)] * 10

    def look(self, now):
        over = int((now - self.since) // self.slice)
        if over:
            self.slices = [(0, 0)] * min(over, 10) + self.slices[:max(10 - over, 0)]
            self.since = now

    def add(self, now, first, second):
        self.look(now)
        self.slices[0] = self.slices[0][0] + first, self.slices[0][1] + second

    def sums(self, now):
        self.look(now)
        return tuple(map(sum, zip(*self.slices)))


class Ratio:
    """Finagle's RetryBudget."""

    def __init__(self, policy, now):
        share = policy["share"]
        self.brings, self.takes = (1000, int(1000 / share)) if share else (0, 1)
        self.reserve = policy.get("per_second", 0) * (policy["window_ns"] // SECOND) * self.takes
        self.window = Window(policy["window_ns"], now)

    def begin(self, now):
        self.window.add(now, self.brings, 0)

    def fail(self, now, _flying, _retrying):
        brought, taken = self.window.sums(now)
        may = brought - taken + self.reserve >= self.takes
        self.window.add(now, 0, self.takes * may)
        return may


class Concurrent:
    """Envoy's retry_budget."""

    def __init__(self, policy, _now):
        self.hundredths, self.least = round(100 * policy["share"]), policy["least"]

    def begin(self, now):
        pass

    def fail(self, _now, flying, retrying):
        return retrying < max(self.hundredths * flying // 100, self.least)


class FailureRate:
    def __init__(self, policy, now):
        self.hundredths, self.window = round(100 * policy["most"]), Window(policy.get("window_ns"), now)

    def begin(self, now):
        self.window.add(now, 1, 0)

    def fail(self, now, _flying, _retrying):
        self.window.add(now, 0, 1)
        calls, failures = self.window.sums(now)
        return 100 * failures <= self.hundredths * calls


windows = st.sampled_from([1, 2, 10]).map(lambda seconds: seconds * SECOND)
allowances = st.one_of(
    st.tuples(st.just(Ratio), st.fixed_dictionaries(
        {"share": st.sampled_from([0.1, 0.25, 0.3, 1, 2.5]), "window_ns": windows}, optional={"per_second": st.integers(0, 2)})),
    st.tuples(st.just(Concurrent), st.fixed_dictionaries(
        {"share": st.sampled_from([0.1, 0.2, 0.29, 0.5, 1]), "least": st.integers(0, 2)})),
    st.tuples(st.just(FailureRate), st.fixed_dictionaries(
        {"most": st.sampled_from([0, 0.1, 0.29, 0.5, 1.5])}, optional={"window_ns": windows})))
NAMES = {Ratio: "ratio", Concurrent: "concurrent", FailureRate: "failure_rate"}


def written(policy):
    made = {key: value for key, value in policy.items() if key != "window_ns"}
    return {**made, "window": f"{policy['window_ns']}ns"} if "window_ns" in policy else made


# Each step: a pause, which call acts, and how its attempt ends if one is in flight (0: its caller leaves).
@given(allowances, st.integers(0, 3 * SECOND), st.lists(
    st.tuples(st.integers(0, SECOND), st.integers(0, 5), st.sampled_from([503, 503, 503, 200, 404, 0])), max_size=60))
def test_retries_keep_within_their_budget(made, begins, story):
    kind, policy = made
    retried = {**rule(), "on": {"status": ["503"]}}
    with Handler(single(rules=[retried], budget={NAMES[kind]: written(policy)}), begins) as handler:
        model, now, calls, flying, retrying = kind(policy, begins), begins, {}, set(), set()
        for pause, number, outcome in story:
            now += pause
            if number not in calls:
                calls[number] = handler.call()
                model.begin(now)
                assert calls[number].start(now).kind == SEND
                flying.add(number)
            elif number not in flying:
                assert calls[number].timer(now).kind == SEND
                flying.add(number)
            else:
                flying.discard(number)
                retrying.discard(number)
                if outcome == 0:
                    calls.pop(number).step(CANCEL, now)
                    continue
                may = outcome != 200 and may_retry(model, outcome, now, flying, retrying)
                action = calls[number].ended(now, outcome)
                assert action.kind == (WAIT if may else DONE)
                assert action.why == "retry-budget" or may or outcome != 503
                retrying |= {number} if may else set()
                if not may:
                    del calls[number]


def may_retry(model, outcome, now, flying, retrying):
    """A failure that is not tried again counts, but takes nothing."""
    if outcome == 503:
        return model.fail(now, len(flying), len(retrying))
    if isinstance(model, FailureRate):
        model.fail(now, 0, 0)
    return False


# Site Reliability Engineering: max(0, (requests - K * accepts) / (requests + 1)), of those before.
@given(st.integers(0, 4), windows, st.lists(
    st.tuples(st.integers(0, SECOND), st.integers(0, 999), st.sampled_from([503, 503, 200, 404, "reset"])), max_size=60))
def test_a_throttle_lets_pass_by_chance(halves, length, story):
    throttle = {"k": halves / 2, "window": f"{length}ns", "rejected": ["503"]}
    with Handler(single(throttle=throttle)) as handler:
        window, now = Window(length, 0), 0
        for pause, thousandths, outcome in story:
            now += pause
            requests, accepts = window.sums(now)
            window.add(now, 1, 0)
            # Never equal: u has a half of a thousandth, p a whole denominator.
            u = (thousandths + 0.5 + 1e-7) / 1000
            is_refused = 2 * (requests + 1) * u < 2 * requests - halves * accepts
            call = handler.call()
            action = call.start(now, u=u)
            assert (action.kind == DONE) == is_refused
            if is_refused:
                assert action.why == "throttled"
                continue
            call.ended(now, outcome)
            window.add(now, 0, outcome in (200, 404))


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
