"""What a row of an undo asks for: the member as it was before a row of an earlier import. Pure.

A row is applied only if nobody has changed its member since: the earlier import wrote it last, by that very row, or
the undo did when it took back a later row about the member. A deleted member is restored from its history.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from chalicelib.dynamodb.items import Item
from chalicelib.imports.rows.member_row import MemberRow, Undoes
from chalicelib.imports.rows.outcomes import Outcome, changed_since, taken_outcome
from chalicelib.imports.rows.row_context import RowContext, modifier
from chalicelib.members.history import Entry
from chalicelib.members.items import from_item, holder_of, origin_of
from chalicelib.members.model import Member, MemberKey, NewMember, Origin
from chalicelib.members.writes import CLIENT_ID

Entries = Callable[
    [MemberKey], Iterable[Entry]
]  # returns the changes of the members under a key, newest first
LATER_ROW_KEPT = Outcome(
    "rejected", "later_row_kept", "A later row of the import about this member could not be taken back."
)
NO_HISTORY = Outcome(
    "rejected",
    "no_history",
    "What the member was is no longer kept: it was erased, or changed too long ago.",
)


class Restoration(NamedTuple):
    """A deleted member to restore, and the last change under its key: there its history notes the restoration."""

    old: Member
    last: Entry

    @property
    def new(self) -> NewMember:
        """The values of the member."""
        return NewMember.of_valid(self.old.writable())


def undone_member(
    row: MemberRow, item: Item | None, context: RowContext, previous: Item | None, entries: Entries
) -> NewMember | Restoration | Outcome | None:
    """Returns the member that a row of an undo asks for, or the outcome if nothing is to be written.

    None where the member is to be deleted. `item` is the member stored under the row's id, `previous` the one under
    the id that it has since the import.
    """
    undoes = row.undoes or Undoes(0, "")
    current = previous if row.previous else item
    if current is None:
        return _absent_member(row, undoes, context, entries)
    if kept := _kept(current, undoes, context):
        return kept
    if row.previous and item:
        return taken_outcome(CLIENT_ID, holder_of(item), context.import_id)
    return None if row.deletes else row.with_stored(from_item(current))


def _absent_member(
    row: MemberRow, undoes: Undoes, context: RowContext, entries: Entries
) -> Restoration | Outcome:
    """Returns what is to be done where nobody has the key of the member that a row changes.

    Only what happened after the row counts.
    """
    last: Entry | None = None
    for entry in entries(row.previous_key if row.previous else row.key):
        last = last or entry
        if (
            undoes.outcome == "deleted"
            and entry.after is None
            and _is_row(entry.origin, context.of, undoes.line)
        ):
            return Restoration(entry.before, last)
        if entry.by not in _ours(context):
            return changed_since(entry.by)
        if any(_is_row(origin, context.of, undoes.line) for origin in (entry.origin, entry.before_origin)):
            break
    if last is None:
        return Outcome("unchanged") if row.deletes else NO_HISTORY
    return LATER_ROW_KEPT


def _kept(item: Item, undoes: Undoes, context: RowContext) -> Outcome | None:
    """Returns the outcome of a row whose member stays as it is, None if the member is what the import has left."""
    by = from_item(item).modified_by
    if by not in _ours(context):
        return changed_since(by)
    expected = (context.import_id, undoes.after) if undoes.after else (context.of, undoes.line)
    if undoes.outcome != "deleted" and _is_row(origin_of(item), *expected):
        return None
    return LATER_ROW_KEPT


def _ours(context: RowContext) -> tuple[str, str]:
    """Returns who may have changed a member that an undo changes."""
    return modifier(context.of), context.by


def _is_row(origin: Origin | None, import_id: str, line: int) -> bool:
    return origin is not None and origin[:2] == (import_id, line)
