"""Pages of a list that is filtered while it is read. Pure."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Protocol, TypeVar

MAX_READ = 2000  # records per page


class _Record(Protocol):
    @property
    def id(self) -> str: ...


Record = TypeVar("Record", bound=_Record)


def filtered_page(
    records: Iterable[Record], selects: Callable[[Record], bool], limit: int, before: str | None
) -> tuple[list[Record], str | None]:
    """Returns the first `limit` selected records, and the id after which the next page starts, None on the last one.

    `before` is where `records` start. A page holds fewer, or none, if MAX_READ records contain no more.
    """
    found: list[Record] = []
    read = 0
    for record in islice(records, MAX_READ):
        if selects(record):
            if len(found) == limit:
                return found, found[-1].id
            found.append(record)
        before = record.id
        read += 1
    return found, before if read == MAX_READ else None
