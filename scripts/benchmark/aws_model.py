"""The model of AWS's back-off study, as plainly as Python has it: what an event
costs a program that somebody writes in an afternoon.

    aws_model.py LAW CLIENTS TRIALS [SEED]

One row with a version. Each client wants one write of its own: it reads the
version, then writes; if somebody else wrote meanwhile it backs off and begins
again. All begin at once; a message takes |N(10, 2)| ms; the server takes none.
Prints events, seconds of processor time, mean writes and mean end in ms."""
import heapq
import random
import sys
import time

BASE_MS, CAP_MS = 5, 2000


def exponential(retry):
    return min(CAP_MS, BASE_MS * 2 ** retry)


class Client:
    def __init__(self, law):
        self.law = law
        self.retries = 0
        self.last_ms = BASE_MS  # for the decorrelated law

    def backoff_ms(self):
        self.retries += 1
        if self.law == "none":
            return 0
        if self.law == "decorrelated":
            self.last_ms = min(CAP_MS, random.uniform(BASE_MS, 3 * self.last_ms))
            return self.last_ms
        most = exponential(self.retries)
        if self.law == "full":
            return random.uniform(0, most)
        if self.law == "equal":
            return most / 2 + random.uniform(0, most / 2)
        return most


class World:
    def __init__(self, law, clients):
        self.version = 0
        self.now_ms = 0
        self.events = self.writes = 0
        self.queue = []  # (time, number, what happens, client, version)
        for _ in range(clients):
            self.send(self.read, Client(law), None)

    def send(self, receive, client, version, after_ms=0):
        arrives_ms = self.now_ms + after_ms + abs(random.gauss(10, 2))
        self.events += 1
        heapq.heappush(self.queue, (arrives_ms, self.events, receive, client, version))

    def read(self, client, _):
        self.send(self.was_read, client, self.version)

    def was_read(self, client, version):
        self.send(self.write, client, version)

    def write(self, client, version):
        self.writes += 1
        is_fresh = version == self.version
        self.version += is_fresh
        self.send(self.was_written, client, is_fresh)

    def was_written(self, client, is_fresh):
        if not is_fresh:
            self.send(self.read, client, None, client.backoff_ms())

    def run(self):
        while self.queue:
            self.now_ms, _, receive, client, version = heapq.heappop(self.queue)
            receive(client, version)


def main():
    law, clients, trials = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    random.seed(sys.argv[4] if len(sys.argv) > 4 else 1)
    begin = time.process_time()
    events = writes = ended_ms = 0
    for _ in range(trials):
        world = World(law, clients)
        world.run()
        events += world.events
        writes += world.writes
        ended_ms += world.now_ms
    print(events, time.process_time() - begin, writes / trials, ended_ms / trials)


if __name__ == "__main__":
    main()
