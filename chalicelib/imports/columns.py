"""Reads a member from the cells of a row, by the columns of its file. Pure."""

import re
from collections.abc import Mapping, Sequence

from chalicelib.errors import FieldError, Invalid, Unreadable
from chalicelib.fields.phone import PhoneRule
from chalicelib.fields.validation import validate
from chalicelib.members.model import MemberChanges, NewMember

from .column_names import find_columns
from .csv_reader import RejectedRow, Row
from .decoding import REPLACEMENT_CHARACTER
from .escaping import unescape

OPTIONAL = ("first_name", "last_name", "phone_number")  # an upsert may leave them blank
IDS = ("account_id", "client_member_id")
SCIENTIFIC = re.compile(
    r"\d([.,]\d+)?e\+\d{2,3}", re.IGNORECASE
)  # a long number after a spreadsheet saved it
RESULT_COLUMNS = ("line", "code", "reason")  # rejected.csv adds them to the columns of the file
MAX_COLUMNS = 500  # rejected.csv repeats all of them in each row: rows of one letter would become gigabytes
MAX_HEADER = 16 * 1024  # characters: each step and each page of rejected rows reads the header
_MAX_SHOWN_NAME = 64  # characters
_MAX_SHOWN_NAMES = 300


class Header:
    """The columns of a file: the index of each of a member's fields, and the columns that are ignored.

    `passed_over` has the names of columns that could be a field too, and are ignored. `column_map` has the sender's
    own names by field. `account_id` is the account of rows that name none, and the only one that rows may name. With
    `blank_keeps_stored` a blank name or phone number keeps the stored value.
    """

    def __init__(
        self,
        columns: Sequence[str],
        account_id: str | None = None,
        column_map: Mapping[str, str] | None = None,
        *,
        blank_keeps_stored: bool = False,
    ) -> None:
        """Raises Unreadable: too_many_columns, duplicate_columns, missing_columns."""
        self.columns = list(columns)
        self.account_id = account_id
        self.blank_keeps_stored = blank_keeps_stored
        # Rows may end after the last named column: spreadsheets append nameless ones.
        self.width = max((i for i, name in enumerate(columns, 1) if name.strip()), default=0)
        self._check_count()
        found = find_columns(columns, column_map or {})
        self.fields = found.fields
        self.passed_over = {field: [columns[i] for i in more] for field, more in found.passed_over.items()}
        self._check_missing()

    @property
    def original_indexes(self) -> list[int]:
        """The indexes of the columns that rejected.csv repeats: the named ones, without an earlier rejected.csv's."""
        names = [name.strip().casefold() for name in self.columns[: self.width]]
        added = len(RESULT_COLUMNS) if tuple(names[-len(RESULT_COLUMNS) :]) == RESULT_COLUMNS else 0
        return list(range(self.width - added))

    @property
    def ignored(self) -> list[str]:
        """The names of the columns that are not fields of a member."""
        used = set(self.fields.values())
        return [name for i, name in enumerate(self.columns[: self.width]) if i not in used]

    def check_length(self) -> None:
        """Raises Unreadable if the names have more than MAX_HEADER characters.

        For new files only: imports started before 0.1.0 may have longer names.
        """
        length = sum(len(unescape(self.columns[i])) + 1 for i in self.original_indexes)
        if length > MAX_HEADER:
            raise Unreadable(
                f"The column names of the first line have {length:,} characters; the limit is {MAX_HEADER:,}. "
                "Shorten or remove some.",
                code="header_too_long",
            )

    def member(self, row: Row | RejectedRow, rule: PhoneRule) -> NewMember | RejectedRow:
        """Returns the member that a row describes, or the row with the reason why it describes none."""
        if isinstance(row, RejectedRow):
            return row
        try:
            self._check_width(row.cells)
            values = {name: row.cells[index] for name, index in self.fields.items()}
            text = "".join(values.values())
            if "'" in text:
                values = {name: unescape(cell) for name, cell in values.items()}
            if REPLACEMENT_CHARACTER in text or "+" in text:  # few rows need the checks cell by cell
                _check_damage(values)
            if self.account_id is not None and not values.get("account_id", "").strip():
                values["account_id"] = self.account_id
            member = self._validate(values, rule)
            self._check_account(member)
        except Invalid as error:
            return RejectedRow(row.line, row.cells, error.errors[0].code, error.detail)
        return member

    def _check_count(self) -> None:
        count = len(self.original_indexes)
        if count > MAX_COLUMNS:
            detail = (
                f"The first line has {count:,} columns; the limit is {MAX_COLUMNS}. Remove unused columns."
            )
            raise Unreadable(detail, code="too_many_columns")

    def _check_missing(self) -> None:
        missing = [name for name in NewMember.model_fields if name not in self.fields]
        if self.account_id is not None and "account_id" in missing:
            missing.remove("account_id")
        if missing:
            raise Unreadable(
                f"The first line must name the columns; {', '.join(missing)} not found{self._shown_names()}.",
                code="missing_columns",
            )

    def _shown_names(self) -> str:
        """Returns the column names for a message; none if no name is known, for the line may be a member."""
        if not self.fields:
            return f", and none of its {self.width} cells is a known column name"
        names = ", ".join(name.strip()[:_MAX_SHOWN_NAME] for name in self.columns if name.strip())
        plain = "".join(letter if letter.isprintable() else " " for letter in names)
        return f" among “{plain if len(plain) <= _MAX_SHOWN_NAMES else plain[:_MAX_SHOWN_NAMES] + '…'}”"

    def _check_width(self, cells: Sequence[str]) -> None:
        """Raises Invalid if the row has too few cells, or too many that are not blank."""
        count, limit = len(cells), len(self.columns)
        if count < self.width:
            detail = f"{count} cells, but the header has {limit}. Add the missing cells."
            raise _invalid("#", "too_few_cells", detail)
        if count > limit and any(cell.strip() for cell in cells[limit:]):
            detail = f"{count} cells, but the header has {limit}. Remove the extra cells."
            raise _invalid("#", "too_many_cells", detail)

    def _check_account(self, member: NewMember) -> None:
        """Raises Invalid if the member's account is not the given one."""
        if self.account_id not in (None, member.account_id):
            detail = (
                "account_id: Not the account that was given with the import. Correct the cell, or import the row "
                "without that account."
            )
            raise _invalid("#/account_id", "account_differs", detail)

    def _validate(self, values: dict[str, str], rule: PhoneRule) -> NewMember:
        """Returns the member of these cells, with "" for each blank field of an upsert. Raises Invalid."""
        if not self.blank_keeps_stored:
            return validate(NewMember, values, rule)
        blank = {name: "" for name in OPTIONAL if not values[name].strip()}
        given = {name: value for name, value in values.items() if name not in blank}
        required = {name: given.get(name, "") for name in NewMember.model_fields if name not in OPTIONAL}
        changes = validate(MemberChanges, given | required, rule)
        return NewMember.model_construct(**changes.model_dump(exclude_unset=True) | blank)


def _check_damage(values: Mapping[str, str]) -> None:
    """Raises Invalid if another program has damaged a value."""
    for name, text in values.items():
        if REPLACEMENT_CHARACTER in text:
            detail = f"{name}: Contains a damaged character. Correct it, or save the file as UTF-8."
            raise _invalid(f"#/{name}", "damaged_character", detail)
        if name in IDS and SCIENTIFIC.fullmatch(text.strip()):
            detail = f"{name}: A spreadsheet has rounded this number. Enter all of its digits."
            raise _invalid(f"#/{name}", "scientific_notation", detail)


def _invalid(pointer: str, code: str, detail: str) -> Invalid:
    return Invalid([FieldError(pointer, code, detail)])
