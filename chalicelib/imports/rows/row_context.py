"""What the outcome of a row depends on beside the row and the table. Pure."""

from typing import Literal, NamedTuple

from chalicelib.members.history import HISTORY_DAYS
from chalicelib.members.model import Values, origin_text

# Of a file; validate is a dry run of create.
FileMode = Literal["create", "upsert", "delete", "sync", "validate"]
Mode = Literal["create", "upsert", "delete", "sync", "validate", "undo"]
MODES = (
    "`create` adds members. `upsert` also changes those that exist. `delete` deletes them. `sync` is an upsert of a "
    "whole roster of one account, whose other members are removed. `validate` is a dry run of `create`."
)
ROW_MODES: dict[Mode, Mode] = {"validate": "create", "sync": "upsert"}  # of rows


class RowContext(NamedTuple):
    """What the outcome of a row depends on beside the row and the table: its import, and when its file arrived.

    `mode` is that of the rows, never validate or sync. A dry run finds the outcomes and writes nothing. `of` is the
    import that an undo takes back.

    The members of a request have no import: `import_id` and `arrived_at` are empty, and `author` is its caller.
    """

    import_id: str
    mode: Mode
    arrived_at: str
    dry_run: bool = False
    history_days: int = HISTORY_DAYS  # for which the history of the changed members is kept
    of: str = ""
    sync: bool = False  # so a number is free once its holder is removed
    author: str = ""

    @property
    def by(self) -> str:
        """The `modified_by` of the members that the import writes."""
        return self.author or modifier(self.import_id)

    def origin(self, line: int, outcome: str, before: Values = ()) -> str:
        """Returns the Origin of the member that a row writes, as text; "" without an import."""
        return origin_text(self.import_id, line, outcome, self.arrived_at, before) if self.import_id else ""

    @property
    def rows_may_wait(self) -> bool:
        """Whether a row waits for its phone number while rows about the number's holder are unsettled."""
        return self.mode in ("upsert", "undo")


def modifier(import_id: str) -> str:
    """Returns the `modified_by` of the members that an import writes."""
    return f"import:{import_id}"
