"""Wrong policies as in misread_policies.py: conditions on requests and responses,
what calls share, layers, second requests, headers."""
from misread_policies import (BACKOFF, BREAKER, BUDGET, CLOSE, CLOSES, LIMITER, NONE, ON, POLICY, RESET, RULE, SLOTS,
                              STEADY, UNHURRIED, Defect, after, fault, step_of)

RETRY = POLICY["layers"][0]["rules"][0]
SHOULD_RETRY = {RULE[:-1]: {"on": {"header": {"name": "x-should-retry", "value": "false"}}, "do": "fail"},
                "layers.0.rules.1": RETRY}
USER_ERROR = {RULE[:-1]: {"on": {"status": ["400-599"], "body": {"pointer": "/category", "value": "user"}},
                          "do": "fail"},
              "layers.0.rules.1": RETRY}
LARGE = {ON + "request_bytes": {"at_most": 10}}
OUTER = {"name": "outer", "budget": {"attempts": 2}, "rules": [
    {"on": {"status": ["500-599"]}, "do": "retry", "backoff": {"schedule": "constant", "base": "20s"}}]}
STACK = {"layers.1": POLICY["layers"][0], "layers.0": OUTER, "headers": NONE}
TOKENS = {BUDGET + "tokens": {"capacity": 4, "cost": 2, "timeout_cost": 4, "refund": 2}, **STEADY}
CIRCUIT = {BREAKER: {"failures": 3, "reset": "30s"}, BUDGET + "attempts": 6, **STEADY}
FAILING_FAST = {
    "layers.1": {"name": "http", "breaker": {"failures": 4, "reset": "1s", "retryable": True}}, "headers": NONE,
    "layers.0": {**OUTER, "rules": [{"on": {"status": ["503"], "transport": ["unreachable"]}, "do": "retry",
                                     "backoff": {"schedule": "constant", "base": "2s", "jitter": {"up": 0.5}}}]}}
WINDOW = {**CLOSES, **STEADY}
PACED = {LIMITER: {"per_second": 2, "burst": 1}}
TWO_SLOTS = {SLOTS: {"limit": 2, "scope": "client", "held": "call"}}
WIDE = {BACKOFF + "jitter": {"symmetric": 0.5}}
SLOW = [{"json": 1, "delay": "1s"}]
IGNORED = "the budget of retries that calls share was not kept"
CROWD = {"calls": 6, "concurrency": 6}


def second(*steps):
    """What the second request meets; the first one succeeds."""
    return {"server": [{"match": "POST /v1/x", "per": "call", "after_last": "repeat", "steps": [{"json": 1}]},
                       {"match": "POST /v1/result", "per": "call", "after_last": "repeat", "steps": list(steps)}]}


def polls(*rules):
    """A layer that asks for the result inside one that submits."""
    return {"follow_up": "POST /v1/result", "headers": NONE, "layers.0": OUTER,
            "layers.1": {"name": "poll", "routes": ["POST /v1/result"], "rules": list(rules)}}


GONE = {"on": {"status": ["410"]}, "do": "start-over", "backoff": {"schedule": "constant", "base": "1s"}}
PENDING = {"on": {"status": ["408"]}, "do": "poll", "backoff": {"schedule": "constant", "base": "1s"}}

DEFECTS = [
    # -- conditions
    Defect("header not asked", {"layers.0.rules": [RETRY]}, [503, (503, {"x-should-retry": "false"}), 200], "ST-2",
           "the response header that decides, such as x-should-retry, was not looked at", right=SHOULD_RETRY),
    Defect("body not asked", {"layers.0.rules": [RETRY]},
           [503, {"reply": 503, "json": {"category": "user"}}, 200], "ST-2",
           "the response body that decides was not looked at", right=USER_ERROR),
    Defect("size not asked", {ON + "request_bytes": NONE}, [503, 200], "ST-2",
           "the size of the request was not looked at", right=LARGE),
    Defect("no connect retried", {ON + "transport": ["reset", "close", "reset-body", "cut", "garbage", "timeout"]},
           [], "TF-1", "failures to connect are not retried",
           windows=[("0s", "2s", fault("refuse")), ("2s", None, 200)]),
    Defect("only idempotent methods", {ON + "methods": ["GET", "PUT"]}, [503, RESET, 200], "ST-1 TF-1",
           "only idempotent methods are retried: POST and PATCH are not", per="client", calls=3),
    Defect("every method", {ON + "methods": NONE}, [503, 200], "ST-2",
           "every method is retried: some must not be repeated", right={ON + "methods": ["GET"]}),
    Defect("nothing retried", {ON + "status": ["418"], ON + "transport": NONE}, [503, RESET, 200], "ST-1 TF-1",
           "nothing is retried", request="GET /v1/x", per="client", calls=3),

    # -- layers and second requests
    Defect("no outer layer", {"layers.0.enabled": False}, [503] * 5 + [200], "AT-1",
           "the outer layer did not retry", right=STACK),
    Defect("no inner layer", {"layers.1.enabled": False}, [503, 200], "BO-2",
           "the inner layer did not retry", right=STACK),
    Defect("asked again", {"layers.1.rules.0.do": "retry"}, [], "FU-1",
           "a lost result was asked for again instead of starting over", right=polls(GONE),
           **second({"reply": 410}, {"json": 1})),
    Defect("started over", {"layers.1.rules.0.do": "start-over"}, [], "FU-1",
           "the call started over where it should ask for the result again", right=polls(PENDING),
           **second({"reply": 408}, {"json": 1})),

    # -- retry tokens
    Defect("no refund", {BUDGET + "tokens.refund": 0}, [503, 503, 200], "ST-1",
           "a success gave no retry tokens back", right=TOKENS, calls=3),
    Defect("timeouts cost the same", {BUDGET + "tokens.timeout_cost": 2}, [fault("hang"), fault("hang"), 200], "TB-1",
           "a timeout cost as many retry tokens as any failure", right=TOKENS),
    Defect("no threshold", {BUDGET + "tokens.threshold": NONE}, [503, 503, 200], "TB-1",
           "the retry tokens were spent to the last one", right={**TOKENS, BUDGET + "tokens.threshold": 2}),
    Defect("no tokens", {BUDGET + "tokens": NONE}, [503, 503, 503, 200], "TB-1",
           "retry tokens were not asked for", right=TOKENS),

    # -- budgets of retries
    Defect("no ratio", {BUDGET + "ratio": NONE}, [503, 503, 200], "TB-1", IGNORED,
           right={BUDGET + "ratio": {"share": 0.5, "per_second": 1, "window": "2s"}, **STEADY}, **CROWD),
    Defect("no concurrent", {BUDGET + "concurrent": NONE}, [{"reply": 503, "delay": "100ms"}], "TB-1", IGNORED,
           right={BUDGET + "concurrent": {"share": 0.5, "least": 1}, **STEADY}, **CROWD),
    Defect("no failure rate", {BUDGET + "failure_rate": NONE}, [503, 200], "TB-1", IGNORED,
           right={BUDGET + "failure_rate": {"most": 0.5}, **STEADY}, **CROWD),

    Defect("no throttle", {"layers.0.throttle": NONE}, [503], "TH-1", "the throttle held no request back",
           right={"layers.0.throttle": {"k": 2, "window": "2min", "rejected": ["503"]}, **STEADY}, **CROWD),

    # -- circuit breaker
    Defect("circuit too late", {BREAKER + ".failures": 4}, [503], "CB-1",
           "the circuit opened one failure too late", right=CIRCUIT),
    Defect("circuit too soon", {BREAKER + ".failures": 2}, [503], "AT-1",
           "the circuit opened one failure too soon", right={**CIRCUIT, **UNHURRIED}),
    Defect("circuit at first", {BREAKER + ".checked": "call"}, [503] * 5 + [200], "CB-1",
           "the circuit was looked at before the first attempt only", right=CIRCUIT),
    Defect("all let through", {"layers.1.breaker.half_open_calls": 9}, [{"reply": 503, "delay": "1500ms"}], "CB-1",
           "all calls were let through when the circuit was half open",
           right=FAILING_FAST, calls=8, concurrency=8),
    Defect("no circuit", {BREAKER: NONE}, [503], "CB-1", "the circuit breaker was not asked", right=CIRCUIT, calls=2),

    # -- rate limiter
    Defect("limiter cleared", {LIMITER + ".clears_on_success": True}, [after("9"), {"json": 1, "delay": "1s"}, 200],
           "RL-1", "a success opened the rate limiter: its window only runs out", right=WINDOW, per="run", calls=4,
           concurrency=2),
    Defect("limiter not cleared", {LIMITER + ".clears_on_success": False},
           [after("9"), {"reply": 404, "delay": "900ms"}, {"json": 1, "delay": "500ms"}, 200], "RL-2",
           "no success opened the rate limiter: its window ran out", level="should", per="run", calls=3, concurrency=3,
           right={**WINDOW, LIMITER + ".clears_on_success": True, "layers.0.rules.1": {**PENDING, "on": {"status": ["404"]}}}),
    Defect("limiter polled slowly", {LIMITER + ".poll": "20s"}, [after("2"), {**step_of(after("9")), "delay": "200ms"}, *SLOW],
           "RA-2 RL-2", None, right={**WINDOW, LIMITER: {"poll": "100ms"}}, per="run", calls=2, concurrency=2,
           level="should"),
    Defect("no limiter", {RULE + "closes_limiter": False, LIMITER: NONE}, [after("3"), {"reply": 404, "delay": "1s"}, *SLOW], "RL-1",
           "the rate limiter was not closed: each call waited for itself", right=WINDOW, per="run", calls=4,
           concurrency=2),
    Defect("burst too large", {LIMITER + ".burst": 2}, [200], "RL-3",
           "what may be sent in a second was sent at once",
           right=PACED, **CROWD),
    Defect("no pace", {LIMITER: NONE}, [200], "RL-3", "the steady rate was not kept", right=PACED, **CROWD),

    # -- slots
    Defect("one slot more", {SLOTS + ".limit": 3}, [503, 200], "CC-1",
           "one more was in flight than there are slots", right=TWO_SLOTS, **CROWD),
    Defect("slots of attempts", {SLOTS + ".held": "attempt"}, [503, 200], "CC-1",
           "the slot was given back between attempts", right=TWO_SLOTS, **CROWD),
    Defect("slots of each client", {SLOTS + ".scope": "client"}, SLOW, "CC-1",
           "each client had slots of its own: they are shared",
           right={SLOTS: {"limit": 2, "scope": "global", "held": "call"}}, clients=3, **CROWD),
    Defect("bytes not limited", {SLOTS: NONE}, SLOW, "CC-1",
           "the bytes in flight were not limited", right={SLOTS: {"bytes": {"limit": 30}}, **UNHURRIED}, **CROWD),
    Defect("no slots", {SLOTS: NONE}, SLOW, "CC-1", "there were no slots", right=TWO_SLOTS, **CROWD),

    # -- jitter inside the law's range
    Defect("jitter left out", {BACKOFF + "jitter": "none"}, [503, 503, 503, 200], "JIT-1",
           "the delays have no jitter, or next to none", right=WIDE, clients=30),
    Defect("jitter too narrow", {BACKOFF + "jitter": {"symmetric": 0.2}}, [503, 503, 503, 200], "JIT-1",
           "the jitter is half as wide as the law's", right=WIDE, clients=30),

    # -- what is sent
    Defect("counted from 1", {"headers.retry_count.from": 1}, [503, 200], "REQ-3",
           "the retry count begins with 1: the first attempt is 0"),
    Defect("counted from 0", {"headers.retry_count.from": 0}, [503, 200], "REQ-3",
           "the retry count begins with 0: the first attempt is 1", right={"headers.retry_count.from": 1}),
    Defect("key of the attempt", {"headers.idempotency_key.scope": "attempt"}, [503, 200], "REQ-2",
           "a new idempotency key was made for each attempt"),
    Defect("key of the call", {"headers.idempotency_key.scope": "call"}, [503, 200], "REQ-2",
           "the idempotency key was kept over all attempts of a call",
           right={"headers.idempotency_key.scope": "attempt"}),
    Defect("re-sent below", {"resend": {"on_stale_connection": True}}, [200, RESET, 200], "HID-1",
           "a reused connection had died and a library below repeated the request",
           right={"headers.retry_count": NONE}, per="run", calls=2),
    Defect("wrong count and wrong wait", {"headers.retry_count.from": 1, BACKOFF + "first_exponent": 1}, [503, 200],
           "BO-2 REQ-3", ["the exponent is one too high: the first wait is the second of the law", None]),
]
