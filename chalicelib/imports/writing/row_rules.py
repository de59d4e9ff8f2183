"""Which rule says what a row asks for: that of files, or that of undos."""

from collections.abc import Callable

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.table import Table
from chalicelib.imports.rows.member_row import MemberRow
from chalicelib.imports.rows.outcomes import Outcome, desired_member
from chalicelib.imports.rows.row_context import RowContext
from chalicelib.members.history_repository import MemberHistory
from chalicelib.members.model import NewMember

from .undo_rules import Entries, Restoration, undone_member

Wanted = NewMember | Restoration | None  # None: the member is to be deleted
# Returns what a row asks for, or its outcome if nothing is to be written. Gets the row, the member stored under its
# id, and the one stored under its previous id.
RowRule = Callable[[MemberRow, Item | None, Item | None], Wanted | Outcome]


def rule_of(table: Table, context: RowContext) -> RowRule:
    """Returns the rule for the rows of an import."""
    return row_rule(context, MemberHistory(table).entries)


def row_rule(context: RowContext, entries: Entries) -> RowRule:
    """Returns the rule for the rows of an import. That of an undo reads the history of deleted members."""
    if context.mode == "undo":
        return lambda row, item, previous: undone_member(row, item, context, previous, entries)
    return lambda row, item, previous: desired_member(row, item, context, previous)
