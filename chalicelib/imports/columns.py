"""From the cells of a row to a member: which column is which field, and why a row describes none. Pure."""

import re
from collections.abc import Mapping, Sequence

from chalicelib.errors import FieldError, Invalid, Unreadable
from chalicelib.fields.phone import PhoneRule
from chalicelib.fields.validation import validate
from chalicelib.members.model import MemberChanges, NewMember

from .csv_reader import UNREADABLE, Row
from .escaping import unescaped

OPTIONAL = ("first_name", "last_name", "phone_number")  # what an upsert may leave as it is
IDS = ("account_id", "client_member_id")
ROUNDED = re.compile(r"\d([.,]\d+)?e\+\d{2,3}", re.IGNORECASE)  # what a spreadsheet makes of a long number
RESULT_COLUMNS = ("line", "code", "reason")  # what rejected.csv adds to the columns of the file
MAX_COLUMNS = 500  # rejected.csv gives each row all of them: a letter a line would become gigabytes
# Characters of the columns' names, 32 for each of so many: every step and every page of rejected rows reads them.
MAX_HEADER = 16 * 1024
# How rosters name our columns, in small letters and without spaces or punctuation. Add yours here.
COLUMN_NAMES: Mapping[str, str] = {
    "accountid": "account_id",
    "account": "account_id",
    "accountnumber": "account_id",
    "clientmemberid": "client_member_id",
    "memberid": "client_member_id",
    "membernumber": "client_member_id",
    "clientid": "client_member_id",
    "firstname": "first_name",
    "first": "first_name",
    "givenname": "first_name",
    "forename": "first_name",
    "lastname": "last_name",
    "last": "last_name",
    "familyname": "last_name",
    "surname": "last_name",
    "phonenumber": "phone_number",
    "phone": "phone_number",
    "telephone": "phone_number",
    "mobile": "phone_number",
    "mobilephone": "phone_number",
    "cell": "phone_number",
    "cellphone": "phone_number",
}


class Header:
    """The columns of a file: where each of a member's fields stands, and what is ignored.

    `account_id` is the only account that rows may name, and that of rows that name none. `blanks_keep` says that a
    blank name or phone number keeps what is stored. Raises Unreadable where a field has no column, or two, and
    where there are more than MAX_COLUMNS, not counting those that rejected.csv adds.
    """

    def __init__(
        self, columns: Sequence[str], account_id: str | None = None, *, blanks_keep: bool = False
    ) -> None:
        self.columns = list(columns)
        self.account_id = account_id
        self.blanks_keep = blanks_keep
        # A row may end where the named columns do: spreadsheets leave nameless ones behind.
        self.width = max((i for i, name in enumerate(columns, 1) if name.strip()), default=0)
        if len(self.kept) > MAX_COLUMNS:
            raise Unreadable(
                f"The first line names {len(self.kept)} columns; at most {MAX_COLUMNS} are read.",
                code="too_many_columns",
            )
        self.fields: dict[str, int] = {}
        for index, column in enumerate(columns):
            field = field_of(unescaped(column))
            if field in self.fields:
                raise Unreadable(f"Two columns of the header mean {field}.", code="duplicate_columns")
            if field:
                self.fields[field] = index
        missing = [name for name in NewMember.model_fields if name not in self.fields]
        if account_id is not None and "account_id" in missing:
            missing.remove("account_id")
        if missing:
            raise Unreadable(
                f"The first line must name the columns; {', '.join(missing)} not found{self._among()}.",
                code="missing_columns",
            )

    def check_length(self) -> None:
        """Raises Unreadable where the names have more than MAX_HEADER characters.

        It is called for new files alone: an import that is older than this limit may have longer names.
        """
        length = sum(len(unescaped(self.columns[i])) + 1 for i in self.kept)
        if length > MAX_HEADER:
            raise Unreadable(
                f"The column names of the first line have {length} characters; at most {MAX_HEADER} are read. "
                "Shorten or remove some.",
                code="header_too_long",
            )

    def _among(self) -> str:
        """Where a missing column was looked for; not shown where nothing in it is known, for it may be a member."""
        if not self.fields:
            return f", and none of its {self.width} cells is a column's name that is known here"
        names = ", ".join(name.strip()[:64] for name in self.columns if name.strip())
        plain = "".join(letter if letter.isprintable() else " " for letter in names)
        return f" among “{plain if len(plain) <= 300 else plain[:300] + '…'}”"

    @property
    def kept(self) -> list[int]:
        """The columns that rejected.csv repeats: all to the last named one, but for those an earlier one added."""
        names = [name.strip().casefold() for name in self.columns[: self.width]]
        added = tuple(names[-len(RESULT_COLUMNS) :]) == RESULT_COLUMNS
        return list(range(self.width - (len(RESULT_COLUMNS) if added else 0)))

    @property
    def ignored(self) -> list[str]:
        """The columns that are no member's field."""
        used = set(self.fields.values())
        return [name for i, name in enumerate(self.columns[: self.width]) if i not in used]

    def member(self, row: Row, rule: PhoneRule) -> NewMember | Row:
        """The member a row describes, or the row with the reason why it describes none."""
        cells = row.cells
        if row.code:
            return row
        if len(cells) < self.width:
            found = f"{len(cells)} cells, the header has {len(self.columns)}."
            return row._replace(code="too_few_cells", reason=found)
        if len(cells) > len(self.columns) and any(cell.strip() for cell in cells[len(self.columns) :]):
            found = f"{len(cells)} cells, the header has {len(self.columns)}."
            return row._replace(code="too_many_cells", reason=found)
        values = {name: unescaped(cells[index]) for name, index in self.fields.items()}
        damaged = next(filter(None, map(_damage, values.items())), None)
        if damaged:
            return row._replace(code=damaged[0], reason=damaged[1])
        if self.account_id is not None and not values.get("account_id", "").strip():
            values["account_id"] = self.account_id
        try:
            member = self._read(values, rule)
            self._check_account(member)
        except Invalid as error:
            return row._replace(code=error.errors[0].code, reason=error.detail)
        return member

    def _check_account(self, member: NewMember) -> None:
        """Raises Invalid where the member is of another account than the given one."""
        if self.account_id not in (None, member.account_id):
            detail = (
                "account_id: This is not the account that was given with the import. Correct the cell, or import "
                "the row without that account."
            )
            raise Invalid([FieldError("#/account_id", "account_differs", detail)])

    def _read(self, values: dict[str, str], rule: PhoneRule) -> NewMember:
        """The member in these cells; in an upsert a blank one, as "", stands for what is stored."""
        if not self.blanks_keep:
            return validate(NewMember, values, rule)
        blank = {name: "" for name in OPTIONAL if not values[name].strip()}
        given = {name: value for name, value in values.items() if name not in blank}
        required = {name: given.get(name, "") for name in NewMember.model_fields if name not in OPTIONAL}
        changes = validate(MemberChanges, given | required, rule)
        return NewMember.model_construct(**changes.model_dump(exclude_unset=True) | blank)


def _damage(cell: tuple[str, str]) -> tuple[str, str] | None:
    """(code, reason) of a field's text that another program has spoilt on its way here, else None."""
    name, text = cell
    if UNREADABLE in text:
        return (
            "not_text",
            f"{name}: A character of this cell is damaged. Correct it, or save the file as UTF-8.",
        )
    if name in IDS and ROUNDED.fullmatch(text.strip()):
        return "scientific_notation", f"{name}: A spreadsheet has rounded this number; its digits are lost."
    return None


def field_of(column: str) -> str | None:
    """The member's field that a column's name means."""
    return COLUMN_NAMES.get(re.sub(r"[\W_]", "", column.casefold()))
