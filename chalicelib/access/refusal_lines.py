"""The lines of the log about refusals: in a flood not each has one, as lines would cost more than the refusals."""

COUNTED_TOGETHER = 100  # refusals of a flood that one line counts


class RefusalLines:
    """Counts the refusals of one process that no line has counted."""

    def __init__(self) -> None:
        self._waiting = 0

    def count(self, *, flood: bool) -> int:
        """Returns how many refusals the line of this one counts, 0 for no line."""
        self._waiting += 1
        counted = 0 if flood and self._waiting < COUNTED_TOGETHER else self._waiting
        self._waiting -= counted
        return counted
