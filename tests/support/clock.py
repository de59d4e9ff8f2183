"""Clocks that tests advance."""

import time


class Clock:
    """A clock with the time in seconds in `now`."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now


class SteppedTime:
    """What `chalicelib.clock` uses of the module `time`: it stands still between the steps of the test."""

    def __init__(self) -> None:
        self._nanoseconds = time.time_ns()

    def time_ns(self) -> int:
        """Returns the nanoseconds since the epoch."""
        return self._nanoseconds

    def step(self) -> None:
        """Advances the clock by its smallest unit in stored times, a millisecond."""
        self._nanoseconds += 1_000_000
