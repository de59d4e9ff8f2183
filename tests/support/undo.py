"""Builds the rows of an undo from what settling a file did."""

from collections.abc import Iterable, Mapping, Sequence

from chalicelib.imports.reports.applied_order import AppliedOrder
from chalicelib.imports.reports.changes import chunk_lines, read_change
from chalicelib.imports.rows.member_row import MemberRow, encode_row
from chalicelib.imports.rows.outcomes import APPLIED, Outcome, not_created
from chalicelib.imports.rows.row_context import RowContext
from chalicelib.imports.rows.undo_rows import reverse_rows, undo_row
from tests.support.settlement import MemoryTable, settlement


def settle_in_order(
    table: MemoryTable, rows: Iterable[MemberRow], context: RowContext
) -> tuple[dict[int, Outcome], AppliedOrder]:
    """Settles rows in a table; returns their outcomes by line, and the order in which they were applied."""
    outcomes: dict[int, Outcome] = {}
    rings: list[list[int]] = []
    for batch in settlement(table, rows, context).batches():
        batch.failed = not table.write(batch.writes())
        if not batch.failed:
            outcomes |= {queued.line: outcome for queued, outcome in batch.settled}
            rings += batch.rings
    applied = [line for line, outcome in outcomes.items() if outcome.outcome in APPLIED]
    return outcomes, AppliedOrder(applied, rings)


def undo_rows(
    rows: Sequence[MemberRow], outcomes: Mapping[int, Outcome], order: AppliedOrder
) -> list[MemberRow]:
    """Returns the rows that take these rows back."""
    text = chunk_lines(b"\n".join(map(encode_row, rows)), not_created(outcomes))
    found = {change["line"]: undo_row(change) for change in map(read_change, text.splitlines())}
    steps = ([row for line in step if (row := found[line])] for step in order.reversed_steps())
    return list(reverse_rows(steps))
