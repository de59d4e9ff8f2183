"""From bytes to rows: what rosters look like in the wild, and that a file reads the same however it is cut."""

import csv
import io
import re
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import Unreadable
from chalicelib.fields.phone import PhoneRule
from chalicelib.imports.columns import MAX_COLUMNS, MAX_HEADER, Header, field_of
from chalicelib.imports.csv_reader import MAX_LINES, MAX_ROW, UNREADABLE, Chunk, Row, delimited, pieces, rows
from chalicelib.imports.decoding import Decoder, OtherEncoding
from chalicelib.members.model import NewMember

COLUMNS = ["first_name", "last_name", "phone_number", "client_member_id", "account_id"]


def read(text: str) -> list[tuple[int, list[str]]]:
    return [(row.line, row.cells) for row in rows(Chunk(1, text)) if not row.code]


def test_rows_carry_the_line_they_start_on() -> None:
    assert read('a,b\n"x\ny",2\n\n3,4\n') == [(1, ["a", "b"]), (2, ["x\ny", "2"]), (5, ["3", "4"])]


def test_lines_without_text_are_no_rows() -> None:
    assert read("a\n\n , \n,,\n\t\nb") == [(1, ["a"]), (6, ["b"])]


def test_a_quote_inside_a_word_is_a_letter() -> None:
    assert read('5" pipe,2\nO"Neil,3\n') == [(1, ['5" pipe', "2"]), (2, ['O"Neil', "3"])]


def test_a_quote_that_is_never_closed_costs_its_line_and_no_other() -> None:
    found = list(rows(Chunk(1, 'a,"b\nc,d\ne,f\n')))
    assert [(row.line, row.code) for row in found] == [(1, "unclosed_quote"), (2, ""), (3, "")]


def test_an_open_quote_swallows_no_more_than_one_row_may_hold() -> None:
    """Without a bound, a stray quote at the top would cost the file."""
    found = list(rows(Chunk(1, 'a,"\n' + "z,y\n" * MAX_ROW)))
    assert len(found) == MAX_ROW + 1
    assert [row.line for row in found if row.code] == [1]


def test_a_row_longer_than_the_limit_is_rejected_and_the_next_is_read() -> None:
    found = list(rows(Chunk(1, f'a,{"x" * MAX_ROW}\n"{"y" * MAX_ROW}",b\nc,d\n')))
    assert [(row.line, row.code) for row in found] == [(1, "row_too_long"), (2, "row_too_long"), (3, "")]
    assert max(len(row.cells[0]) for row in found) <= 1000


@given(st.text(alphabet='ab,"\n ', max_size=80), st.integers(1, 9), st.integers(1, 30))
def test_a_file_reads_the_same_however_it_is_cut(text: str, block: int, size: int) -> None:
    blocks = [text[i : i + block] for i in range(0, len(text), block)]
    cut = [row for piece in pieces(blocks, size) for row in rows(piece)]
    assert cut == list(rows(Chunk(1, text)))


@given(st.lists(st.lists(st.text(alphabet='xä,"\n ', min_size=1).filter(str.strip), min_size=1), max_size=20))
def test_what_csv_writes_is_read_back(table: list[list[str]]) -> None:
    """To the letter where all is in quotes; of bare cells without the blanks before them, which no field keeps."""

    def read_back(quoting: Literal[0, 1]) -> list[list[str]]:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n", quoting=quoting).writerows(table)
        return [cells for _, cells in read(text.getvalue())]

    assert read_back(csv.QUOTE_ALL) == table
    bare = [[cell.lstrip(" ") for cell in cells] for cells in read_back(csv.QUOTE_MINIMAL)]
    assert bare == [[cell.lstrip(" ") for cell in cells] for cells in table]


def test_a_line_of_any_length_is_held_in_bounded_memory() -> None:
    blocks = ["a,b\n", *["x" * 50_000] * 200, "\nc,d\n"]
    cut = list(pieces(blocks, 1000))
    assert max(len(piece.text) for piece in cut) < 4 * MAX_ROW
    found = [row for piece in cut for row in rows(piece)]
    assert [(row.line, row.code) for row in found] == [(1, ""), (2, "row_too_long"), (3, "")]


def test_a_piece_holds_so_many_lines_however_short_they_are() -> None:
    lines = 5 * MAX_LINES
    cut = list(pieces(["x\n" * lines], 10**9))
    assert max(piece.text.count("\n") for piece in cut) <= MAX_LINES
    assert [row.line for piece in cut for row in rows(piece)] == list(range(1, lines + 1))


@given(st.text(alphabet="aé€𝄞\r\n", max_size=40), st.integers(1, 5))
def test_decoding_does_not_mind_where_blocks_end(text: str, block: int) -> None:
    raw = text.encode()
    blocks = [raw[i : i + block] for i in range(0, len(raw), block)]
    decoder = Decoder("utf-8", certain=False)
    assert "".join(decoder.texts(blocks)) == text.replace("\r\n", "\n").replace("\r", "\n")
    assert decoder.invalid == 0


def decoded_twice(blocks: list[bytes]) -> tuple[str, str]:
    """(the text of a file without a mark, its encoding), decoded a second time where the guess was wrong."""
    try:
        return "".join(Decoder("utf-8", certain=False).texts(blocks)), "utf-8"
    except OtherEncoding as other:
        return "".join(Decoder(other.encoding).texts(blocks)), other.encoding


@given(
    st.lists(st.sampled_from([*"a,é€𝄞\ufffd"]).map(str.encode) | st.binary(max_size=4), max_size=12),
    st.integers(1, 5),
)
def test_one_valid_sequence_anywhere_makes_a_file_utf_8(parts: list[bytes], block: int) -> None:
    """Invalid bytes are replaced one by one, wherever they stand and blocks end: the next cell is not damaged."""
    raw = b"".join(parts).replace(b"\r", b"") + b"."  # a last byte that ends any character
    whole = raw.decode("utf-8", "surrogateescape")
    expected = re.sub("[\udc80-\udcff]", UNREADABLE, whole), "utf-8"
    if not whole.isascii() and re.fullmatch("[\0-\x7f\udc80-\udcff]*", whole):
        expected = raw.decode("windows-1252", "replace"), "windows-1252"
    assert decoded_twice([raw[i : i + block] for i in range(0, len(raw), block)]) == expected


@pytest.mark.parametrize(
    ("encoding", "raw"),
    [
        ("utf-8", "é€".encode()[:-1]),
        ("utf-8-sig", "\ufeff€".encode()[:-1]),
        ("utf-16", b"\xff\xfea"),
        ("utf-16", b"\xff\xfe\x34\xd8"),  # the first half of a surrogate pair
    ],
)
def test_a_file_that_ends_within_a_character_is_refused(encoding: str, raw: bytes) -> None:
    with pytest.raises(Unreadable) as raised:
        list(Decoder(encoding, certain=encoding != "utf-8").texts([raw]))
    assert raised.value.code == "truncated_file"


def test_an_empty_block_within_a_character_is_not_the_end() -> None:
    """An archive yields one where it consists of several members."""
    assert "".join(Decoder("utf-8").texts([b"Zo\xc3", b"", b"\xab"])) == "Zoë"


@given(st.integers(1, 9))
def test_a_line_that_says_the_delimiter_is_found_wherever_blocks_end(block: int) -> None:
    text = 'sep=;\n"a,\nb";c\nd;e\n'
    delimiter, blocks = delimited([text[i : i + block] for i in range(0, len(text), block)], field_of)
    found = [
        (row.line, row.cells) for piece in pieces(blocks, 5, delimiter) for row in rows(piece, delimiter)
    ]
    assert (delimiter, found) == (";", [(2, ["a,\nb", "c"]), (4, ["d", "e"])])


@pytest.mark.parametrize(
    "columns",
    [
        COLUMNS,
        [name.upper() for name in COLUMNS],
        ["First Name", "LAST-NAME", " Phone ", "Member ID", "Account"],
        ["firstname", "surname", "Mobile", "client member id", "account number"],
        ["id", "notes", *COLUMNS],
    ],
)
def test_columns_are_found_in_any_usual_spelling(columns: list[str]) -> None:
    assert set(Header(columns).fields) == set(NewMember.model_fields)


def test_columns_of_no_field_are_ignored_and_named() -> None:
    assert Header(["id", *COLUMNS, "Notes"]).ignored == ["id", "Notes"]


def test_a_header_that_lacks_a_column_says_which() -> None:
    with pytest.raises(Unreadable, match="phone_number not found") as raised:
        Header([name for name in COLUMNS if name != "phone_number"])
    assert raised.value.code == "missing_columns"


def test_a_header_that_lacks_a_column_says_what_it_has() -> None:
    with pytest.raises(Unreadable, match=r"not found among “First Name, E mail”\.") as raised:
        Header(["First Name", " ", "E\x07mail"])
    assert "E\x07" not in raised.value.detail
    with pytest.raises(Unreadable) as raised:
        Header(["First Name", *["x" * 1000] * 100])
    assert len(raised.value.detail) < 500


def test_a_first_line_that_is_no_header_is_not_shown() -> None:
    """It may be a member, and the reason of a failure is sent to whoever asked for notices."""
    with pytest.raises(Unreadable, match="none of its 5 cells") as raised:
        Header(["Ann", "Secretlast", "3235551234", "7", "1"])
    assert "Secretlast" not in raised.value.detail


def test_two_columns_for_one_field_are_refused() -> None:
    with pytest.raises(Unreadable, match="phone_number") as raised:
        Header([*COLUMNS, "Mobile"])
    assert raised.value.code == "duplicate_columns"


@pytest.mark.parametrize("blanks_keep", [False, True])
@pytest.mark.parametrize(
    ("given", "cell", "code"),
    [
        ("12", None, ""),  # no such column
        ("12", " 12 ", ""),
        ("Zo\u00eb", "Zoe\u0308", ""),
        ("12", "", ""),
        ("12", "\u00a0 ", ""),
        ("12", "13", "account_differs"),
        ("12", "012", "account_differs"),
        ("12", "x" * 65, "too_long"),
    ],
)
def test_a_given_account_is_the_only_one_that_rows_may_name(
    given: str, cell: str | None, code: str, *, blanks_keep: bool
) -> None:
    columns = COLUMNS[:-1] if cell is None else COLUMNS
    cells = ["Ann", "Lee", "3235551234", "7", *([] if cell is None else [cell])]
    found = Header(columns, given, blanks_keep=blanks_keep).member(Row(2, cells), PhoneRule())
    if code:
        assert isinstance(found, Row)
        assert (found.code, found.reason.partition(":")[0]) == (code, "account_id")
    else:
        assert isinstance(found, NewMember)
        assert found.account_id == given


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        (["Ann", "Lee", "3235551234", "7"], "too_few_cells"),
        (["Ann", "Lee", "3235551234", "7", "1", "more"], "too_many_cells"),
        (["Ann", "Lee", "3235551234", "7", "1", "", " "], ""),  # what spreadsheets leave behind
        (["", "Lee", "3235551234", "7", "1"], "blank"),
        (["Ann", "Lee", "12", "7", "1"], "phone_not_possible"),
        (["Ann", "Lee", "3235551234", "007", "1"], ""),
        (["Ann", "Lee", "3235551234", "2.5E+11", "1"], "scientific_notation"),
        (["Ann", "Lee", "3235551234", "7", " 1,23457e+011 "], "scientific_notation"),
        (["Ann", "Lee", "3235551234", "1E5", "2.5E+X"], ""),
        (["Ann", "2.5E+11", "3235551234", "7", "1"], ""),
    ],
)
def test_each_row_is_a_member_or_says_why_not(cells: list[str], code: str) -> None:
    found = Header(COLUMNS).member(Row(2, cells), PhoneRule())
    assert (found.code if isinstance(found, Row) else "") == code


def test_a_header_of_absurdly_many_columns_is_refused_and_nameless_ones_do_not_count() -> None:
    more = ["note"] * (MAX_COLUMNS - len(COLUMNS))
    header = Header([*COLUMNS, *more, "", " "])
    assert header.kept == list(range(MAX_COLUMNS))
    with pytest.raises(Unreadable) as raised:
        Header([*COLUMNS, *more, "", "one too many"])
    assert raised.value.code == "too_many_columns"


def test_header_over_its_length_limit_is_refused() -> None:
    room = MAX_HEADER - len(",".join(COLUMNS)) - 2
    Header([*COLUMNS, "x" * room]).check_length()
    with pytest.raises(Unreadable) as raised:
        Header([*COLUMNS, "x" * (room + 1)]).check_length()
    assert raised.value.code == "header_too_long"
    assert str(MAX_HEADER) in raised.value.detail
    assert "xx" not in raised.value.detail


def test_columns_that_a_report_added_are_not_repeated_by_the_next() -> None:
    header = Header([*COLUMNS, "line", "code", "reason", ""])
    assert [header.columns[i] for i in header.kept] == COLUMNS
