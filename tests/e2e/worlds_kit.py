"""One scenario in two worlds: `run -- call`, live, and `sim`, in virtual time;
and what differs between the two stories."""
import dataclasses
import email.utils
import json
import os
import pathlib
import re
import subprocess

RETRYSPEC = os.environ["RETRYSPEC"]
SCENARIOS = pathlib.Path(__file__).resolve().parents[2] / "scenarios"
MS, S = 10**6, 10**9

# Not the profile's: where the server listens, and what libcurl says of itself.
INCIDENTAL = {"host", "user-agent", "accept", "date"}
# They look at as many delays as this run's clocks can tell apart, perhaps at none.
STATISTICS = {"JIT-1", "JIT-2", "HERD-1"}
BLAMELESS = {"pass", "n/a", "not-exercised", "none"}
EARLY, LATE = 10 * MS, 250 * MS  # the tolerances of the shipped profiles
TOO_LATE = 100 * MS  # a run on such a machine is looked at once more, alone
LATENCY = 500_000  # of `sim`, one way, if nothing is said
# What a late machine may do: to the client, as a slow network would; to the server, whose windows begin late.
SLOWER = [0, 2 * MS, 5 * MS, 10 * MS, 20 * MS, 40 * MS, 80 * MS, 160 * MS]


# -- to play it ------------------------------------------------------------------


class Run:
    """What `run` or `sim` left of the scenarios of one profile."""

    def __init__(self, folder, *command):
        self.folder = folder
        report = folder.parent / f"{folder.name}.json"
        outputs = ["--out", str(folder), "--report", f"json={report}"]
        self.text = " ".join([RETRYSPEC, *command])
        done = subprocess.run([RETRYSPEC, command[0], *outputs, *command[1:]], text=True, capture_output=True,
                              check=False)
        assert report.exists(), f"{self.text}\n{done.stdout}{done.stderr}"
        self.reports = {scenario["id"]: scenario for scenario in json.loads(report.read_text())["scenarios"]}

    def story(self, scenario):
        text = (self.folder / scenario / "trace.ndjson").read_text()
        return Story([json.loads(line) for line in text.splitlines()])

    def verdicts(self, scenario):
        return {verdict["rule"]: verdict for verdict in self.reports[scenario]["verdicts"]}


def live(folder, profile, scenarios, seed):
    """Clients mostly wait, so there are many more of them than cores."""
    return Run(folder, "run", *scenarios, "-q", "-p", profile, "--seed", str(seed), "--skip-smoke", "-j", "24",
               "--", RETRYSPEC, "call")


def virtual(folder, profile, scenarios, seed, latency=LATENCY):
    return Run(folder, "sim", *scenarios, "-q", "-p", profile, "--seed", str(seed), "--latency", f"{latency}ns")


COMMENT = re.compile(r'("(?:\\\\.|[^"\\\\])*")|//[^\n]*|/\*.*?\*/', re.S)
UNITS = {"ns": 1, "us": 1000, "ms": MS, "s": S, "min": 60 * S, "h": 3600 * S}


def later(duration, by):
    number, unit = re.fullmatch(r"([0-9.]+)([a-z]+)", duration).groups()
    ns = round(float(number) * UNITS[unit])
    return f"{ns + by if ns else 0}ns"


def with_later_windows(scenario, file, by):
    """A copy whose windows end, and the next ones begin, that much later; None if it has none."""
    source = SCENARIOS / f"{scenario}.jsonc"
    told = json.loads(COMMENT.sub(lambda found: found[1] or "", source.read_text())) if source.exists() else {}
    windows = [window for route in told.get("server", []) for window in route.get("windows", [])]
    for window in windows:
        window.update({key: later(window[key], by) for key in ("from", "to") if key in window})
    if windows:
        file.write_text(json.dumps(told))
    return file if windows else None


def neighbours(folder, profile, scenario, seed, late):
    """The stories of virtual worlds that are as much slower as the live one may have been."""
    folder.mkdir(parents=True, exist_ok=True)
    for by in SLOWER:
        if by <= late + 2 * MS:
            yield virtual(folder / f"network-{by}", profile, [scenario], seed, by).story(scenario)
            file = with_later_windows(scenario, folder / "scenario.jsonc", by)
            if file and by:
                yield virtual(folder / f"windows-{by}", profile, [str(file)], seed).story(scenario)


# -- to tell it ------------------------------------------------------------------


def of(lines, ev):
    return [line for line in lines if line["ev"] == ev]


def headers(line, wall_s=None):
    """In any order, which is libcurl's affair. A date becomes how far ahead it is."""
    told = []
    for name, value in line.get("headers", []):
        if wall_s is not None and value.endswith(" GMT"):
            value = f"a date {email.utils.parsedate_to_datetime(value).timestamp() - wall_s:.0f} s ahead"
        if name.lower() not in INCIDENTAL:
            told.append(f"{name.lower()}: {value}")
    return sorted(told)


def proof(line):
    """For how long a client was patient is compared as a wait is."""
    return re.sub(r"\d+\.\d{3} s", "some time", line.get("proof", ""))


@dataclasses.dataclass
class Event:
    """An attempt, or the result of a call."""
    what: dict  # must be alike
    wait: int | None = None  # since the attempt before
    held: int | None = None  # from the request until the client left
    is_dated: bool = False  # the wait ends with a second of the wall clock, which is another in each world


class Story:
    """What a run comes to, call by call."""

    def __init__(self, lines):
        self.wall = int(lines[0]["wall"])
        self.answers = {line["id"]: line for line in of(lines, "response")}
        requests = sorted(of(lines, "request"), key=lambda line: line["id"])
        # Which of several calls in flight gets a connection that has become free is a matter of microseconds.
        self.is_one_at_a_time = all(line["call"].endswith("-0") for line in requests)
        self.calls = {}
        ends = {}
        for request in requests:
            event, end = self.attempt(request, self.answers[request["id"]])
            events = self.calls.setdefault(request["call"], [])
            if events:
                event.wait = request["head"] - ends[request["call"]]
                event.is_dated = "a date" in str(events[-1].what["answer with"])
            ends[request["call"]] = end
            events.append(event)
        for result in of(lines, "result"):
            told = tuple(result.get(key) for key in ("outcome", "status", "error", "sha256"))
            self.calls.setdefault(result["call"], []).append(Event({"result": told}))
        self.others = {
            "faults at accept": [(line["do"], line["step"], line["proof"]) for line in of(lines, "accept-fault")],
            "client": [(line["end"], line.get("code")) for line in of(lines, "client-end")],
        }
        ended = of(lines, "client-end")[0]["t"]
        self.has_outage = bool(of(lines, "outage"))
        self.is_outage_after_end = any(line["t"] > ended for line in of(lines, "outage"))
        began = requests[0]["head"] if requests else 0
        starved = sum(line["wait"] for line in of(lines, "starved") if line["t"] > began)
        self.late = of(lines, "end")[0]["lag_max"] + starved

    def attempt(self, request, answer):
        came = answer.get("first_byte", answer.get("last_byte", request["head"]))
        event = Event({
            "request": (request["method"], request["target"], request["body_size"], request.get("body_sha256")),
            "with": headers(request),
            "met": (request.get("route"), request.get("step"), request.get("reason"), request["judged"]),
            "answer": (answer["status"], answer["end"], answer.get("reply_size"), answer.get("sent_bytes"),
                       answer.get("reply_sha256"), answer.get("delay"), "first_byte" in answer),
            "answer with": headers(answer, (self.wall + came) // S),
            "fault": (answer.get("fault"), answer.get("fault_fired"), proof(answer)),
            "connection": (request["conn_use"] > 1) if self.is_one_at_a_time else None,
        })
        # The FIN of a client that has its answer may come before or after the server is done with it.
        left = answer.get("gone") if answer["end"] != "status" else None
        event.held = left and left - request["head"]
        return event, left or answer.get("last_byte") or request["head"]


# -- to compare ------------------------------------------------------------------


def bucket(there, here, slack, is_dated):
    """Where a wait lies, seen from the same draw in the other world."""
    if (there is None) != (here is None):
        return "only in one world"
    more = S if is_dated else 0
    if there is None or here - EARLY - slack - more <= there <= here + LATE + slack + more:
        return None
    return "early" if there < here else "late"


def unlike(there, here, slack):
    """What two events differ in: (name, live, virtual); None if in nothing."""
    for name in [*there.what, *here.what]:
        if there.what.get(name) != here.what.get(name):
            return name, there.what.get(name), here.what.get(name)
    for name in ("wait", "held"):
        a, b = getattr(there, name), getattr(here, name)
        where = bucket(a, b, slack, there.is_dated)
        if where:
            return f"{name}, {where}", f"{(a or 0) / S:.4f} s", f"{(b or 0) / S:.4f} s"
    return None


def departure(there, here, slack):
    """(index of the first events that differ, in what); None for the same."""
    for at, (a, b) in enumerate(zip(there, here)):
        found = unlike(a, b, slack)
        if found:
            return at, found
    if len(there) == len(here):
        return None
    longer, at = (there, len(here)) if len(there) > len(here) else (here, len(there))
    return at, ("events", f"{len(there)}", f"{len(here)}: {longer[at].what}")


class Comparison:
    """Of one scenario with one profile. `slower(late)` gives stories of slower virtual worlds."""

    def __init__(self, live_story, virtual_story, slower):
        self.live, self.virtual, self.slower = live_story, virtual_story, slower
        self.slack = live_story.late + 4 * LATENCY
        self.departed, self.open = {}, set()
        for call in sorted(live_story.calls.keys() | virtual_story.calls.keys()):
            found = departure(live_story.calls.get(call, []), virtual_story.calls.get(call, []), self.slack)
            if found:
                self.departed[call] = found
        if self.departed:
            self.look_slower()

    def look_slower(self):
        """What comes at the edge of an outage, or as a caller gives up, the seed does not decide alone: slower worlds
        part there. Up to where they do, the live one must be like one of them; what comes after is open."""
        worlds = [self.virtual, *self.slower(self.live.late)]
        for call in self.departed:
            told = [world.calls.get(call, []) for world in worlds]
            forks = [found[0] for other in told[1:] if (found := departure(other, told[0], S))]
            furthest = [departure(self.live.calls.get(call, []), one, self.slack) for one in told]
            if None in furthest or (forks and max(found[0] for found in furthest) >= min(forks)):
                self.open.add(call)

    def differences(self):
        """Calls of a client share limiters, tokens and circuits: one that is open leaves the others open."""
        clients = {call.rpartition("-")[0] for call in self.open}
        for call, (at, (name, there, here)) in self.departed.items():
            if call.rpartition("-")[0] not in clients:
                yield f"{call}, event {at + 1}, {name}:\n      live     {there}\n      virtual  {here}"
        for name, there in self.live.others.items():
            if there != self.virtual.others[name]:
                yield f"{name}:\n      live     {there}\n      virtual  {self.virtual.others[name]}"

    def verdict_differences(self, there, here):
        for rule in sorted(there.keys() | here.keys()):
            a, b = (side.get(rule, {"verdict": "none", "exercised": 0}) for side in (there, here))
            if not self.is_machines_affair(rule, a["verdict"], b["verdict"]):
                counted = rule not in STATISTICS and not self.open and not self.live.has_outage
                if a["verdict"] != b["verdict"] or (counted and a["exercised"] != b["exercised"]):
                    yield f"verdict {rule}:\n      live     {a}\n      virtual  {b}"

    def is_machines_affair(self, rule, there, here):
        if there == "inconclusive":
            return True
        if rule == "FLT-1" and self.live.is_outage_after_end:
            return True  # run goes on for a moment after the client has ended, sim does not
        # What a closed listener hid, and so what was judged, depends on the milliseconds between two attempts; and so
        # does what became of a call that was open.
        depends = rule in STATISTICS or self.live.has_outage or self.open
        return bool(depends) and {there, here} <= BLAMELESS
