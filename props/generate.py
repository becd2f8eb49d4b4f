"""Random profiles and scenarios over the whole of both formats. All is made of
draws of integers, 0 being the simplest, so that it is made fast and shrinks well."""
import functools

from hypothesis import strategies as st

STATUSES = ["503", "400", "404", "408", "409", "425", "429", "500", "502", "504"]
ENDS = ["any", "refused", "unreachable", "reset", "close", "cut", "reset-body", "garbage", "timeout"]
FORMS = ["seconds", "seconds-float", "seconds-prefix", "ms", "ms-float", "ms-prefix", "http-date", "epoch-seconds"]

integers = functools.cache(st.integers)


class Dice:
    def __init__(self, draw):
        self.draw = draw

    def int(self, low, high):
        return self.draw(integers(low, high))

    def lucky(self, percent):
        """False is the simpler case."""
        return self.int(0, 99) >= 100 - percent

    def pick(self, values):
        return values[self.int(0, len(values) - 1)]

    def some(self, values, most):
        """1 to `most` different ones."""
        picked = [self.pick(values) for _ in range(self.int(1, most))]
        return list(dict.fromkeys(picked))

    def ms(self, low, high):
        return f"{self.int(low, high)}ms"

    def off(self, low, high, by):
        """Hundreds of milliseconds and some: limits of different kinds never fall on the
        same instant, where a trace could not tell what came first."""
        return f"{100 * self.int(low, high) + by}ms"

    def ratio(self, high=1.0):
        return self.int(0, round(100 * high)) / 100

    def maybe(self, into, percent, **makers):
        """Sets each key now and then."""
        for key, maker in makers.items():
            if self.lucky(percent):
                into[key] = maker()

    def flag(self):
        return self.lucky(50)


# -- delays --------------------------------------------------------------------


def jitter(dice, base, cap):
    kind = dice.pick(["none", "full", "equal", "symmetric", "j-full", "down", "up", "up_steps", "symmetric_inclusive",
                      "full_from", "proportional", "add"])
    if kind in ("none", "full", "equal"):
        return kind
    if kind == "full_from":
        return {kind: dice.ms(0, min(500, cap))}
    if kind == "proportional":
        return {kind: sorted([dice.ratio(), dice.ratio(2)])}
    if kind == "add":
        return {kind: [dice.ms(0, 50), dice.ms(51, 500)]}
    return {kind.removeprefix("j-"): dice.ratio()}


def backoff(dice, schedules=("none", "constant", "linear", "exponential", "fibonacci"), longest=20_000):
    law = {"schedule": dice.pick(schedules)}
    if law["schedule"] == "none":
        return law
    base = dice.int(1, 3000)
    cap = base + dice.int(0, longest)
    law["base"], law["cap"] = f"{base}ms", f"{cap}ms"
    if law["schedule"] == "linear":
        law["step"] = dice.ms(1, 2000)
    if law["schedule"] == "exponential":
        law["factor"] = dice.pick([2, 1, 1.5, 3])
        dice.maybe(law, 20, first_exponent=lambda: dice.int(-2, 2), overflow=lambda: dice.pick(["cap", "raise"]))
    dice.maybe(law, 70, jitter=lambda: jitter(dice, base, cap))
    if law["schedule"] == "constant" and dice.lucky(20):
        law["jitter"] = {"decorrelated": dice.int(1, 3)}
    if "jitter" in law:
        dice.maybe(law, 50, order=lambda: dice.pick(["after-cap", "before-cap"]))
        dice.maybe(law, 20, cap_unjittered=dice.flag)
    dice.maybe(law, 50, clip=dice.flag)
    dice.maybe(law, 20, first_immediate=dice.flag, floor=lambda: dice.ms(0, min(300, cap)),
               negative=lambda: dice.pick(["zero", "base"]))
    dice.maybe(law, 40, rounding=lambda: dice.pick(["none", "ms-nearest", "ms-down", "ns-down"]))
    return law


EFFECTS = ["wait", "own-delay", "give-up", "raise", "never"]


def retry_after(dice):
    read = [{**dice.pick([{"header": "Retry-After"}, {"header": "retry-after-ms"}, {"body": "/retry_after_ms"}]),
             "as": dice.some(FORMS, 3)} for _ in range(dice.int(1, 2))]
    policy = {"read": read, "use": dice.pick(["replace", "maximum", "between", "spread"])}
    if policy["use"] == "between":
        policy["at_least"], policy["at_most"] = "100ms", "5s"
    if policy["use"] == "spread":
        policy["spread"] = dice.ms(1, 2000)
    dice.maybe(policy, 50, status=lambda: dice.some(["429", "503", "500-599"], 2))
    dice.maybe(policy, 30, duplicates=lambda: dice.pick(["first", "last", "unreadable"]))
    if dice.flag():
        policy["limit"] = dice.ms(500, 10_000)
        policy["above_limit"] = dice.pick(["own-delay", "clamp", "give-up", "raise", "never"])
    dice.maybe(policy, 20, **{key: lambda: dice.pick(EFFECTS) for key in ("zero", "negative", "past")},
               unparseable=lambda: dice.pick(EFFECTS[1:]), default=lambda: dice.ms(0, 2000), jittered=dice.flag)
    return policy


# -- layers --------------------------------------------------------------------


def condition(dice):
    on = {}
    kind = dice.pick(["status", "both", "transport", "header", "body"])
    if kind in ("status", "both"):
        on["status"] = dice.some([*STATUSES, "400-499", "500-599"], 4)
    if kind in ("transport", "both"):
        on["transport"] = dice.some(ENDS, 4)
    if kind == "header":
        on["status"] = ["400-599"]
        on["header"] = dice.pick([
            {"name": "x-should-retry", "value": "true"}, {"name": "x-should-retry", "absent": True},
            {"name": "Retry-After"}, {"name": "x-should-retry", "value": "TRUE", "ignores_case": True}])
    if kind == "body":
        on["status"] = ["200-599"]
        on["body"] = dice.pick([{"pointer": "/error"}, {"pointer": "/type", "value": "try_again"},
                                {"pointer": "/type", "value": "TRY_AGAIN", "ignores_case": True}])
    dice.maybe(on, 10, methods=lambda: dice.pick([["POST"], ["GET", "POST"], ["GET"]]),
               request_bytes=lambda: dice.pick([{"at_least": 1}, {"at_most": 30}, {"at_least": 31}]))
    return on


def rule(dice, may_close, is_outermost):
    action = dice.pick(["retry"] * 6 + ["fail", "pass", "poll"] + ["start-over"] * (not is_outermost))
    made = {"on": condition(dice), "do": action}
    closes = may_close and dice.flag()
    if closes:
        made["closes_limiter"] = True
        made["backoff"] = backoff(dice, schedules=("constant", "exponential"))
    elif action == "retry" or (action in ("poll", "start-over") and dice.flag()):
        made["backoff"] = backoff(dice)
    if "backoff" in made:
        dice.maybe(made, 40, retry_after=lambda: retry_after(dice))
    if action in ("retry", "poll"):
        dice.maybe(made, 30, count=lambda: dice.pick(["run", "streak", "iterations"]))
        if action == "retry" or made.get("count", "run") != "run":
            dice.maybe(made, 20, limit=lambda: dice.int(1, 6))
        elif "backoff" in made:  # the law of a poll whose n never moves is constant
            made["backoff"] = backoff(dice, schedules=("none", "constant") if not closes else ("constant",))
    return made


def tokens(dice):
    capacity = dice.int(1, 20)
    made = {"capacity": capacity, "cost": dice.int(0, capacity)}
    dice.maybe(made, 50, timeout_cost=lambda: dice.int(0, capacity), refund=lambda: dice.pick([0, 0.5, 1]),
               per_call=lambda: dice.pick([0, 0.1, 1]), threshold=lambda: dice.int(0, capacity - 1),
               failures_cost=lambda: dice.pick([False, True, "retryable"]))
    if not made.get("failures_cost"):
        dice.maybe(made, 25, returns_cost=dice.flag)
    return made


def budget(dice):
    made = {}
    if not dice.lucky(20):
        made["attempts"] = dice.int(1, 8)
    dice.maybe(made, 15, **{f"{kind}_attempts": lambda: dice.int(1, 6) for kind in ("connect", "read", "status")})
    if dice.lucky(30):
        made["elapsed"] = dice.ms(100, 30_000)
        dice.maybe(made, 70, elapsed_test=lambda: dice.pick(["after-attempt", "before-sleep", "cut-sleep"]))
    dice.maybe(made, 20, tokens=lambda: tokens(dice))
    if dice.lucky(20):
        made.update(allowance(dice))
    return made


def allowance(dice):
    kind = dice.pick(["ratio", "concurrent", "failure_rate"])
    if kind == "ratio":
        return {kind: {"share": dice.pick([0.1, 0.5, 2]), "per_second": dice.int(0, 2), "window": dice.ms(1000, 10_000)}}
    if kind == "concurrent":
        return {kind: {"share": dice.pick([0.2, 0.5, 1]), "least": dice.int(0, 2)}}
    made = {"most": dice.pick([0, 0.1, 0.5, 2])}
    dice.maybe(made, 50, window=lambda: dice.ms(500, 10_000))
    return {kind: made}


def slots(dice, may_be_throttled):
    made = {"limit": dice.int(1, 3)}
    if may_be_throttled and dice.flag():
        made["limit"] = dice.int(2, 4)
        made["throttled"] = {"limit": dice.int(1, made["limit"] - 1), "window": dice.ms(100, 5000)}
    dice.maybe(made, 30, bytes=lambda: {"limit": dice.int(1, 60)})
    if "throttled" in made and "bytes" in made:
        dice.maybe(made["bytes"], 50, penalty=lambda: dice.pick([1, 2, 20]))
    dice.maybe(made, 50, scope=lambda: dice.pick(["handler", "session", "client", "global", "url-and-key"]),
               held=lambda: dice.pick(["call", "attempt"]))
    dice.maybe(made, 15, ask_again=lambda: backoff(dice, schedules=("constant", "exponential"), longest=500))
    return made


def layer(dice, index):
    may_close = dice.lucky(20)
    made = {"name": f"layer-{index}",
            "rules": [rule(dice, may_close, index == 0) for _ in range(dice.int(1, 3))], "budget": budget(dice)}
    closes = any(each.get("closes_limiter") for each in made["rules"])
    if closes:
        made["rate_limiter"] = {}
        dice.maybe(made["rate_limiter"], 50, scope=lambda: dice.pick(["holder", "url-and-key"]),
                   poll=lambda: dice.ms(0, 100), clears_on_success=dice.flag)
    elif dice.lucky(10):
        made["rate_limiter"] = {"per_second": dice.pick([1, 5, 50])}
        dice.maybe(made["rate_limiter"], 50, burst=lambda: dice.int(1, 3))
    dice.maybe(made, 10, enabled=lambda: False,
               routes=lambda: dice.pick([["POST /v1/echo"], ["ANY /*"], ["POST /v1/result"]]))
    dice.maybe(made, 25, slots=lambda: slots(dice, closes))
    dice.maybe(made, 15, call_timeout=lambda: dice.off(2, 600, 29), progress=lambda: progress(dice),
               breaker=lambda: breaker(dice))
    if "ratio" not in made["budget"] and "failure_rate" not in made["budget"]:
        dice.maybe(made, 12, throttle=lambda: throttle(dice))
    dice.maybe(made, 50, attempt_timeout=lambda: {"limit": dice.off(2, 50, 53),
                                                  "kind": dice.pick(["total", "head", "inactivity"])})
    return made


def throttle(dice):
    made = {"k": dice.pick([2, 1, 1.1]), "window": dice.ms(500, 10_000),
            "rejected": dice.some(["503", "429", "400-599"], 2)}
    dice.maybe(made, 50, retryable=dice.flag)
    return made


def progress(dice):
    made = {"timeout": dice.off(2, 600, 17)}
    dice.maybe(made, 50, clock=lambda: dice.pick(["handler", "call"]), aborts_attempt=dice.flag,
               tested_at_first=dice.flag, resets_when_idle=dice.flag)
    return made


def breaker(dice):
    made = {"failures": dice.int(1, 4), "reset": dice.ms(100, 5000)}
    dice.maybe(made, 50, half_open_calls=lambda: dice.int(1, 2), checked=lambda: dice.pick(["attempt", "call"]),
               retryable=dice.flag)
    return made


def profile(dice):
    made = {"retryspec": 1, "profile": "any", "title": "any", "source": "props",
            "layers": [layer(dice, index) for index in range(dice.int(1, 3))]}
    headers = {}
    dice.maybe(headers, 20, retry_count=lambda: {"name": "x-count", "from": dice.int(0, 1)},
               idempotency_key=lambda: {"name": "x-key", "scope": dice.pick(["call", "attempt"])},
               call_id=lambda: {"name": "x-call"})
    if headers:
        made["headers"] = headers
    dice.maybe(made, 10, handler_cache=lambda: dice.int(1, 3), follow_up=lambda: "POST /v1/result",
               resend=lambda: dice.pick([{"on_stale_connection": True}, {"status": ["502"]},
                                         {"status": ["503"], "limit": 2}]))
    return made


# -- scenarios -----------------------------------------------------------------

OK = {"json": {"ok": True}}


def headers(dice):
    return dice.pick([{"Retry-After": value} for value in ("1", "0", "2", "1.5", "-1", "", "soon", "1e3", "600")]
                     + [{"Retry-After": {"http_date": offset}} for offset in ("+2s", "-5s", "+0s")]
                     + [{"Retry-After": ["1", "3"]}]
                     + [{"retry-after-ms": value} for value in ("250", "1500", "x")]
                     + [{"x-should-retry": value} for value in ("true", "false")])


def fault(dice, reply):
    made = {"do": dice.pick(["reset", "close", "hang", "garbage", "drip"])}
    places = ["request", "head", "body:1B", "end"]
    if made["do"] == "garbage":
        places = ["request"] + (["body:1B"] if reply.get("framing") == "chunked" else [])
    if made["do"] == "drip":
        places, made["rate"] = ["head", "body:1B"], dice.pick(["1B/s", "5B/s", "1kB/s"])
    made["at"] = dice.pick(places)
    if made["do"] == "hang":
        dice.maybe(made, 50, **{"for": lambda: dice.off(1, 200, 87)})
    dice.maybe(made, 15, chance=lambda: dice.pick([0.3, 0.9]))
    return made


def reply(dice):
    """What is no plain success, mostly."""
    made = {"json": dice.pick([{"error": "no"}, {"type": "try_again"}, {"retry_after_ms": 700}, {}])}
    if not dice.lucky(30):
        made["reply"] = int(dice.pick(STATUSES))
    dice.maybe(made, 40, headers=lambda: headers(dice))
    dice.maybe(made, 20, framing=lambda: dice.pick(["length", "chunked", "close"]))
    dice.maybe(made, 30, delay=lambda: dice.pick([dice.off(0, 30, 0), {"uniform": ["10ms", "30ms"]}]))
    dice.maybe(made, 40, fault=lambda: fault(dice, made))
    return made


def steps(dice):
    made = [{**reply(dice), "times": dice.int(1, 3)} for _ in range(dice.int(0, 4))]
    if not made or not dice.lucky(15):
        made.append(OK)
    return {"steps": made, "per": dice.pick(["call", "call", "call", "client", "connection", "run"]),
            "after_last": dice.pick(["repeat", "repeat", "loop"])}


def windows(dice):
    made, at = [], 0
    for _ in range(dice.int(1, 3)):
        until = at + dice.int(100, 6000)
        inside = dice.pick([{"fault": {"do": "refuse"}}, {"fault": {"do": "stall"}},
                            {"fault": {"do": "reset", "at": "accept"}}, None, None, None])
        made.append({"from": f"{at}ms", "to": f"{until}ms", **(inside or reply(dice))})
        at = until
    return {"windows": [*made, {"from": f"{at}ms", **OK}]}


def workload(dice):
    made = {"request": "POST /v1/echo"}
    dice.maybe(made, 30, clients=lambda: dice.int(1, 3), calls=lambda: dice.int(1, 4),
               concurrency=lambda: dice.int(1, 4), give_up=lambda: dice.off(5, 600, 71))
    dice.maybe(made, 20, start_spread=lambda: dice.ms(0, 2000), read_timeout=lambda: dice.off(5, 50, 41))
    return made


def scenario(dice):
    route = windows(dice) if dice.lucky(30) else steps(dice)
    return {"retryspec": 1, "id": "props/any", "title": "any", "takes": "5s", "workload": workload(dice),
            "server": [{"match": "POST /v1/echo", **route}, {"match": "POST /v1/result", **steps(dice)}]}


@st.composite
def stories(draw):
    """A profile, a scenario and a seed."""
    dice = Dice(draw)
    made = profile(dice), scenario(dice)
    return *made, dice.int(0, 2**32 - 1)
