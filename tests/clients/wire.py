#!/usr/bin/env python3
"""wire.py [DEFECT]: a client on bare sockets that does what wire.jsonc says, or
all of it but one thing. Each subclass of Client is a defect, named as it is
spelled; test_defects.py says which rule it breaks."""
import hashlib
import json
import os
import socket
import sys
import threading
import time
import uuid

PLAN = json.loads(os.environ.get("RETRYSPEC_PLAN", "{}"))
ADDRESS = ("127.0.0.1", int(os.environ.get("RETRYSPEC_BASE_URL", "http://127.0.0.1:1").rsplit(":", 1)[1]))
ATTEMPTS, WAIT, TIMEOUT, SLOTS, RETRYABLE = 4, 0.2, 1.0, 2, (429, 503)


class Broken(Exception):
    """No whole response came."""

    def __init__(self, body=b""):
        super().__init__("broken")
        self.body = body


# -- one response --------------------------------------------------------------


class Reader:
    """The response on a connection, until a deadline."""

    def __init__(self, connection, deadline):
        self.connection, self.deadline, self.data, self.body = connection, deadline, b"", b""

    def more(self):
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise Broken(self.body)
        self.connection.settimeout(left)
        try:
            part = self.connection.recv(65536)
        except OSError:
            raise Broken(self.body) from None
        if not part:
            raise EOFError
        self.data += part

    def until(self, mark):
        while mark not in self.data:
            self.more()
        head, _, self.data = self.data.partition(mark)
        return head

    def exactly(self, size):
        """Moves so many bytes to the body."""
        while size > 0:
            while not self.data:
                self.more()
            part, self.data = self.data[:size], self.data[size:]
            self.body += part
            size -= len(part)

    def chunks(self):
        while True:
            size = int(self.until(b"\r\n"), 16)
            self.exactly(size)
            self.until(b"\r\n")
            if size == 0:
                return

    def head(self):
        lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines[1:])
        return int(lines[0].split(" ")[1]), fields


# -- the client ----------------------------------------------------------------


class Client:
    def __init__(self):
        self.idle = []
        self.slots = threading.Semaphore(self.slot_count())
        self.left_open = []

    # what a defect changes

    def slot_count(self):
        return SLOTS

    def method(self, number):
        return PLAN["method"]

    def target(self, number):
        return PLAN["path"]

    def body(self, token, number):
        return json.dumps({"token": token}).encode()

    def new_key(self, token):
        return uuid.uuid4().hex

    def key(self, first, number):
        return first

    def count(self, number):
        return number

    def attempts(self):
        return ATTEMPTS

    def timeout(self):
        return TIMEOUT

    def wait(self, header):
        return float(header) if header else WAIT

    def is_retryable(self, status):
        return status in RETRYABLE

    def read(self, reader, fields):
        """The body, whole."""
        if fields.get("transfer-encoding") == "chunked":
            reader.chunks()
        else:
            reader.exactly(int(fields.get("content-length", 0)))

    def abandon(self, connection):
        connection.close()

    def sleep(self, seconds):
        time.sleep(seconds)

    def succeeded(self, token, status, body):
        return {"call": token, "outcome": "ok", "status": status, "sha256": hashlib.sha256(body).hexdigest()}

    def failed(self, token, status):
        return {"call": token, "outcome": "error", "status": status, "error": "Failed"}

    # the rest

    def request(self, token, number, key):
        body = self.body(token, number)
        lines = [f"{self.method(number)} {self.target(number)} HTTP/1.1", "Host: 127.0.0.1",
                 f"Content-Length: {len(body)}", "Content-Type: application/json"]
        key, count = self.key(key, number), self.count(number)
        lines += [f"Idempotency-Key: {key}"] if key is not None else []
        lines += [f"X-Retry-Count: {count}"] if count is not None else []
        return "\r\n".join([*lines, "", ""]).encode() + body

    def connect(self):
        return self.idle.pop() if self.idle else socket.create_connection(ADDRESS)

    def attempt(self, token, number, key):
        """(status, fields, body); raises Broken."""
        connection = None
        try:
            connection = self.connect()
            connection.sendall(self.request(token, number, key))
            reader = Reader(connection, time.monotonic() + self.timeout())
            status, fields = reader.head()
            self.read(reader, fields)
        except (OSError, EOFError, ValueError, Broken) as error:
            if connection:
                self.abandon(connection)
            raise Broken(getattr(error, "body", b"")) from None
        self.idle.append(connection)
        return status, fields, reader.body

    def tries(self, token):
        key = self.new_key(token)
        for number in range(self.attempts()):
            status, header = 0, None
            try:
                status, fields, body = self.attempt(token, number, key)
                if not self.is_retryable(status):
                    return self.succeeded(token, status, body) if status < 400 else self.failed(token, status)
                header = fields.get("retry-after")
            except Broken:
                pass
            if number + 1 < self.attempts():
                self.sleep(self.wait(header))
        return self.failed(token, status)

    def call(self, token):
        with self.slots:
            return self.tries(token)


# -- defects: what the caller is told ------------------------------------------


class SwallowsTheError(Client):
    def failed(self, token, status):
        return {"call": token, "outcome": "ok", "status": 200}


class TellsTheFirstError(Client):
    def tries(self, token):
        super().tries(token)
        return self.failed(token, 503)


class TellsAnotherStatus(Client):
    def succeeded(self, token, status, body):
        return super().succeeded(token, status + 1, body)


class TakesACutBody(Client):
    """The end of the connection is the end of the body."""

    def read(self, reader, fields):
        try:
            super().read(reader, fields)
        except EOFError:
            pass


class MissesTheLastChunk(TakesACutBody):
    pass


class KeepsThePartBefore(Client):
    def attempt(self, token, number, key):
        try:
            status, fields, body = super().attempt(token, number, key)
        except Broken as error:
            self.part = error.body
            raise
        return status, fields, getattr(self, "part", b"") + body


class HashesNothing(Client):
    def succeeded(self, token, status, body):
        return super().succeeded(token, status, b"")


# -- what is retried, and when -------------------------------------------------


class SendsAfterSuccess(Client):
    def new_key(self, token):
        return token

    def tries(self, token):
        line = super().tries(token)
        self.attempt(token, 1, token)
        return line


class RetriesFinalStatuses(Client):
    def is_retryable(self, status):
        return status >= 400


class NeverRetriesAStatus(Client):
    def is_retryable(self, status):
        return False


class GivesUpOnAReset(Client):
    def attempts(self):
        return 1


class TriesOnceMore(Client):
    def attempts(self):
        return ATTEMPTS + 1


class TriesOnceLess(Client):
    def attempts(self):
        return ATTEMPTS - 1


class DoesNotSleep(Client):
    def sleep(self, seconds):
        pass


class SleepsTooLong(Client):
    def sleep(self, seconds):
        time.sleep(seconds + 3)


class IgnoresRetryAfter(Client):
    def wait(self, header):
        return WAIT


class ReadsMilliseconds(Client):
    def wait(self, header):
        return float(header) / 1000 if header else WAIT


class AddsRetryAfter(Client):
    def wait(self, header):
        return super().wait(header) + (3 if header else 0)


class LeavesTooEarly(Client):
    def timeout(self):
        return 0.3


class LeavesBeforeTheFault(LeavesTooEarly):
    pass


class HasNoTimeout(Client):
    def timeout(self):
        return 60


# -- what is sent --------------------------------------------------------------


class SendsNoBodyAgain(Client):
    """A stream that is not rewound."""

    def body(self, token, number):
        return super().body(token, number) if number == 0 else b""


class CountsInTheBody(Client):
    def body(self, token, number):
        return json.dumps({"token": token, "attempt": number}).encode()


class ChangesTheMethod(Client):
    def method(self, number):
        return super().method(number) if number == 0 else "PUT"


class ChangesTheTarget(Client):
    def target(self, number):
        return super().target(number) + (f"?retry={number}" if number else "")


class MakesAKeyEachTime(Client):
    def key(self, first, number):
        return f"{first}-{number}"


class HasAKeyOnRetriesOnly(Client):
    def key(self, first, number):
        return first if number else None


class SharesItsKey(Client):
    def new_key(self, token):
        return "always-the-same"


class CountsFromOne(Client):
    def count(self, number):
        return number + 1


class NeverCounts(Client):
    def count(self, number):
        return 0


class CountsRetriesOnly(Client):
    def count(self, number):
        return number or None


# -- the wire ------------------------------------------------------------------


class SendsAgainBelow(Client):
    """A library under the loop repeats what broke, at once, on a new connection."""

    def attempt(self, token, number, key):
        try:
            return super().attempt(token, number, key)
        except Broken:
            return super().attempt(token, number, key)


class KeepsItsSlotAfterAFailure(Client):
    """A destructor gives it back, some time later."""

    def call(self, token):
        with self.slots:
            line = self.tries(token)
            if line["outcome"] == "error":
                time.sleep(4)
        return line


class LeavesItOpen(Client):
    def abandon(self, connection):
        self.left_open.append(connection)


class Hedges(Client):
    """A second attempt starts while the first one is slow."""

    def tries(self, token):
        key = self.new_key(token)
        slow = threading.Thread(target=self.attempt, args=(token, 0, key))
        slow.start()
        time.sleep(WAIT)
        line = self.succeeded(token, *self.attempt(token, 1, key)[::2])
        slow.join()
        return line


class HasNoSlots(Client):
    def slot_count(self):
        return 1000


class HasOneSlotMore(Client):
    def slot_count(self):
        return SLOTS + 1


class FreesItsSlotWhileWaiting(Client):
    def sleep(self, seconds):
        self.slots.release()
        super().sleep(seconds)
        self.slots.acquire()


# -- the plan ------------------------------------------------------------------


def report(line):
    with open(os.environ["RETRYSPEC_RESULTS"], "a", encoding="utf-8") as results:
        results.write(json.dumps(line) + "\n")


def main(name="Client"):
    client = globals()[name]()
    crowd = threading.Semaphore(PLAN["concurrency"])

    def one(token):
        with crowd:
            report(client.call(token))

    calls = [threading.Thread(target=one, args=(token,)) for token in PLAN["tokens"][0]]
    for each in calls:
        each.start()
    for each in calls:
        each.join()


if __name__ == "__main__":
    # The smoke test shows that the adapter is wired, not what it does wrong.
    main(*([] if os.environ["RETRYSPEC_SCENARIO"] == "smoke/ok" else sys.argv[1:]))
