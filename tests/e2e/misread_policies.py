"""Wrong policies, one defect each, as patches of a right one: what
test_defects.py plays in virtual time. A patch sets what stands at a dotted
path, or takes it away with NONE."""
import copy

NONE = object()
RULE = "layers.0.rules.0."
BACKOFF, HEADER, ON = RULE + "backoff.", RULE + "retry_after.", RULE + "on."
BUDGET, LIMITER, BREAKER, SLOTS = "layers.0.budget.", "layers.0.rate_limiter", "layers.0.breaker", "layers.0.slots"
PROGRESS, TIMEOUT = "layers.0.progress", "layers.0.attempt_timeout."

POLICY = {
    "retryspec": 1, "profile": "right", "title": "right", "source": "a test",
    "layers": [{
        "name": "http",
        "budget": {"attempts": 4},
        "attempt_timeout": {"limit": "2s"},
        "rules": [{
            "on": {"status": ["408", "409", "425", "429", "500-599", "!501"], "transport": ["any"]},
            "do": "retry",
            "backoff": {"schedule": "exponential", "base": "1s", "factor": 2, "cap": "4s"},
            "retry_after": {
                "read": [{"header": "retry-after-ms", "as": ["ms"]},
                         {"header": "Retry-After", "as": ["seconds-float", "http-date"]}],
                "limit": "60s", "above_limit": "own-delay"}}]}],
    "headers": {"retry_count": {"name": "x-retry-count"}, "idempotency_key": {"name": "idempotency-key"}},
}


def patched(policy, patch):
    policy = copy.deepcopy(policy)
    for path, value in patch.items():
        *parents, last = [int(key) if key.isdigit() else key for key in path.split(".")]
        place = policy
        for key in parents:
            place = place[key] if isinstance(place, list) else place.setdefault(key, {})
        if value is NONE:
            place.pop(last, None)
        elif isinstance(place, list) and last == len(place):
            place.append(value)
        else:
            place[last] = copy.deepcopy(value)
    return policy


class Defect:
    """`right` is a patch of POLICY, `wrong` one of the right policy. Just the rules
    named must be broken, each with that likely cause (None: none may be named)."""

    def __init__(self, name, wrong, steps, rules, cause, right=None, level="must", **story):
        self.name = name
        self.right = patched(POLICY, right or {})
        self.wrong = patched(self.right, {"profile": "wrong", **wrong})
        self.scenario = scenario(steps, **story)
        word = {"must": "fail", "should": "warn"}[level]
        causes = cause if isinstance(cause, list) else [cause] * 9
        self.broken = [(rule, word, each) for rule, each in zip(rules.split(), causes)]


def scenario(steps, windows=None, per="call", server=None, request="POST /v1/x", match=None, **workload):
    route = {"match": match or request}
    if windows:
        route["windows"] = [{"from": begin, **({"to": end} if end else {}), **step_of(step)}
                            for begin, end, step in windows]
    else:
        route.update(steps=[step_of(step) for step in steps], per=per, after_last="repeat")
    return {"retryspec": 1, "id": "t/s", "title": "s", "takes": "1s", "checks": ["OUT-1"],
            "workload": {"request": request, **workload}, "server": server or [route]}


def step_of(step):
    if isinstance(step, dict):
        return step
    status, headers = step if isinstance(step, tuple) else (step, None)
    answer = {"json": {"ok": True}} if status == 200 else {"reply": status}
    return {**answer, **({"headers": headers} if headers else {})}


def after(value, status=429):
    return status, {"Retry-After": value}


def fault(do, at=None, **more):
    body = {"text": "x" * 64} if at and at.startswith("body") else {}
    return {**body, "fault": {"do": do, **({"at": at} if at else {}), **more}}


def jittered(law, **more):
    return {BACKOFF + "jitter": law, **{BACKOFF + key: value for key, value in more.items()}}


RESET, HANG, CLOSE = fault("reset"), fault("hang"), fault("close")
LATE = {"http_date": "+3s"}
PAST = {"http_date": "-30s"}
MANY = {BUDGET + "attempts": 8}
STEADY = {BACKOFF + "schedule": "constant", BACKOFF + "factor": NONE}
FAST = {BACKOFF + "base": "300ms", BACKOFF + "cap": "2s"}
CLOSES = {LIMITER: {"scope": "holder"}, RULE + "closes_limiter": True}
CONNECTS, BREAKS = ["refused", "unreachable"], ["reset", "close", "reset-body", "cut"]
UNHURRIED = {TIMEOUT + "limit": "60s"}
PATIENT = {PROGRESS: {"timeout": "5s"}, **UNHURRIED}
SLOW_AMONG_OTHERS = [503, {"json": 1, "delay": "2s"}, {"reply": 503, "delay": "8s"}, {"json": 1, "delay": "2s"}]
SEEDS = 20  # clients, where a delay is drawn

DEFECTS = [
    # -- Retry-After
    Defect("zero taken for none", {HEADER + "zero": "own-delay"}, [after("0"), 200], "RA-2",
           "a header of 0 was taken for none", level="should"),
    Defect("zero obeyed", {HEADER + "zero": "wait"}, [after("0"), 200], "BO-1",
           "a header of 0 was taken for: again at once", right={HEADER + "zero": "own-delay"}),
    Defect("past taken for none", {HEADER + "past": "own-delay"}, [503, after(PAST), 200], "RA-2",
           "a date gone by was taken for no header", level="should"),
    Defect("past obeyed", {HEADER + "past": "wait"}, [after(PAST), 200], "BO-1",
           "a date gone by was taken for: again at once", right={HEADER + "past": "own-delay"}),
    Defect("negative obeyed", {HEADER + "negative": "wait"}, [after("-5"), 200], "BO-1",
           "a negative header was taken for: again at once"),
    Defect("garbage raises", {HEADER + "unparseable": "raise"}, [after("soon"), 200], "ST-1",
           "a header that can't be used ended the call with an error"),
    Defect("fraction cut off", {HEADER + "read.1.as.0": "seconds-prefix"}, [after("2.9"), 200], "RA-1",
           "the fraction of the header was cut off"),
    Defect("fraction unknown", {HEADER + "read.1.as.0": "seconds"}, [after("5.5"), 200], "RA-1",
           "a header with a fraction was not understood"),
    Defect("date unknown", {HEADER + "read.1.as": ["seconds-float"]}, [after("3"), after({"http_date": "+9s"}), 200],
           "RA-1", "the HTTP-date in the header was not understood"),
    Defect("last of several", {HEADER + "duplicates": "last"}, [after(["9", "3"]), 200], "RA-1",
           "of several headers of one name the wrong one counted"),
    Defect("other precedence", {HEADER + "read": POLICY["layers"][0]["rules"][0]["retry_after"]["read"][::-1]},
           [(429, {"Retry-After": "2", "retry-after-ms": "9000"}), 200], "RA-1",
           "where two headers name a time, the wrong one counted"),
    Defect("limit waited", {HEADER + "above_limit": "clamp"}, [after("61"), 200], "BO-2",
           "a header above its limit was cut to it"),
    Defect("limit forgotten", {HEADER + "limit": NONE, HEADER + "above_limit": NONE}, [after("90"), 200], "BO-2",
           "the limit of the header's time was not applied"),
    Defect("header capped", {HEADER + "limit": "4s", HEADER + "above_limit": "clamp"}, [after("9"), 200], "RA-1",
           "the header's time was cut to the cap of the back-off"),
    Defect("header not jittered", {HEADER + "jittered": False}, [after("3")] * 3 + [200], "RA-1",
           "no jitter was applied to the header's time",
           right={HEADER + "jittered": True, **jittered({"proportional": [1.2, 1.5]})}, clients=SEEDS),
    Defect("header jittered", {HEADER + "jittered": True}, [after("3")] * 3 + [200], "RA-1",
           "jitter was applied to the header's time", right=jittered({"down": 0.5}), clients=SEEDS),
    Defect("seconds as ms", {HEADER + "read.1.as": ["ms", "http-date"]}, [after("2"), 200], "RA-1",
           "the header's seconds were read as milliseconds"),
    Defect("ms as seconds", {HEADER + "read.0.as": ["seconds"]}, [(429, {"retry-after-ms": "20"}), 200], "RA-2",
           "the header's milliseconds were read as seconds", level="should"),
    Defect("bounds forgotten", {HEADER + key: NONE for key in ("use", "at_least", "at_most")}, [after("9"), 200],
           "RA-2", "the bounds of the header's time were not applied", level="should",
           right={HEADER + "use": "between", HEADER + "at_least": "1s", HEADER + "at_most": "5s"}),
    Defect("header instead of the longer", {HEADER + "use": "replace"}, [503, 503, after("2"), 200], "BO-1",
           "the header replaced the back-off: the longer of the two counts", right={HEADER + "use": "maximum"}),
    Defect("longer instead of the header", {HEADER + "use": "maximum"}, [503, 503, after("2"), 200], "RA-2",
           "the longer of header and back-off was waited: the header alone counts", level="should"),
    Defect("header added", {**jittered({"add": ["1s", "2s"]}), HEADER + "jittered": True}, [after("3"), after("2"), 200],
           "RA-2", "the header's time was added to the back-off", level="should"),
    Defect("relatives unknown", {HEADER + "read": [{"header": "Retry-After", "as": ["seconds-float", "http-date"]}]},
           [(429, {"retry-after-ms": "3000"}), 200], "RA-1",
           "only Retry-After was read, not the other headers of its kind",
           right={HEADER + "limit": NONE, HEADER + "above_limit": NONE}),
    Defect("only on 429", {HEADER + "status": ["429"]}, [after("3"), after("9", 503), 200], "RA-1",
           "the header was not read on statuses other than 429"),
    Defect("header ignored", {RULE + "retry_after": "ignored"}, [after("3"), 200], "RA-1",
           "the header was not read: the waits follow the back-off alone"),

    # -- back-off
    Defect("exponent too high", {BACKOFF + "first_exponent": 1}, [503, 503, 200], "BO-2",
           "the exponent is one too high: the first wait is the second of the law"),
    Defect("exponent too low", {BACKOFF + "first_exponent": -1}, [503, 503, 200], "BO-1",
           "the exponent is one too low: the first wait is the base divided by the factor"),
    Defect("first at once", {BACKOFF + "first_immediate": True}, [503, 503, 200], "BO-1",
           "the first retry did not wait"),
    Defect("first not at once", {BACKOFF + "first_immediate": False}, [503, 503, 200], "BO-2",
           "the first retry waited: it should come at once", right={BACKOFF + "first_immediate": True}),
    Defect("streak kept", {RULE + "count": "run"}, [503, 409, 503, 200], "BO-2",
           "the exponent was kept over failures of another kind: they begin it anew",
           right={RULE + "count": "streak", ON + "status": ["503"], "layers.0.rules.1": {
               "on": {"status": ["409"]}, "do": "retry", "backoff": {"schedule": "constant", "base": "1s"}}}),
    Defect("run begun anew", {RULE + "count": "streak"}, [503, 409, 503, 200], "BO-1",
           "failures of another kind began the exponent anew: it counts all retries",
           right={ON + "status": ["503"], "layers.0.rules.1": {
               "on": {"status": ["409"]}, "do": "retry", "backoff": {"schedule": "constant", "base": "1s"}}}),
    Defect("no jitter", {BACKOFF + "jitter": "none"}, [503, 503, 503, 200], "BO-1", "no jitter was applied",
           right=jittered({"add": ["500ms", "900ms"]})),
    Defect("jitter mirrored", jittered({"up": 0.5}), [503, 503, 503, 200], "BO-2",
           "the jitter went to the wrong side", right=jittered({"down": 0.5}), clients=SEEDS),
    Defect("jitter on both sides", jittered({"symmetric": 0.5}), [503, 503, 503, 200], "BO-2",
           "the jitter went to both sides instead of one", right=jittered({"down": 0.5}), clients=SEEDS),
    Defect("jitter twice as wide", jittered({"down": 0.5}), [503, 503, 503, 200], "BO-1",
           "the jitter is twice as wide", right=jittered({"down": 0.25}), clients=SEEDS),
    Defect("equal jitter", jittered("equal"), [503, 503, 503, 200], "BO-1",
           "equal jitter was applied: from half the delay to all of it", right=jittered({"down": 0.1}), clients=SEEDS),
    Defect("full jitter", jittered("full"), [503, 503, 503, 200], "BO-1",
           "full jitter was applied: from 0 to the delay", right=jittered({"down": 0.1}), clients=SEEDS),
    Defect("cap before jitter", {BACKOFF + "clip": False}, [503] * 6 + [200], "BO-2",
           "the cap was applied before the jitter instead of after it",
           right={**MANY, **jittered({"up": 0.5}, clip=True)}, clients=SEEDS),
    Defect("cap jittered", {BACKOFF + "cap_unjittered": False}, [503] * 6 + [200], "BO-1",
           "the delay was jittered where the cap is exact",
           right={**MANY, **jittered({"down": 0.5}, cap_unjittered=True)}, clients=SEEDS),
    Defect("no floor", {BACKOFF + "floor": NONE}, [503, 503, 200], "BO-1", "the smallest delay was not applied",
           right={BACKOFF + "floor": "2s"}),
    Defect("no cap", {BACKOFF + "cap": NONE}, [503] * 5 + [200], "BO-2", "the cap was not applied", right=MANY),
    Defect("constant", STEADY, [503, 503, 200], "BO-1", "the delay stayed the same: it should grow"),
    Defect("linear", {BACKOFF + "schedule": "linear", BACKOFF + "step": "1s", BACKOFF + "factor": NONE},
           [503, 503, 503, 200], "BO-1", "the delay grew by the base each time"),
    Defect("doubled", {BACKOFF + "schedule": "exponential", BACKOFF + "factor": 2}, [503, 503, 503, 200], "BO-2",
           "the delay doubled each time", right=STEADY),
    Defect("no wait", {RULE + "backoff": {"schedule": "none"}}, [503, 503, 200], "BO-1",
           "hardly any wait: no back-off, or seconds taken for milliseconds"),
    Defect("a thousandth", {BACKOFF + "base": "400ms", BACKOFF + "cap": "4s"}, [503, 200], "BO-1",
           "the delays are a thousand times too short: seconds taken for milliseconds",
           right={BACKOFF + "base": "400s", BACKOFF + "cap": "4000s"}),
    Defect("a thousandfold", {BACKOFF + "base": "1000s", BACKOFF + "cap": "4000s"}, [503, 503, 200], "BO-2",
           "the delays are a thousand times too long: milliseconds taken for seconds"),

    # -- attempts and time
    Defect("one attempt too many", {BUDGET + "attempts": 5}, [503], "AT-2",
           "one attempt too many: retries were counted, not attempts"),
    Defect("one attempt too few", {BUDGET + "attempts": 3}, [503], "AT-1",
           "one attempt too few: attempts were counted as retries"),
    Defect("polls counted", {RULE + "do": "retry"}, [408] * 6 + [200], "AT-1 REQ-3", "polls were counted as attempts",
           right={RULE + "do": "poll", **STEADY}),
    Defect("wait added to total", {BUDGET + "elapsed_test": "before-sleep"}, [503], "AT-1",
           "the total time was tested with the coming wait added",
           right={BUDGET + "elapsed": "6s", BUDGET + "attempts": "unlimited"}),
    Defect("wait not added to total", {BUDGET + "elapsed_test": NONE}, [503], "AT-2",
           "the total time was tested without the coming wait",
           right={BUDGET + "elapsed": "6s", BUDGET + "elapsed_test": "before-sleep", BUDGET + "attempts": "unlimited"}),
    Defect("timeout of the head", {TIMEOUT + "kind": "head"}, [fault("drip", "body:1B", rate="8B/s"), 200], "TO-2",
           "the timeout of an attempt ended with the head of the response", level="should"),
    Defect("timeout of silence", {TIMEOUT + "kind": "inactivity"},
           [{"reply": 503, **fault("drip", "body:1B", rate="8B/s")}, fault("hang", "body:1B"), 200], "TO-2",
           "the timeout of an attempt began anew with each byte", level="should"),
    Defect("timeout of all", {TIMEOUT + "kind": "total"}, [fault("drip", "body:1B", rate="8B/s"), 200], "TO-1",
           "the timeout counted the whole attempt", right={TIMEOUT + "kind": "inactivity"}),
    Defect("progress of the call alone", {PROGRESS + ".clock": "call"}, SLOW_AMONG_OTHERS, "AT-1",
           "the progress of other calls did not count", right=PATIENT, per="run", calls=9, concurrency=2),
    Defect("progress from the start", {PROGRESS: NONE, "layers.0.call_timeout": "5s"}, SLOW_AMONG_OTHERS, "AT-1 TO-1",
           "the progress timeout counted from the start of the call", right=PATIENT, per="run", calls=9,
           concurrency=2),
    Defect("progress between attempts", {PROGRESS + ".aborts_attempt": False}, [503, 503, HANG], "PT-1",
           "the progress timeout was tested between attempts only",
           right={PROGRESS: {"timeout": "5s", "aborts_attempt": True, "clock": "call"}, TIMEOUT + "limit": "60s"}),
    Defect("no progress timeout", {PROGRESS: NONE}, [503], "PT-1", "the progress timeout was not applied",
           right={PROGRESS: {"timeout": "9s", "clock": "call"}, BUDGET + "attempts": 8}),
    Defect("timeout for the call", {"layers.0.attempt_timeout": NONE, "layers.0.call_timeout": "2s"},
           [503, 503, 200], "AT-1", "the timeout of an attempt was used for the whole call"),
    Defect("total for each attempt", {BUDGET + "elapsed": NONE, TIMEOUT + "limit": "9s"}, [HANG], "AT-2 TO-1",
           "the total time was used as the timeout of each attempt",
           right={BUDGET + "elapsed": "9s", BUDGET + "attempts": 3, "layers.0.attempt_timeout": {"limit": "60s"}}),
    Defect("no limit of a rule", {RULE + "limit": NONE}, [503], "AT-2",
           "the limit of one kind of failure was not applied", right={RULE + "limit": 1}),
    Defect("kinds counted together", {BUDGET + "status_attempts": NONE}, [503], "AT-2",
           "kinds of failures were not counted each on its own", right={BUDGET + "status_attempts": 2}),
    Defect("no timeout", {"layers.0.attempt_timeout": NONE}, [fault("hang", **{"for": "30s"}), 200], "TO-2",
           "the timeout of an attempt was not applied", level="should"),
    Defect("no total", {BUDGET + "elapsed": NONE}, [503], "AT-2", "the total time was not limited",
           right={BUDGET + "elapsed": "6s", BUDGET + "attempts": 8}),
    Defect("no limit of attempts", {BUDGET + "attempts": 9}, [503] * 8 + [200], "AT-2",
           "the number of attempts was not limited"),

    # -- what is retried
    Defect("case of a value", {RULE + "on.header.ignores_case": True}, [(503, {"x-should-retry": "FALSE"}), 200],
           "ST-1", "upper and lower case were told apart where they are the same, or not where they differ",
           right={RULE[:-1]: {"on": {"header": {"name": "x-should-retry", "value": "false"}}, "do": "fail"},
                  "layers.0.rules.1": POLICY["layers"][0]["rules"][0]}),
    *[Defect(f"no {status}", {ON + "status": ["408", "409", "425", "429", "500-599", "!501", f"!{status}"]},
             [status, 200], "ST-1", cause)
      for status, cause in [
          (408, "408 is not retried"), (409, "409 is not retried"), (425, "425 is not retried"),
          (429, "429 is not among the statuses that the client retries"), (500, "500 is not retried")]],
    Defect("gateway only", {ON + "status": ["408", "409", "425", "429", "502-504"]}, [503, 520, 200], "AT-1",
           "of the 5xx only 502, 503 and 504 are retried", right=UNHURRIED),
    Defect("no 5xx", {ON + "status": ["408", "409", "425", "429"]}, [429, 503, 200], "AT-1", "no 5xx is retried",
           right=UNHURRIED),
    Defect("no 4xx", {ON + "status": ["500-599", "!501"]}, [503, 409, 429, 200], "AT-1 ST-1",
           "no 4xx is retried", right=UNHURRIED, per="client", calls=2),
    Defect("no timeout retried", {ON + "transport": [*CONNECTS, *BREAKS, "garbage"]}, [HANG, 200], "TF-1",
           "timeouts are not retried"),
    Defect("no body retried", {ON + "transport": [*CONNECTS, "reset", "close", "garbage", "timeout"]},
           [fault("reset", "body:9B"), 200], "TF-1", "a connection that breaks inside the body is not retried"),
    Defect("no broken connection retried", {ON + "transport": [*CONNECTS, "garbage", "timeout"]},
           [RESET, 200], "TF-1", "a connection that breaks is not retried"),
    Defect("no transport retried", {ON + "transport": NONE}, [fault("garbage"), 200], "TF-1",
           "transport faults are not retried, only statuses are"),
    *[Defect(f"also {status}", {ON + "status": ["408", "409", "425", "429", "500-599"]}, [status, 200], "ST-2",
             f"{status} is retried: it is final",
             right={ON + "status": ["408", "409", "425", "429", "500-599", f"!{status}"]})
      for status in (408, 409, 425, 429, 501)],
    Defect("also every 5xx", {ON + "status": ["500-599"]}, [503, 520, 501, 200], "ST-2",
           "every 5xx is retried: some are final", right={ON + "status": ["502-504"]}),
    Defect("also 4xx", {ON + "status": ["400-499"]}, [429, 404, 200], "ST-2", "4xx are retried: some are final"),
    Defect("also timeouts", {ON + "transport": ["any"]}, [HANG, 200], "TF-2", "timeouts are retried: they are final",
           right={ON + "transport": ["reset", "close"]}),
    Defect("also transport", {ON + "transport": ["any"]}, [RESET, 200], "TF-2",
           "transport faults are retried: some are final", right={ON + "transport": NONE}),
    Defect("also everything", {ON + "status": ["300-999"], ON + "transport": ["any"]}, [400, 600, 200], "ST-2",
           "every failure is retried: some are final", right={ON + "transport": NONE}),
]
