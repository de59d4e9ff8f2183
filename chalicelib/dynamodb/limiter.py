"""An adaptive limit of the requests in flight: additive increase, multiplicative decrease (AIMD).

Nobody knows what a table can take at the moment: it depends on the other workers, and on capacity that DynamoDB adds
with time. So each worker finds its share. A success adds a little to its limit, a throttle halves it.
"""

import math
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chalicelib.errors import Throttled

TimeLeft = Callable[[], float]  # returns the seconds that a worker has left
LEAST = 0.01  # of the limit: one request at a time, with pauses of a hundred round trips
# A success adds this share of the limit's square root, so that workers that meet as many throttles come to the same
# limit: about one request in eight is throttled at a limit of 0.1, one in a hundred at 16.
INCREASE = 0.02
USUAL_STREAK = 20  # successes without a throttle; after more there is spare capacity, and the steps grow


@dataclass(slots=True)
class Slot:
    """One request in flight. `throttled` may be set by its owner: part of the request was refused."""

    started_at: float
    throttled: bool = False


class Limiter:
    """Limits the requests in flight of all threads of a process to `most`, or to less while the table throttles.

    The limit starts at 1 and doubles each round trip until the first throttle. Below 1 there is one request at a
    time, and a pause after it: with a limit of 0.1, of nine round trips.
    """

    def __init__(
        self, most: int, clock: Callable[[], float], sleep: Callable[[float], object], seed: int | None = None
    ) -> None:
        self.limit = 1.0
        self._most = most
        self._clock, self._sleep = clock, sleep
        self._random = random.Random(seed)  # noqa: S311 - jitter need not be unpredictable
        self._starting = True
        self._streak = 0  # successes since the last throttle
        self._in_flight = 0
        self._round_trip = 0.0  # seconds of the last successful request
        self._halved_at = -math.inf
        self._resume_at = -math.inf  # no request starts before
        self._freed = threading.Condition()

    @contextmanager
    def slot(self, time_left: TimeLeft) -> Iterator[Slot]:
        """Waits until one more request may be in flight, and learns from how it ends.

        Raises Throttled if `time_left` ends first.
        """
        self._enter(time_left)
        slot = Slot(self._clock())
        try:
            yield slot
        except Throttled:
            self._leave(slot, self._halve)
            raise
        except BaseException:
            self._leave(slot, lambda _: None)
            raise
        self._leave(slot, self._halve if slot.throttled else self._increase)

    def _enter(self, time_left: TimeLeft) -> None:
        with self._freed:
            while self._in_flight >= max(1, math.floor(self.limit)):
                self._freed.wait()  # it ends: requests have timeouts
            self._in_flight += 1
            pause = max(0.0, self._resume_at - self._clock())
        if time_left() <= pause:
            self._leave(Slot(0), lambda _: None)
            raise Throttled
        if pause:
            self._sleep(pause)

    def _leave(self, slot: Slot, learn: Callable[[Slot], None]) -> None:
        with self._freed:
            learn(slot)
            self._in_flight -= 1
            self._freed.notify_all()

    def _increase(self, slot: Slot) -> None:
        self._round_trip = self._clock() - slot.started_at
        self._streak += 1
        growth = max(1.0, self._streak / USUAL_STREAK)
        step = 1.0 if self._starting else INCREASE * growth * math.sqrt(self.limit)
        self.limit = min(self._most, self.limit + step)
        self._pause()

    def _halve(self, slot: Slot) -> None:
        """Halves the limit, once for all requests that were in flight at the time."""
        self._starting, self._streak = False, 0
        if slot.started_at > self._halved_at:
            self._halved_at = self._clock()
            self.limit = max(LEAST, self.limit / 2)
        self._pause(at_least=self._clock() - slot.started_at)

    def _pause(self, at_least: float = 0.0) -> None:
        """Lets no request start for a random time: as long as the limit below 1 demands, on average."""
        trip = max(self._round_trip, at_least)
        seconds = max(at_least, trip * (1 / self.limit - 1))
        if seconds > 0:
            self._resume_at = self._clock() + self._random.uniform(0.5, 1.5) * seconds
