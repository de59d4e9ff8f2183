"""Cells as other programs change them: the row is the same member, or it is rejected."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.fields.phone import PhoneRule
from chalicelib.imports.rows.columns import Header
from chalicelib.imports.text.csv_reader import RejectedRow, Row
from chalicelib.members.model import NewMember
from tests.support import EXAMPLES

COLUMNS = ["first_name", "last_name", "phone_number", "client_member_id", "account_id"]
NAMES = ["Ada", "O'Neil", "Null", "True", "N/A", "José", "李", "d'Arc Jr.", "Mary Ann"]
IDS = ["7", "007", "42", "A-1", "ab1", "1 2", "c09.0", "3-Feb", "1E5", "TRUE", "NULL", "12345678901234567890"]
PHONES = {
    "US": ["3235550101", "(323) 555-0102", "323/555-0103"],
    "DE": ["030 55503", "030/123456", "0171 1234567", "+49 30 12345"],
    "AT": ["01 512345", "0664/1234567", "+43 1 5123456"],
    "GB": ["020 7946 0958", "+44 20 7946 0959"],
}
Change = Callable[[str], str]
_FULL_WIDTH = {ord(c): ord(c) + 0xFEE0 for c in "0123456789"}
_ARABIC = {ord(c): 0x0660 + int(c) for c in "0123456789"}
TRACES: list[Change] = [
    str,
    lambda cell: '="' + cell.replace('"', '""') + '"',
    lambda cell: f"'{cell}" if cell[0].isdigit() else cell,
    lambda cell: f"\ufeff{cell}\u200b ",
    lambda cell: f" \u200e\u00a0{cell}\u2069",
]
FAULTS: list[Change] = [
    lambda _: "#N/A",
    lambda _: "########",
    lambda cell: f"{cell[:1]}\u200b{cell[1:]}x\u00ad",
]
OF_IDS: list[Change] = [
    *TRACES,
    *FAULTS,
    lambda cell: cell.translate(_FULL_WIDTH),
    lambda cell: cell.translate(_ARABIC),
    lambda cell: cell.replace("-", "\u2011").replace(" ", "\u00a0"),
    lambda cell: f"{cell}.0" if cell.isdigit() and cell[0] != "0" else cell,
    lambda cell: f"{int(cell):,}" if cell.isdigit() and len(cell) > 3 else cell,
    lambda cell: f"{float(cell):.2E}" if cell.isdigit() else cell,
]
OF_PHONES: list[Change] = [
    *TRACES,
    lambda cell: cell.replace(" ", "\u202f").replace("-", "\u2013").translate(_FULL_WIDTH),
    "\u200b".join,
    lambda cell: f"{cell} ext. 5",
]
SECOND = ["{} / {}", "{}; {}", "{}, {}", "{} & {}", "{}\n{}", "{} or {}", "{} und {}", "{}/{}", "{} | {}"]


@st.composite
def rows(draw: st.DrawFn) -> tuple[str, list[str], list[str]]:
    """Returns (a region, the cells of a member, the same cells as another program wrote them)."""
    region = draw(st.sampled_from(list(PHONES)))
    names, ids, phones = (st.sampled_from(values) for values in (NAMES, IDS, PHONES[region]))
    plain = [draw(one) for one in (names, names, phones, ids, ids)]
    kinds = (TRACES, TRACES, OF_PHONES, OF_IDS, OF_IDS)
    changed = [draw(st.sampled_from(kind))(cell) for kind, cell in zip(kinds, plain, strict=True)]
    return region, plain, changed


def read(cells: list[str], region: str) -> NewMember | RejectedRow:
    found = Header(COLUMNS).member_row(Row(2, cells), PhoneRule(region))
    return found if isinstance(found, RejectedRow) else found.member


@given(rows())
@settings(max_examples=3 * EXAMPLES)
def test_changed_cells_are_the_same_member_or_rejected(row: tuple[str, list[str], list[str]]) -> None:
    region, plain, changed = row
    expected, found = read(plain, region), read(changed, region)
    assert isinstance(expected, NewMember)
    assert isinstance(found, RejectedRow) or found == expected


@given(st.sampled_from(list(PHONES)), st.data())
def test_two_numbers_in_a_cell_are_rejected(region: str, data: st.DataObject) -> None:
    phones = st.sampled_from([*PHONES[region], "12345", "55503", "5123456"])
    first, second = data.draw(st.sampled_from(PHONES[region])), data.draw(phones)
    cell = data.draw(st.sampled_from(SECOND)).format(first, second)
    found = read(["Ada", "Quill", cell, "1", "1"], region)
    assert isinstance(found, RejectedRow)
    assert found.code == "several_numbers"


@given(st.sampled_from(["43.0", "#N/A", "1,234", "=1+1", "'007", "a\\b", "\ufffd", "2026-03-02 00:00:00"]))
def test_exact_text_is_not_read_as_anything_else(text: str) -> None:
    cell = f'=T("{text}")'
    found = read([cell, cell, "3235550101", cell, cell], "US")
    assert isinstance(found, NewMember)
    assert {found.first_name, found.last_name, found.client_member_id, found.account_id} == {text}
