"""A clock that tests advance."""


class Clock:
    """A clock with the time in seconds in `now`."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now
