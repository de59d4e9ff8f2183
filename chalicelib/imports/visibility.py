"""Selects the imports that a scope covers from the list of all imports. Pure."""

from collections.abc import Callable, Iterator
from itertools import islice

from chalicelib.scope import Scope

from .model import ImportRecord

# A list for some accounts only filters the list of all imports.
READ_SIZE = 500  # records per query
MAX_READ = 2000  # records per page

Newest = Callable[[int, str | None], list[ImportRecord]]  # see ImportRepository.newest


def visible_page(
    newest: Newest, scope: Scope, limit: int, before: str | None
) -> tuple[list[ImportRecord], str | None]:
    """Returns imports that the scope covers, the newest first, and the cursor of the next page, None after the last.

    A page holds fewer than `limit`, or none, where MAX_READ records contain no more.
    """
    size = limit + 1 if scope.accounts is None else max(limit + 1, READ_SIZE)
    found: list[ImportRecord] = []
    read = 0
    for record in islice(_all(newest, size, before), MAX_READ):
        if scope.covers(record.accounts):
            if len(found) == limit:
                return found, found[-1].id
            found.append(record)
        before = record.id
        read += 1
    return found, before if read == MAX_READ else None


def _all(newest: Newest, size: int, before: str | None) -> Iterator[ImportRecord]:
    """Yields all imports, the newest first, reading `size` at a time."""
    while records := newest(size, before):
        yield from records
        before = records[-1].id
