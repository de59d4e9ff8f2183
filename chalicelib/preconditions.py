"""Preconditions: the If-Match and If-None-Match of a write, compared with the current ETag."""

import re
from dataclasses import dataclass

from chalicelib.errors import PreconditionFailed


def entity_tag(version: int, moment: str | None) -> str:
    """Returns the ETag of a version. `moment` (ISO 8601) is when the version was written or the resource created.

    Versions restart at 1 when a resource is deleted and created again, so the version alone is not unique.
    """
    digits = re.sub("[^0-9]", "", moment or "0")  # console/api.js builds the same tag for items of a list
    return f'"{version}-{digits}"'


@dataclass(frozen=True, slots=True)
class Precondition:
    """The ETags in If-Match and If-None-Match, `*` for any; None for a header that was not sent."""

    if_match: frozenset[str] | None = None
    if_none_match: frozenset[str] | None = None

    def check(self, etag: str | None) -> None:
        """Raises PreconditionFailed if it fails for the current ETag; None means that no resource exists."""
        current = frozenset() if etag is None else frozenset(("*", etag))
        if self.if_match is not None and not self.if_match & current:
            raise PreconditionFailed(f"If-Match does not hold: {_state(etag)}.")
        if self.if_none_match is not None and self.if_none_match & current:
            raise PreconditionFailed(f"If-None-Match does not hold: {_state(etag)}.")


ALWAYS = Precondition()


def _state(etag: str | None) -> str:
    return "the resource does not exist" if etag is None else f"the current ETag is {etag}"
