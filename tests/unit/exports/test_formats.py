"""The files of exports: safe to open in a spreadsheet, and read as the same members."""

import csv
import gzip
import io
import re
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from chalicelib.exports.formats import COLUMNS, FileBuffer, file_start, line_of
from chalicelib.exports.model import Format
from chalicelib.fields.text import normalize_id, normalize_text
from chalicelib.members.model import Member, NewMember, new_member
from tests.support import EXAMPLES
from tests.support.cells import FORMULA
from tests.support.memory_storage import members as imported

HARD = [
    *(
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        '=HYPERLINK("http://x";"y")',
        "'=1",
        "a;=1",
        "a|@b",
        '="007"',
        '=T("7")',
    ),
    *(
        "007",
        "'007",
        "''007",
        "43.0",
        "1,234",
        "1'234",
        "1.23E+1",
        "1E5",
        "9007199254740993.0",
        "TRUE",
        "NULL",
    ),
    *(
        "#N/A",
        "#DATE? 3",
        "########",
        "# 1",
        "#1",
        "Err:502",
        "\\N",
        "a\\",
        'a\\"b',
        "a\\\\b",
        "\ufffd",
        "a\u00a0b",
    ),
    *("2026-03-02 00:00:00", "3-Feb", "O'Neil", "“Bob”", "'a'", '"', '""', 'a "b" c', "a,b", "x;y", "a|b"),
    *(
        "account_id",
        "TRAILER",
        "sep=;",
        "first_name",
        "l\u2019Or",
        "Zoë",
        "李",
        "👩‍👩‍👧",
        "a\u200bb",
        "\uff1d1",
        "ﬁ",
    ),
]
tricky = st.text(st.sampled_from("'=+-@ \u00a0\uff1da,\";|1(#\\.:TNE/\ufffd?!"), min_size=1, max_size=10)
texts = st.sampled_from(HARD) | tricky | st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def stored(normalize: object) -> st.SearchStrategy[str]:
    """Returns texts as the API stores them: those that it refuses are left out."""

    def text(value: str) -> str | None:
        try:
            return normalize(value)  # type: ignore[operator, no-any-return]
        except PydanticCustomError:
            return None

    return texts.map(text).filter(lambda value: value is not None)  # type: ignore[return-value]


ids, names = stored(normalize_id), stored(normalize_text)
accounts = st.lists(st.tuples(ids, ids, names, names), min_size=1, max_size=5, unique_by=lambda row: row[:2])


def members_of(rows: list[tuple[str, str, str, str]]) -> list[Member]:
    found = []
    for number, row in enumerate(rows):
        values: dict[str, Any] = dict(zip(COLUMNS, row, strict=False))
        found.append(new_member(NewMember.model_construct(**values, phone_number=f"+1323555{number:04}")))
    return found


def file_of(members: list[Member], format_: Format = "csv", pieces: int = 1) -> bytes:
    buffer = FileBuffer(format_)
    buffer.add(file_start(format_))
    found = b""
    for start in range(pieces):
        for member in members[start::pieces]:
            buffer.add(line_of(format_, member))
        found += buffer.take()
    return found


@settings(max_examples=2 * EXAMPLES)
@given(accounts)
@example([(hard, hard, hard, hard) for hard in HARD if hard.isascii()])
def test_imported_export_has_the_same_members(rows: list[tuple[str, str, str, str]]) -> None:
    members = members_of(rows)
    assert [row.model_dump() for row in imported(file_of(members))] == [m.writable() for m in members]


@given(accounts)
def test_no_cell_of_an_export_starts_a_formula(rows: list[tuple[str, str, str, str]]) -> None:
    text = file_of(members_of(rows)).decode("utf-8-sig")
    for cells in csv.reader(io.StringIO(text, newline="")):
        for cell in cells[:-1]:  # the last one is a phone number
            assert not cell.strip().startswith(FORMULA)
            for part in re.split("[,;|]", cell):
                assert not re.match(r'[\s"]*[=+\-@\uff1d\uff0b\uff0d\uff20]', part)
        assert re.fullmatch(r"phone_number|\+[0-9]+", cells[-1])


@pytest.mark.parametrize("text", ["Ann", "O'Neil", "J. R.", "007", "1E5", "3-Feb", "a,b", "#1", "Mary-Ann"])
def test_usual_texts_are_exported_as_they_are(text: str) -> None:
    [_, cells] = csv.reader(io.StringIO(file_of(members_of([(text,) * 4])).decode("utf-8-sig")))
    assert cells[:4] == [text] * 4


def test_packed_pieces_unpack_to_the_same_file() -> None:
    members = members_of([("7", str(i), "Ann", "Lee") for i in range(100)])
    packed = file_of(members, "csv.gz", pieces=3)
    assert gzip.decompress(packed) == file_of(members, "csv", pieces=3)
    assert len(imported(packed, key="drops/x.csv.gz")) == 100


def test_json_lines_have_all_fields() -> None:
    members = members_of([("7", "'=1", "#N/A", "\ufffd")])
    [line] = file_of(members, "ndjson").splitlines()
    assert orjson.loads(line) == members[0].model_dump()
    assert {"id", "version", "created_at", "created_by", "last_modified", "modified_by"} <= orjson.loads(
        line
    ).keys()
