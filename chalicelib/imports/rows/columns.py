"""Reads a member from the cells of a row, by the columns of its file. Pure."""

from collections.abc import Collection, Mapping, Sequence

from pydantic import BaseModel
from pydantic_core import PydanticCustomError

from chalicelib.cells.escaping import unescape
from chalicelib.cells.garbled import may_be_damaged
from chalicelib.cells.spreadsheets import exact_text, is_plain_account, may_be_wrapped, unwrap
from chalicelib.errors import Invalid, Unreadable
from chalicelib.fields.characters import is_blank
from chalicelib.fields.phone import PhoneRule
from chalicelib.fields.text import Identifier
from chalicelib.fields.validation import validate
from chalicelib.imports.text.csv_reader import RejectedRow, Row
from chalicelib.members.model import MemberChanges, NewMember

from .cell_damage import NAMES, check_damage, check_phone, invalid, read_ids
from .column_names import ACTION, PREVIOUS_ID, field_of, find_columns
from .member_row import MemberRow
from .phone_parts import find_phone_parts, is_incomplete
from .row_context import Mode

OPTIONAL = (*NAMES, "phone_number")  # rows that change or delete a member may leave them blank
DELETE = "delete"  # the action
UPSERTS: tuple[Mode, ...] = ("upsert", "sync")  # the modes whose rows change members too
RESULT_COLUMNS = ("line", "code", "reason")  # rejected.csv adds them to the columns of the file
MAX_COLUMNS = 500  # rejected.csv repeats all of them in each row: rows of one letter would become gigabytes
MAX_HEADER = 16 * 1024  # characters: each step and each page of rejected rows reads the header
OTHER_HEADER = "other_header"  # the code of a line after which the rows have other columns
REPEATED_HEADER = "This line names the columns again: it is no member. Remove it."
_MAX_SHOWN_NAME = 64  # characters
_MAX_SHOWN_NAMES = 300


class PreviousId(BaseModel, defer_build=True):
    """The cell of the previous client member id."""

    previous_client_member_id: Identifier


class Header:
    """The columns of a file: the index of each of a member's fields, and the columns that are ignored.

    `passed_over` has the names of columns that could be a field too, and are ignored. `column_map` has the sender's
    own names by field. `account_id` is the account of rows that name none, and the only one that rows may name. In
    the modes upsert and sync a blank name or phone number keeps the stored value, and rows may name the previous
    client member id. In the mode delete only the ids are needed.
    """

    def __init__(
        self,
        columns: Sequence[str],
        account_id: str | None = None,
        column_map: Mapping[str, str] | None = None,
        mode: Mode = "create",
    ) -> None:
        """Raises Unreadable: too_many_columns, duplicate_columns, missing_columns."""
        self.columns = list(columns)
        self.account_id = account_id
        self.mode = mode
        self.column_map = column_map or {}
        # Rows may end after the last named column: spreadsheets append nameless ones.
        self.width = _width(columns)
        self._check_count()
        found = find_columns(columns, self.column_map, upsert=mode in UPSERTS)
        self.fields = found.fields
        self.passed_over = {field: [columns[i] for i in more] for field, more in found.passed_over.items()}
        self._may_delete = mode == "delete" or ACTION in self.fields
        self._check_missing()
        self.phone_parts = find_phone_parts(columns)

    @property
    def original_indexes(self) -> list[int]:
        """The indexes of the columns that rejected.csv repeats: the named ones, without an earlier rejected.csv's."""
        return _original_indexes(self.columns, self.width)

    @property
    def ignored(self) -> list[str]:
        """The names of the columns that are not used."""
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

    def member_row(self, row: Row | RejectedRow, rule: PhoneRule) -> MemberRow | RejectedRow:
        """Returns the row with the member that it describes, or with the reason why it describes none."""
        if isinstance(row, RejectedRow):
            return row
        try:
            self._check_width(row.cells)
            return self._read(row.line, row.cells, rule)
        except Invalid as error:
            if self._repeats_header(row.cells):
                return RejectedRow(row.line, row.cells, "repeated_header", REPEATED_HEADER)
            if self.fields.keys() <= {field_of(unescape(cell)) for cell in row.cells}:
                return RejectedRow(
                    row.line, row.cells, OTHER_HEADER, "This line names the columns in another order."
                )
            return RejectedRow(row.line, row.cells, error.errors[0].code, error.detail)

    def _read(self, line: int, cells: Sequence[str], rule: PhoneRule) -> MemberRow:
        """Returns the row with the member that its cells describe. Raises Invalid."""
        values = {name: cells[index] for name, index in self.fields.items()}
        text = "\n".join(values.values())
        exact: dict[str, str] = {}
        if may_be_wrapped(text):
            values = {name: unwrap(unescape(cell)) for name, cell in values.items()}
            exact = {name: known for name, cell in values.items() if (known := exact_text(cell)) is not None}
            values |= dict.fromkeys(exact, "")
            text = "\n".join(values.values())
        if may_be_damaged(text):
            check_damage(values)
        account_id = values.get("account_id", "")
        if (
            not values["client_member_id"].isalnum()
            or not is_plain_account(account_id)
            or PREVIOUS_ID in values
        ):
            read_ids(values)
        if self.account_id is not None and is_blank(account_id):
            values["account_id"] = self.account_id
        values |= exact
        previous = values.pop(PREVIOUS_ID, "")
        deletes = self._may_delete and self._deletes(values.pop(ACTION, ""), previous)
        if any(self.phone_parts) and not deletes:
            self._check_phone_parts(cells, values["phone_number"], rule)
        try:
            member = self._validate(values, rule, deletes=deletes)
        except Invalid:
            check_phone(values.get("phone_number", ""))
            raise
        self._check_account(member)
        return MemberRow(line, member, _previous_id(previous, member) if previous else "", deletes)

    def _deletes(self, action: str, previous: str) -> bool:
        """Returns whether a row deletes its member. Raises Invalid for an action that cannot be done."""
        word = action.strip().casefold()
        if self.mode in ("create", "validate") and word != DELETE:
            return False  # in these modes the column is ignored
        if not is_blank(action) and word != DELETE:
            raise invalid(
                "#/action", "unknown_action", "action: Not an action. Use delete, or leave it blank."
            )
        deletes = word == DELETE or self.mode == "delete"
        if deletes and self.mode in ("create", "validate"):
            detail = "action: An import in the mode create deletes no members. Use the mode upsert or delete."
            raise invalid("#/action", "action_not_allowed", detail)
        if deletes and not is_blank(previous):
            detail = "action: A row that deletes cannot name a previous id. Leave one of them blank."
            raise invalid("#/action", "action_not_allowed", detail)
        return deletes

    def _check_count(self) -> None:
        count = len(self.original_indexes)
        if count > MAX_COLUMNS:
            detail = (
                f"The first line has {count:,} columns; the limit is {MAX_COLUMNS}. Remove unused columns."
            )
            raise Unreadable(detail, code="too_many_columns")

    def _check_missing(self) -> None:
        if missing := missing_fields(self.fields, self.account_id, self.mode):
            raise Unreadable(
                f"The first line must name the columns; {', '.join(missing)} not found{self._shown_names()}.",
                code="missing_columns",
            )

    def _shown_names(self) -> str:
        """Returns the column names for a message; none if no name is known, for the line may be a member."""
        if not self.fields and self.width == 1:
            return ", and it is a single cell. Separate cells by , ; | or tabs, without quotes around whole lines"
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
            raise invalid("#", "too_few_cells", detail)
        if count > limit and any(cell.strip() for cell in cells[limit:]):
            detail = f"{count} cells, but the header has {limit}. Remove the extra cells."
            raise invalid("#", "too_many_cells", detail)

    def _repeats_header(self, cells: Sequence[str]) -> bool:
        """Returns whether a row names the columns of the file again, as where files are joined."""
        return all(
            index < len(cells)
            and (
                _folded(cells[index]) == _folded(self.columns[index])
                or field_of(unescape(cells[index])) == name
            )
            for name, index in self.fields.items()
        )

    def _check_phone_parts(self, cells: Sequence[str], phone: str, rule: PhoneRule) -> None:
        """Raises Invalid if the phone number alone, without what is in other columns, may be another one."""
        if is_incomplete(phone, cells, self.phone_parts, rule.region):
            detail = (
                "phone_number: Its country or area code is in another column. Write the number with + and all of its "
                "digits."
            )
            raise invalid("#/phone_number", "phone_in_parts", detail)

    def _check_account(self, member: NewMember) -> None:
        """Raises Invalid if the member's account is not the given one."""
        if self.account_id not in (None, member.account_id):
            detail = (
                "account_id: Not the account that was given with the import. Correct the cell, or import the row "
                "without that account."
            )
            raise invalid("#/account_id", "account_differs", detail)

    def _validate(self, values: dict[str, str], rule: PhoneRule, *, deletes: bool) -> NewMember:
        """Returns the member of these cells, with "" for each blank field that may be blank. Raises Invalid."""
        optional = OPTIONAL if self.mode in UPSERTS or deletes else ()
        try:
            return NewMember.from_texts(values, rule, optional)
        except PydanticCustomError:
            return self._validate_all(values, rule, deletes=deletes)

    def _validate_all(self, values: dict[str, str], rule: PhoneRule, *, deletes: bool) -> NewMember:
        """Does what `_validate` does, and names every error of the row."""
        if self.mode not in UPSERTS and not deletes:
            return validate(NewMember, values, rule)
        blank = {name: "" for name in OPTIONAL if is_blank(values.get(name, ""))}
        given = {name: value for name, value in values.items() if name not in blank}
        required = {name: given.get(name, "") for name in NewMember.model_fields if name not in OPTIONAL}
        changes = validate(MemberChanges, given | required, rule)
        return NewMember.of_valid(changes.model_dump(exclude_unset=True) | blank)


def original_indexes(columns: Sequence[str]) -> list[int]:
    """Returns the indexes of the named columns, without those that rejected.csv adds."""
    return _original_indexes(columns, _width(columns))


def _original_indexes(columns: Sequence[str], width: int) -> list[int]:
    names = [name.strip().casefold() for name in columns[:width]]
    added = len(RESULT_COLUMNS) if tuple(names[-len(RESULT_COLUMNS) :]) == RESULT_COLUMNS else 0
    return list(range(width - added))


def missing_fields(fields: Collection[str], account_id: str | None, mode: Mode) -> list[str]:
    """Returns the fields that a file needs in this mode and has no columns for."""
    optional = OPTIONAL if mode == "delete" else ()
    given = () if account_id is None else ("account_id",)
    return [name for name in NewMember.model_fields if name not in (*fields, *optional, *given)]


def _width(columns: Sequence[str]) -> int:
    return max((i for i, name in enumerate(columns, 1) if name.strip()), default=0)


def _folded(column: str) -> str:
    return column.strip().casefold()


def _previous_id(cell: str, member: NewMember) -> str:
    """Returns the previous client member id of a row, "" if it names none or the new one. Raises Invalid."""
    if is_blank(cell):
        return ""
    previous = validate(PreviousId, {PREVIOUS_ID: cell}).previous_client_member_id
    return "" if previous == member.client_member_id else previous
