"""A known roster in a workbook: the members of the same CSV, or refused rows; never other members."""

import csv
import io
from datetime import date, time
from typing import Any

import openpyxl
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.members.model import NewMember
from tests.support.memory_storage import members

HEADER = list(NewMember.model_fields)
NAMES = st.sampled_from(
    [
        "Ann",
        "Zoë",
        "Иван",
        "太郎",
        "O'Neil",
        "Lee, Jr.",
        'Ada "Ace"',
        "A;B",
        "x|y",
        "Null",
        "N/A",
        "'Ann'",
        "\\",
    ]
)
# What a person sees as an id, and what the cell has: a value and a format code.
SEEN = st.one_of(
    st.integers(0, 10**15 - 1).map(lambda number: (str(number), number, "General")),
    st.integers(0, 10**15 - 1).map(lambda number: (str(number), float(number), "0")),
    st.integers(0, 99_999).map(lambda number: (f"{number:05}", number, "00000")),
    st.from_regex("[A-Z]{1,3}-?[0-9]{1,5}", fullmatch=True).map(lambda text: (text, text, "@")),
    st.from_regex("0[0-9]{1,5}", fullmatch=True).map(lambda text: (text, text, "General")),
)
# None: no id is certain.
UNCERTAIN = st.sampled_from(
    [
        (None, date(2026, 2, 3), "d-mmm"),
        (None, time(12, 30), "hh:mm"),
        (None, 0.25, "0%"),
        (None, 1.5, "General"),
        (None, 10**15 + 7, "0"),
        (None, 1234, "#,##0"),
        (None, True, "General"),
        (None, "=1+1", "General"),
        (None, "#N/A", "General"),
    ]
)
ROWS = st.lists(
    st.tuples(NAMES, NAMES, st.one_of(SEEN, SEEN, UNCERTAIN), st.integers(0, 2)), min_size=1, max_size=10
)


def workbook(rows: list[tuple[str, str, Any, int]]) -> bytes:
    """Returns a workbook with these members, each after a number of blank rows."""
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.append(HEADER)
    line = 1
    for number, (first, last, (_, value, code), gap) in enumerate(rows):
        line += 1 + gap
        for column, text in enumerate((first, last, phone(number), value, "a1"), 1):
            sheet.cell(line, column, text)
        sheet.cell(line, HEADER.index("client_member_id") + 1).number_format = code
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def phone(number: int) -> str:
    """Returns the phone number of the row with this number."""
    return f"+1323555{number:04}"


@given(ROWS)
def test_workbook_has_the_members_of_the_csv(rows: list[tuple[str, str, Any, int]]) -> None:
    text = io.StringIO()
    seen = [
        [first, last, phone(i), shown, "a1"]
        for i, (first, last, (shown, *_), _) in enumerate(rows)
        if shown is not None
    ]
    csv.writer(text).writerows([HEADER, *seen, ["", "", "", "", "no member"]])
    found = members(workbook(rows), key="drops/x.xlsx")
    assert found == members(text.getvalue().encode(), "utf-8")
