"""Model time: threads that wait take no time, so that hours pass in seconds, and each run is the same.

Threads become gevent's greenlets, of which one runs at a time. When all of them wait, the clock moves to the end of
the shortest pause. A process must call `start` before it imports what makes threads or sleeps.
"""

import heapq
import itertools
import time
from collections.abc import Callable
from typing import TypeVar

import gevent
from gevent import monkey
from gevent.event import Event

Result = TypeVar("Result")
EPOCH = 1_767_225_600.0  # the time at which each model starts, 2026-01-01


class ModelTime:
    """A clock in seconds from 0, and the threads that sleep by it."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleepers: list[tuple[float, int, Event]] = []
        self._order = itertools.count()

    def clock(self) -> float:
        """Returns the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Waits; other threads run meanwhile."""
        wake = Event()
        heapq.heappush(self._sleepers, (self.now + max(0.0, seconds), next(self._order), wake))
        wake.wait()

    def run(self, main: Callable[[], Result]) -> Result:
        """Returns what `main` returns. The clock moves until then."""
        thread = gevent.spawn(main)
        while not thread.ready():
            gevent.idle()  # until no thread can run
            if self._sleepers:
                self.now, _, wake = heapq.heappop(self._sleepers)
                wake.set()
        result: Result = thread.get()
        return result


def start() -> ModelTime:
    """Lets this process live in model time."""
    monkey.patch_thread()
    monkey.patch_queue()
    model = ModelTime()
    time.sleep = model.sleep  # type: ignore[assignment]
    time.monotonic = model.clock
    time.time = lambda: EPOCH + model.now
    time.time_ns = lambda: int(time.time() * 1e9)
    return model
