"""Every fault with every place, framing, method and way to send a request: what
the client receives and what the trace says are one story, and the server lives.
RETRYSPEC_LONG=1 plays all of them instead of a sample."""
import collections
import itertools
import os
import random
import threading

import pytest

from conftest import PATIENCE, Response, wait_until

IS_LONG = os.environ.get("RETRYSPEC_LONG") == "1"
WORKERS = 8
SIZES = {"none": 0, "small": 100, "large": 200_000}
DRIP = 1_000_000  # bytes a second
PLACES = ["request", "head", "body:0B", "body:1B", "middle", "whole", "end"]
VERBS = [None, "reset", "close", "hang", "hang-left", "hang-reset", "garbage", "drip"]
WAYS = ["close", "keep-alive", "pipelined", "expect", "http10"]


Story = collections.namedtuple("Story", "do at framing size method way delay")


def is_possible(do, at, framing, size):
    """As docs/scenario.md says."""
    if do is None:
        return at == "end"  # once
    if at in ("body:1B", "middle") and SIZES[size] == 0:
        return False
    if do == "garbage":
        return at == "request" or (at not in ("head", "end") and framing == "chunked")
    if do == "drip":
        return at not in ("request", "end", "whole") and SIZES[size] > 0
    return True


def all_combinations():
    stories = itertools.starmap(Story, itertools.product(
        VERBS, PLACES, ["length", "chunked", "close"], SIZES, ["GET", "HEAD", "POST"], WAYS, ["0s", "3ms"]))
    return [story for story in stories if is_possible(story.do, story.at, story.framing, story.size)
            and not (story.way == "expect" and story.method != "POST")]


def place_of(story):
    size = SIZES[story.size]
    return {"middle": f"body:{size // 2}B", "whole": f"body:{size}B"}.get(story.at, story.at)


def body_size(story):
    """How much of the body should come."""
    total = 0 if story.method == "HEAD" else SIZES[story.size]
    place = place_of(story)
    if story.do in (None, "drip") or place == "end":
        return total
    return min(int(place[5:-1]), total) if place.startswith("body:") else 0


def step_of(story):
    step = {"reply": 200, "body": {"size": f"{SIZES[story.size]}B", "seed": 9}, "framing": story.framing,
            "delay": story.delay}
    if story.do:
        fault = {"do": story.do.partition("-")[0], "at": place_of(story)}
        if story.do == "hang":
            fault["for"] = "5ms"
        if story.do == "drip":
            fault["rate"] = f"{DRIP}B/s"
        step["fault"] = fault
    return step


def head_of(method, path, way):
    version = "1.0" if way == "http10" else "1.1"
    lines = [f"{method} {path} HTTP/{version}", "Host: x"]
    if way == "close":
        lines.append("Connection: close")
    if way == "expect":
        lines.append("Expect: 100-continue")
    if method == "POST":
        lines.append("Content-Length: 5")
    return "\r\n".join([*lines, "", ""]).encode()


def send(client, story, path):
    head = head_of(story.method, path, story.way)
    body = b"abcde" if story.method == "POST" else b""
    if story.way == "expect":
        client.socket.sendall(head)
        assert client.read_response().status == 100
        client.socket.sendall(body)
    elif story.way == "pipelined":
        client.socket.sendall(head + body + head_of("GET", "/ok", "close"))
    else:
        client.socket.sendall(head + body)


def lives_on(story):
    """Does the connection take another request?"""
    ends = story.framing == "close" or (story.framing == "chunked" and story.method == "HEAD")
    return story.do is None and not ends and story.way not in ("close", "http10")


def receive(client, story):
    """To the end, or until the client leaves a hang."""
    if story.do not in ("hang-left", "hang-reset"):
        client.read_to_end()
        return
    while body_size(story) and len(Seen(client, story.method).body) < body_size(story):
        client._receive(PATIENCE)
    client.read_to_end(0.2)
    assert client.end == "timeout", client.data[-100:]
    if story.do == "hang-reset":
        client.reset()


class Seen:
    """The client's story of one answer, told without the trace."""

    def __init__(self, client, method):
        self.end, self.body, self.rest = client.end, b"", b""
        data = client.data
        if data and not data.startswith(b"HTTP/1."):
            self.word = "garbage"
            return
        response = Response.parse(data)
        if not response:
            self.word = {"eof": "close"}.get(self.end, self.end)
            return
        chunked = response.get("transfer-encoding") == ["chunked"]
        to_end = not chunked and not response.get("content-length")
        if method == "HEAD":
            is_whole, size = True, data.index(b"\r\n\r\n") + 4
        else:
            self.body, size = response.body, response.size
            is_whole = response.is_whole or (to_end and self.end == "eof")
        self.rest = data[size:]
        if is_whole:
            self.word = "status"
        elif chunked and b"~~ no HTTP" in data:
            self.word = "garbage"
        else:
            self.word = {"eof": "cut", "reset": "reset-body"}.get(self.end, self.end)


def check_seen(seen, story, body):
    """What the scenario promised."""
    assert seen.body == body[:body_size(story)]
    if story.do in (None, "drip"):
        assert seen.word == "status"
    elif story.at == "request":
        assert seen.word != "status"
    end = {"reset": "reset", "close": "eof", "hang": "eof", "garbage": "eof"}.get(story.do)
    assert end in (None, seen.end)


def check_trace(seen, story, request, line):
    """What the server says it did."""
    assert (line["status"], line["end"], line["sent_bytes"]) == (200, seen.word, len(seen.body)), line
    if story.do:
        assert line["fault"]["do"] == story.do.partition("-")[0], line
        is_vain = story.do == "drip" and story.method == "HEAD"
        assert line["fault_fired"] == (not is_vain) and line["proof"], line
    else:
        assert "fault" not in line and not line.get("fault_fired"), line
    if story.do == "hang-reset":
        assert line["end"] == "status" or line["gone_by_reset"], line
    delay_ns = 3_000_000 if story.delay == "3ms" else 0
    assert line["delay"] == delay_ns
    times = [request["accepted"], request["head"], request["request_end"],
             request["request_end"] + delay_ns, line.get("first_byte"), line["last_byte"], line.get("gone")]
    times = [time for time in times if time is not None]
    assert times == sorted(times), (request, line)


def check_rest(seen, story):
    """Only a request behind the first is answered after it."""
    if story.do == "garbage" and story.at != "request":
        assert seen.rest.endswith(b"~~\r\n\r\n")
    elif story.way == "pipelined" and lives_on(story):
        assert seen.rest.endswith(b"\r\n\r\nok")
    else:
        assert seen.rest == b""


def play(server, story, path):
    with server.connect() as client:
        send(client, story, path)
        if lives_on(story) and story.way != "pipelined":
            client.socket.sendall(head_of("GET", "/ok", "close"))
            story = story._replace(way="pipelined")
        receive(client, story)
        seen = Seen(client, story.method)
    check_rest(seen, story)
    return seen


def batches():
    """Some of all; all of them with RETRYSPEC_LONG=1."""
    everything = all_combinations()
    random.Random(20261).shuffle(everything)
    return [everything[at:at + 400] for at in range(0, len(everything) if IS_LONG else 400, 400)]


def play_all(server, stories, body):
    """({number: what the client saw}, [what went wrong])"""
    seen, failures = {}, []

    def work(worker):
        for number in range(worker, len(stories), WORKERS):
            try:
                seen[number] = play(server, stories[number], f"/{worker}")
                check_seen(seen[number], stories[number], body)
            except (AssertionError, OSError) as error:
                failures.append((stories[number], f"{error!r:.600}"))

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen, failures


def number_of(request):
    """Each worker has a route, and each of its stories a step."""
    return int(request["step"].rpartition("[")[2][:-1]) * WORKERS + int(request["target"][1:])


@pytest.mark.parametrize("stories", batches(), ids=lambda stories: str(len(stories)))
def test_combinations(serve, stories):
    server = serve([{"match": "GET /ok", "reply": 200, "text": "ok"}] + [
        {"match": f"ANY /{worker}", "steps": [step_of(story) for story in stories[worker::WORKERS]],
         "after_last": "fail"} for worker in range(WORKERS)])
    body = serve([{"body": {"size": "200000B", "seed": 9}, "framing": "close"}]).get().response.body
    seen, failures = play_all(server, stories, body)
    wait_until(lambda: len(server.trace("response")) == len(server.trace("request")), "every response")
    responses = {line["id"]: line for line in server.trace("response")}
    requests = [line for line in server.trace("request") if line["target"] != "/ok"]
    assert sorted(map(number_of, requests)) == list(range(len(stories)))
    for request in requests:
        number = number_of(request)
        try:
            if number in seen:
                check_trace(seen[number], stories[number], request, responses[request["id"]])
        except AssertionError as error:
            failures.append((stories[number], "trace", f"{error!s:.900}"))
    assert failures == [], "\n".join(map(str, failures[:20])) + f"\n{len(failures)} of {len(stories)}"
