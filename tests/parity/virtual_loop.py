"""An asyncio event loop whose clock is a number: a wait takes no time, and hours pass in milliseconds."""
import asyncio
import heapq
import selectors
import time

BEGINNING = 1000.0  # not 0, which some code takes for "never"
TICK = 1e-9  # what a turn of the loop takes: who spins until a deadline is past gets there


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        super().__init__(selectors.SelectSelector())
        self.now = BEGINNING

    def time(self):
        return self.now

    def _run_once(self):
        while self._scheduled and self._scheduled[0]._cancelled:
            self._timer_cancelled_count -= 1
            heapq.heappop(self._scheduled)._scheduled = False
        if not self._ready and not self._stopping:
            if not self._scheduled:
                raise RuntimeError("nothing will ever happen: every task waits for another")
            self.now = max(self.now, self._scheduled[0]._when)
        self.now += TICK
        super()._run_once()


def install():
    """One loop for the process; time.time() and time.monotonic() tell its clock."""
    loop = VirtualLoop()
    time.time = time.monotonic = loop.time
    asyncio.set_event_loop(loop)
    return loop
