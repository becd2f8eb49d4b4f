"""What no profile allows, done to the trace of any story: what the caller was told, what it got,
what was sent, and that a call is over once it succeeded."""

MS = 10**6
TIMES = ("t", "accepted", "head", "request_end", "first_byte", "last_byte", "gone")


def shifted(lines, from_ns, by_ns):
    """Everything from an instant on comes later, or sooner."""
    return [{key: value + by_ns if key in TIMES and value >= from_ns else value for key, value in line.items()}
            for line in lines]


def another(lines, request, response, after_ns):
    """One more attempt, a while after the last one ended."""
    by = response["last_byte"] + after_ns - request["head"]
    number = max(line["id"] for line in lines if "id" in line) + 1
    more = shifted([{**request, "id": number, "conn_use": request["conn_use"] + 1}, {**response, "id": number}], 0, by)
    more[0]["accepted"] = request["accepted"]
    at = next(i for i, line in enumerate(lines) if line["ev"] == "client-end")
    return lines[:at] + more + shifted(lines[at:], 0, by + 1000 * MS)


class Played:
    """The calls of a trace, as far as the scenario has them judged."""

    def __init__(self, lines):
        self.lines = lines
        self.replies = {line["id"]: line for line in lines if line["ev"] == "response"}
        self.calls = {}
        for line in lines:
            if line["ev"] == "request" and line["judged"] and line.get("route"):
                self.calls.setdefault(line["call"], []).append(line)
        self.results = [line for line in lines if line["ev"] == "result" and line["call"] in self.calls]

    def end_of(self, result):
        """The last attempt of the call and its reply, None if it had none."""
        last = max(self.calls[result["call"]], key=lambda line: (line["head"], line["id"]))
        return last, self.replies.get(last["id"])

    def changed(self, line, **change):
        at = next(i for i, each in enumerate(self.lines) if each is line)
        return [*self.lines[:at], {**line, **change}, *self.lines[at + 1:]]

    def told_otherwise(self):
        for result in self.results:
            last, reply = self.end_of(result)
            # An answer that came as its time was over may be told either way.
            is_cut = "cancelled" in result.get("error", "") and reply and reply.get("status", 0) // 100 == 2
            if reply and result["outcome"] == "ok":
                yield self.changed(result, outcome="error", error="made up")
            elif reply and not is_cut and reply["end"] in ("status", "refused", "reset", "close", "cut", "garbage"):
                yield self.changed(result, outcome="ok", status=reply["status"])

    def got_another_body(self):
        for result in self.results:
            _, reply = self.end_of(result)
            is_whole = reply and not reply.get("fault_fired")  # what was cut may look whole to anyone
            if is_whole and result["outcome"] == "ok" and result.get("sha256") and reply.get("reply_sha256"):
                yield self.changed(result, sha256="0" * 64)

    def sent_another_body(self):
        if any(line["ev"] == "accept-fault" for line in self.lines):
            return  # it may be the first one's: that was never read
        for requests in self.calls.values():
            whole = sorted((line for line in requests if "request_end" in line), key=lambda line: line["head"])
            for first, second in zip(whole, whole[1:]):
                if first["target"] == second["target"]:
                    yield self.changed(second, body_sha256="0" * 64)

    def sent_again(self):
        for result in self.results:
            last, reply = self.end_of(result)
            if reply and result["outcome"] == "ok" and "last_byte" in reply:
                after = max(line["t"] for line in self.lines if "t" in line) - reply["last_byte"] + 100 * MS
                yield another(self.lines, last, reply, after)


def is_covered(profile):
    """Does any layer take part in the calls? Else no rule applies."""
    return any("routes" not in layer or {"POST /v1/echo", "ANY /*"} & {*layer["routes"]} for layer in profile["layers"])


def is_followed(profile, scenario):
    """Nothing leaves it open how far a call is (docs/rules.md, What the judge does not follow)."""
    blind = ("rate_limiter", "breaker", "call_timeout", "progress", "slots")
    return ("resend" not in profile and all("windows" not in route for route in scenario["server"])
            and not any(key in layer for layer in profile["layers"] for key in blind)
            and not any("elapsed" in layer.get("budget", ()) for layer in profile["layers"]))


def tampered(profile, scenario, lines):
    """(what was done, the lines) of each change that the trace has room for."""
    if not is_covered(profile):
        return
    played = Played(lines)
    changes = [Played.told_otherwise, Played.got_another_body, Played.sent_another_body]
    if is_followed(profile, scenario):
        changes.append(Played.sent_again)
    for change in changes:
        for made in change(played):
            yield change.__name__, made
