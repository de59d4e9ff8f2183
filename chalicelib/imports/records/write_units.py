"""The write units that the rows of imports take of the table. Pure.

A transaction takes two units for each item of up to 1 kB ("DynamoDB read and write operations"), and an entry of the
index one unit, or two where its key changes ("Using Global Secondary Indexes in DynamoDB").
"""

from collections.abc import Collection

from chalicelib.imports.rows.outcomes import Outcome

from .model import ImportRecord

ITEM = 2
ENTRY = 1  # of the index
NEW_MEMBER = 2 * ITEM + ENTRY  # the member and the claim on its number
RESTORED_MEMBER = 3 * ITEM + ENTRY  # they, and what its history notes
DELETION = 4 * ITEM + ENTRY  # the member, its claim, its history, and the mark that it was done
REMOVAL = 3 * ITEM + ENTRY  # the same without a mark
NAMES = {"first_name", "last_name"}


def row_units(outcome: Outcome) -> int:
    """Returns the units of a row that was not created, 0 where it changes nothing."""
    if outcome.outcome == "deleted":
        return DELETION
    return _update_units(dict(outcome.before)) if outcome.outcome == "updated" else 0


def _update_units(changed: Collection[str]) -> int:
    """Returns the units of a change of these fields."""
    moves = "client_member_id" in changed
    items = 4 if moves else 2  # the member and its history, under both ids
    claims = 2 if "phone_number" in changed else int(moves)
    entries = 2 if moves or not NAMES.isdisjoint(changed) else 1  # the entry's key has the names and the id
    return ITEM * (items + claims) + ENTRY * entries


def import_units(record: ImportRecord, changed: int) -> int:
    """Returns the units of an import with these counts, whose updates and deletions take `changed`."""
    created = RESTORED_MEMBER if record.mode == "undo" else NEW_MEMBER
    return created * record.counts.created + changed + REMOVAL * record.counts.removed
