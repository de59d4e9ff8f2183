"""Reads a whole table in parallel segments, a page of each at a time.

"Working with scans in DynamoDB", Parallel scan.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import Any, TypeVar

from .items import Item
from .table import Table

T = TypeVar("T")


def handle_pages(
    table: Table, segments: int, handle: Callable[[Sequence[Item]], T], **arguments: Any
) -> Iterator[T]:
    """Yields what `handle` returns for the items of each page of the table, in the order in which they are done.

    `segments` threads call `handle`. No more pages than that are in memory: the next page of a segment is read after
    the caller has taken the result of the one before. The arguments are those of a Scan.
    """

    def do_page(segment: int, start: dict[str, Any]) -> tuple[int, Item | None, T]:
        page = table.scan(Segment=segment, TotalSegments=segments, **start, **arguments)
        return segment, page.get("LastEvaluatedKey"), handle(page["Items"])

    with ThreadPoolExecutor(segments) as pool:
        running = {pool.submit(do_page, segment, {}) for segment in range(segments)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                segment, last, result = future.result()
                if last:
                    running.add(pool.submit(do_page, segment, {"ExclusiveStartKey": last}))
                yield result
