"""Goal: a whole SamplingClient of the real package and our engine send the same requests at the same times.

The real client runs in virtual time over a scripted transport; nothing of it is left out but the socket. Ours is the
shipped profiles of its layers, put together as tinker nests them.
"""
import random

import pytest
from ours import Handler, World
from releases import each_release, release_of
from tinker_layers import HANDLER, NEW, OLD, POLLING, layers, nested, submission

NS = 10**-9
SLACK = 1e-4  # a turn of the real event loop is a nanosecond, and the longest test has many

# The same failure in the words of either side. ReadError and the like reach the layers as APIConnectionError.
FAULTS = {"ReadError": "reset", "ConnectError": "refused", "RemoteProtocolError": "close", "ReadTimeout": "timeout"}


def in_our_words(answer):
    ours = {key: answer[key] for key in ("after", "status", "headers", "body") if key in answer}
    if "fault" in answer:
        ours["end"] = FAULTS[answer["fault"]]
    return ours


def world(data, us, script, calls, **options):
    """The calls share the script, as the calls of a client share a server."""
    shared = [in_our_words(answer) for answer in script]
    return World(Handler(data), us, **options).run(
        [{**call, "bytes": call.get("tokens", 2) * 10, "script": shared} for call in calls])


def requests(theirs, path):
    return [request for request in theirs["requests"] if request["path"] == path]


def assert_same_times(theirs, ours, since=0.0):
    """Requests of theirs, attempts of ours, in order of time."""
    there = [request["at"] - since for request in theirs]
    here = [attempt["at"] * NS for attempt in ours]
    for i, (a, b) in enumerate(zip(there, here)):
        assert abs(a - b) < SLACK, f"request {i}: theirs at {a}, ours at {b}, after {there[:i][-5:]} {here[:i][-5:]}"
    assert len(there) == len(here), f"theirs {len(there)}, ours {len(here)}, the last at {there[-5:]} {here[-5:]}"


def submit(version, script, calls=({"name": "a"},), seed=1, **options):
    """The times of asample, theirs and ours; polling succeeds at once."""
    theirs = release_of(version).ask("sample", script={"asample": script}, calls=list(calls), seed=seed, **options)
    ours = world(submission(version), theirs["u"], script, calls)
    return theirs, ours


# S0-25
@each_release()
@pytest.mark.parametrize("failure", [{"status": 503}, {"status": 408}, {"status": 409}, {"fault": "ReadError"},
                                     {"fault": "ReadTimeout"}, {"after": 1000}], ids=str)
def test_a_submission_that_fails_for_ever(version, failure):
    """15 attempts in 300 s, then one delay of the retry handler, then from the beginning."""
    theirs, ours = submit(version, [failure] * (12 if "after" in failure else 40) + [{}])
    assert_same_times(requests(theirs, "asample"), ours.attempts)
    assert theirs["ends"][0].get("ok") and len(theirs["u"]) >= 1


# S0-52, S1-52, S1-55, S3-02
@each_release()
@pytest.mark.parametrize("tokens", [2, 13107, 13108])
def test_the_pause_after_a_429(version, tokens):
    theirs, ours = submit(version, [{"status": 429}] * 5 + [{}], [{"name": "a", "tokens": tokens}])
    sent = requests(theirs, "asample")
    assert_same_times(sent, ours.attempts)
    pause = 5 if tokens == 13108 and version != "0.6.2" else 1
    assert all(abs(b["at"] - a["at"] - pause) < SLACK for a, b in zip(sent, sent[1:]))
    assert theirs["u"] == []


# S1-53, S1-54, S1-56
@each_release()
def test_the_pause_is_for_every_call_of_the_client(version):
    """A call that begins in the pause looks again each second, from its own beginning on."""
    calls = [{"name": "a"}, {"name": "b", "start": 0.25}, {"name": "c", "start": 0.5}]
    theirs, ours = submit(version, [{"status": 429}, {}], calls)
    sent = requests(theirs, "asample")
    assert_same_times(sent, ours.attempts)
    assert [round(request["at"], 3) for request in sent] == [0, 1, 1.25, 1.5]


def failures_at_random(source, count):
    kinds = [{"status": s} for s in (408, 409, 429, 429, 500, 503, 599)] + [{"fault": fault} for fault in FAULTS]
    return [{**source.choice(kinds), "after": source.uniform(0, 3)} for _ in range(count)]


# S0-25, S1-52
@each_release()
def test_any_submission(version):
    for seed in range(25):
        source = random.Random(seed)
        script = failures_at_random(source, source.randint(1, 45)) + [{"after": source.uniform(0, 3)}]
        call = {"name": "a", "tokens": 20000 if seed % 8 == 0 else 2}  # large ones take the package's time
        theirs, ours = submit(version, script, [call], seed)
        assert_same_times(requests(theirs, "asample"), ours.attempts)
        assert len(ours.attempts) == len(script), f"seed {seed}"


# -- polling --------------------------------------------------------------------------------------------------------

def poll(version, script, seed=1):
    """The times of retrieve_future since the first, theirs and ours."""
    theirs = release_of(version).ask("sample", script={"retrieve_future": script}, calls=[{"name": "a"}], seed=seed)
    ours = world(nested(*layers(POLLING[version])), [], script, [{"name": "a"}], path="/api/v1/retrieve_future")
    sent = requests(theirs, "retrieve_future")
    assert_same_times(sent, ours.attempts, since=sent[0]["at"])
    assert theirs["ends"][0].get("ok", False) == ours.ends[0]["ok"], (theirs["ends"], ours.ends)
    return sent


def gaps(sent):
    return [round(b["at"] - a["at"], 4) for a, b in zip(sent, sent[1:])]


TRY_AGAIN = {"status": 200, "headers": {"content-type": "application/json"}, "body": '{"type": "try_again"}'}
PENDING = {"status": 408, "body": '{"queue_state": "active"}'}


@each_release()
def test_a_poll_that_hangs(version):
    """It is ended after 45 s, by the newer transport after twice as much, and is a broken connection."""
    limit = 45 if version in OLD else 90
    assert gaps(poll(version, [{"after": 1000}] * 3 + [{}])) == [limit + 1, limit + 2, limit + 4]


@each_release()
def test_polls_that_wait_for_nothing(version):
    assert gaps(poll(version, [{"status": 500}] * 5 + [PENDING] * 5 + [TRY_AGAIN] * 5 + [{}])) == [0] * 15


@each_release()
def test_polls_over_a_broken_connection(version):
    assert gaps(poll(version, [{"fault": "ReadError"}] * 7 + [{}])) == [1, 2, 4, 8, 16, 30, 30]


@each_release()
def test_an_answer_proves_the_connection_and_the_exponent_begins_again(version):
    for proof in ({"status": 500}, PENDING, TRY_AGAIN):
        sent = poll(version, [{"fault": "ReadError"}] * 3 + [proof] + [{"fault": "ConnectError"}] * 2 + [{}])
        # Up to 0.20 a try_again proved nothing.
        assert gaps(sent) == ([1, 2, 4, 0, 8, 16] if version in OLD and proof == TRY_AGAIN else [1, 2, 4, 0, 1, 2])


@each_release(*NEW)
def test_a_429_backs_off_with_the_same_exponent_as_the_connection(version):
    busy, broken = {"status": 429}, {"fault": "ReadError"}
    sent = poll(version, [busy, broken, busy, {"status": 503}, busy, {}])
    assert gaps(sent) == [1, 2, 4, 0, 1]


@each_release(*OLD)
@pytest.mark.parametrize("status", [400, 429])
def test_up_to_0_20_these_are_final(version, status):
    assert len(poll(version, [{"status": status}, {}])) == 1


@each_release(*NEW)
def test_three_bad_requests_in_all_are_forgiven(version):
    """Not three in a row: nothing but a 408 with a body forgets them."""
    bad, reset = {"status": 400, "body": "x"}, {"fault": "ReadError"}
    assert len(poll(version, [bad] * 4 + [{}])) == 4
    for between in ({"status": 500}, reset, {"status": 429}, TRY_AGAIN, {"status": 408, "body": ""}):
        assert len(poll(version, [bad, between] * 4 + [{}])) == 7, between
    assert len(poll(version, [bad, bad, bad, PENDING, bad, bad, bad, {}])) == 8


@each_release(*NEW)
def test_unpaid_bills_pause_until_the_server_has_enough(version):
    """402 while polling: every 5 s. While sampling it is a 429. For an hour, unless the server says 100 s."""
    patience = {"billing_exception_max_pause_duration_sec": 100}
    for path, data, pause in (("asample", submission(version), 1),
                              ("retrieve_future", nested(*layers(POLLING[version])), 5)):
        theirs = release_of(version).ask("sample", script={path: [{"status": 402}]}, calls=[{"name": "a"}],
                                         client_config=patience)
        rules = [rule for layer in data["layers"] for rule in layer["rules"] if rule["on"].get("status") == ["402"]]
        waiting = [rule for rule in rules if rule["do"] == "retry"]
        assert [rule["within"] for rule in waiting] == ["1h"], path
        waiting[0]["within"] = "100s"
        ours = world(data, [], [{"status": 402}], [{"name": "a"}])
        sent = requests(theirs, path)
        assert_same_times(sent, ours.attempts, since=sent[0]["at"])
        assert set(gaps(sent)) == {pause} and 100 < sent[-1]["at"] - sent[0]["at"] <= 100 + pause + SLACK
        assert not ours.ends[0]["ok"] and "error" in theirs["ends"][0]


# S1-77
@each_release()
def test_a_result_that_is_gone_is_asked_for_anew(version):
    script = [{"status": 410}] * 3 + [{}]
    theirs = release_of(version).ask("sample", script={"retrieve_future": script}, calls=[{"name": "a"}], seed=3)
    data = nested(*layers(HANDLER[version]))
    ours = World(Handler(data), theirs["u"]).run(
        [{"name": "a", "script": [{"status": 503}] * 3 + [{}]}])  # what the handler sees is a failure, whichever
    assert_same_times(requests(theirs, "retrieve_future"), ours.attempts)
    assert len(requests(theirs, "asample")) == 4 and len(theirs["u"]) == 3


@each_release()
def test_any_polling(version):
    finals = [{"status": 400, "body": "x"}, {"status": 404}]
    kinds = [{"status": 500}, {"status": 503}, PENDING, TRY_AGAIN, *finals,
             *({"fault": fault} for fault in FAULTS)]
    if version in NEW:
        kinds += [{"status": 429}, {"status": 400, "body": "x"}]
    for seed in range(60):
        source = random.Random(seed)
        failures = [{**source.choice(kinds), "after": source.uniform(0, 2)} for _ in range(source.randint(1, 25))]
        poll(version, [*failures, {}], seed)
