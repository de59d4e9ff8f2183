"""The order in which the deferred rows of an import were applied, which its undo reverses. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

import orjson

ORDER = "order.json"  # a result, of imports with deferred rows


class AppliedOrder(NamedTuple):
    """Lines in that order, and those that were applied together to exchange ids."""

    lines: list[int]
    rings: list[list[int]]

    def reversed_steps(self) -> Iterator[list[int]]:
        """Yields the lines that were applied together, the last ones first."""
        ring_of = {line: ring for ring in self.rings for line in ring}
        done: set[int] = set()
        for line in reversed(self.lines):
            step = ring_of.get(line, [line])
            if line not in done:
                yield step
                done.update(step if len(step) > 1 else ())

    def to_bytes(self) -> bytes:
        """Returns the form in storage."""
        return orjson.dumps(tuple(self))

    @classmethod
    def from_bytes(cls, text: bytes) -> "AppliedOrder":
        """Returns what `to_bytes` wrote."""
        return cls(*orjson.loads(text))
