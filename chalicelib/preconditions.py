"""Preconditions: If-Match and If-None-Match, judged on the current version."""

import re
from collections.abc import Callable

from chalicelib.errors import Stale


def entity_tag(version: int, moment: str | None) -> str:
    """Returns the ETag of a version, with the `moment` (ISO 8601) of its writing or of the resource's creation.

    Versions start from 1 again when a resource is deleted and created again, so the version alone repeats.
    """
    digits = re.sub("[^0-9]", "", moment or "0")  # console/api.js derives the same for the items of a list
    return f'"{version}-{digits}"'


Condition = Callable[[str | None], bool]  # of the current ETag, None where there is no member


def always(_etag: str | None) -> bool:
    """The condition of a caller who sent none."""
    return True


def check(matches: Condition, etag: str | None) -> None:
    """Raises Stale where a caller's condition does not hold for the current ETag, None where there is no member."""
    if not matches(etag):
        now = f"the ETag is now {etag}" if etag is not None else "there is no such member"
        raise Stale(f"The condition of the request does not hold: {now}.")
