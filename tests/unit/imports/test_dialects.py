"""The dialect of a file: all its rows are read in it, or refused."""

import pytest

from chalicelib.errors import Unreadable
from chalicelib.imports.rows.column_names import field_of
from chalicelib.imports.splitting.dialects import (
    BackslashEscapes,
    check_end,
    check_escapes,
    detect_dialect,
    find_column_names,
)
from chalicelib.imports.text.csv_reader import Chunk, Dialect, RejectedRow, Row, rows
from chalicelib.members.model import NewMember


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        ("first_name|last_name\n", Dialect("|")),
        ("'first_name';'last_name'\n", Dialect(";", "'")),
        ("first_name,last_name\n'Ann','Lee'\n", Dialect(",", "'")),
        ("first_name,last_name\nAnn,'t Hooft\n", Dialect()),
        ("Roster; of; November; and; more\nfirst_name,last_name\n", Dialect()),
        ("'first_name','Name, last'\n", Dialect(",", "'")),
    ],
)
def test_delimiter_and_quote_are_detected(text: str, dialect: Dialect) -> None:
    assert detect_dialect([text], field_of)[0] == dialect


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ('"Ada \\"Ace\\"",Lee\n', True),
        ('"5\\"",Lee\n', True),
        ('"C:\\",Lee\n', False),
        ('"C:\\"\n', False),
        ('"a\\""",Lee\n', False),
        ('a\\b,"c"\n', False),
    ],
)
def test_backslash_dialect_is_shown_by_quotes_within_cells(text: str, *, escaped: bool) -> None:
    try:
        check_escapes(text, Dialect())
    except BackslashEscapes:
        assert escaped
    else:
        assert not escaped


def test_missing_value_of_mysql_is_blank() -> None:
    text = '"a",\\N,b\\N\n\\N,"\\N",x\n'
    for dialect in (Dialect(), Dialect(escape="\\")):
        assert [row.cells for row in rows(Chunk(1, text), dialect)][1] == ["", "", "x"]


@pytest.mark.parametrize("dialect", [Dialect(quote="'"), Dialect(escape="\\")])
def test_stray_quote_rejects_its_row_in_other_dialects(dialect: Dialect) -> None:
    quote = dialect.quote
    text = f"{quote}O{quote}Neil{quote},1\n{quote}Lee{quote},2\n"
    found = list(rows(Chunk(1, text), dialect))
    assert [row.code if isinstance(row, RejectedRow) else row.cells for row in found] == [
        "stray_quote",
        ["Lee", "2"],
    ]


@pytest.mark.parametrize(
    ("text", "ends_within_quote"),
    [
        ('a,b\n1,"x', True),
        ('a,b\n1,"x\ny', True),
        ('a,b\n1,"x\n', False),
        ('a,b\n1,"x\n2,y', False),
        ('a,b\n1,"x"', False),
        ("a,b\n1,x", False),
    ],
)
def test_file_that_ends_within_a_quote_is_truncated(text: str, *, ends_within_quote: bool) -> None:
    if not ends_within_quote:
        check_end(Chunk(1, text), Dialect(), 2)
        return
    with pytest.raises(Unreadable) as raised:
        check_end(Chunk(1, text), Dialect(), 2)
    assert raised.value.code == "truncated_file"


def test_rows_that_may_be_members_are_not_passed_over() -> None:
    header = list(NewMember.model_fields)
    member = Row(1, ["Ann", "Lee", "3235550001", "1"])
    found = find_column_names([member, Row(2, header)], lambda cells: list(cells) == header)
    assert found.row == member
