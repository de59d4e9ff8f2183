"""A known roster in any encoding and dialect: the same members, or refused rows, or a failed file; never others."""

import csv
import io
from collections.abc import Generator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.clock import now
from chalicelib.errors import Unreadable
from chalicelib.fields.phone import PhoneRule
from chalicelib.imports.chunk_reader import data_rows, read_chunk
from chalicelib.imports.columns import Header
from chalicelib.imports.csv_reader import Chunk
from chalicelib.imports.model import ImportRecord, Source, new_import_id
from chalicelib.imports.splitter import split_object
from chalicelib.imports.storage import ImportStorage
from chalicelib.members.model import NewMember

HEADER = list(NewMember.model_fields)
PEOPLE = {
    "cp1252": "Zoë Müller José Peña André Lefèvre Hélène François Søren Björn d’Arcy",
    "mac_roman": "Zoë Müller José Peña André Lefèvre Hélène François Søren Björn d’Arcy",
    "cp850": "Zoë Müller José Peña André Lefèvre Hélène François Søren Björn",
    "cp1250": "Łukasz Wójcik Dąbrowska Zięba Świątek Věra Dvořáková Žofie Šťastná Jiří Kučera",
    "cp1251": "Иван Петров Анна Сидорова Олег Кузнецов Артём Сёмин",
    "cp866": "Иван Петров Анна Сидорова Олег Кузнецов Артём Сёмин",
    "cp932": "太郎 山田 花子 鈴木 佐藤 さくら ケンジ ソ連",
    "utf-8": "Zoë Łukasz Иван 太郎 d’Arcy",
    "utf-8-sig": "Zoë Łukasz Иван 太郎 d’Arcy",
    "utf-16": "Zoë Łukasz Иван 太郎 d’Arcy",
}
ASCII = ["Ann", "O'Neil", "Lee, Jr.", 'Ada "Ace"', "A;B", "x|y", "'t Hooft", "\\"]


class Backslashes(csv.Dialect):
    """What MySQL writes."""

    delimiter, quotechar, escapechar, doublequote = ",", '"', "\\", False
    quoting, lineterminator = csv.QUOTE_ALL, "\n"


DIALECTS: list[dict[str, Any]] = [
    *({"delimiter": delimiter} for delimiter in ",;\t|"),
    *({"delimiter": delimiter, "quoting": csv.QUOTE_ALL} for delimiter in ",;\t|"),
    *({"delimiter": delimiter, "quoting": csv.QUOTE_ALL, "quotechar": "'"} for delimiter in ",;"),
    {"dialect": Backslashes},
]


class MemoryStorage(ImportStorage):
    """Holds one file and its chunks."""

    def __init__(self, body: bytes) -> None:
        self.chunk_size = 300
        self.body = body
        self.chunks: dict[tuple[str, int], Chunk] = {}

    def blocks(self, source: Source) -> Generator[bytes]:  # noqa: ARG002 (it holds one file)
        """Yields the file."""
        yield from (self.body[i : i + 100] for i in range(0, len(self.body), 100))

    def put_chunk(self, folder: str, number: int, chunk: Chunk) -> None:
        """Keeps the chunk."""
        self.chunks[folder, number] = chunk


def members(body: bytes, encoding: str | None = None) -> list[NewMember]:
    """Returns the members that an import of this file would write. Raises Unreadable."""
    storage, source = MemoryStorage(body), Source(bucket="b", key="drops/x.csv")
    record = ImportRecord(
        id=new_import_id(),
        status="splitting",
        mode="create",
        source=source,
        created_at=now(),
        encoding=encoding,
    )
    record = split_object(storage, record)
    found = []
    for number in range(record.chunks):
        chunk = storage.chunks[record.folder, number]
        rows = data_rows(chunk, record.dialect, record.header_line, first=number == 0, trailer=False)
        found += [
            row.member
            for row in read_chunk(
                rows, Header(record.columns), PhoneRule(), record.scope, record.dialect
            ).rows
        ]
    return found


@st.composite
def rosters(draw: st.DrawFn) -> tuple[str, list[NewMember]]:
    """Draws (an encoding, members with names that it has)."""
    encoding = draw(st.sampled_from(list(PEOPLE)))
    names = st.sampled_from([*PEOPLE[encoding].split(), *ASCII])
    pairs = draw(st.lists(st.tuples(names, names), min_size=1, max_size=10))
    return encoding, [
        NewMember(
            first_name=first,
            last_name=last,
            phone_number=f"+1323555{number:04}",
            client_member_id=f"m{number}",
            account_id="a1",
        )
        for number, (first, last) in enumerate(pairs)
    ]


def file(roster: list[NewMember], encoding: str, dialect: dict[str, Any], title: str) -> bytes:
    text = io.StringIO()
    rows = [HEADER, *(list(member.model_dump().values()) for member in roster)]
    csv.writer(text, **{"lineterminator": "\n", **dialect}).writerows(rows)
    return (title + text.getvalue()).encode(encoding)


@given(
    drawn=rosters(),
    dialect=st.sampled_from(DIALECTS),
    title=st.sampled_from(["", "Roster\n", "# exported\n\n"]),
    declared=st.booleans(),
)
def test_no_encoding_or_dialect_makes_another_member(
    drawn: tuple[str, list[NewMember]], dialect: dict[str, Any], title: str, *, declared: bool
) -> None:
    encoding, roster = drawn
    try:
        found = members(file(roster, encoding, dialect, title), encoding if declared else None)
    except Unreadable:
        return
    assert [member for member in found if member not in roster] == []


@given(rosters(), st.sampled_from(DIALECTS), st.sampled_from(["", "Roster\n"]))
def test_declared_roster_in_usual_quotes_is_read_whole(
    drawn: tuple[str, list[NewMember]], dialect: dict[str, Any], title: str
) -> None:
    encoding, roster = drawn
    if any("\\" in name for member in roster for name in (member.first_name, member.last_name)):
        return  # a lone backslash may escape what follows it
    assert members(file(roster, encoding, dialect, title), encoding) == roster


@given(rosters(), st.integers(1, 40))
def test_truncated_roster_makes_no_member_but_of_its_last_line(
    drawn: tuple[str, list[NewMember]], missing: int
) -> None:
    encoding, roster = drawn
    body = file(roster, encoding, {"quoting": csv.QUOTE_ALL}, "")
    try:
        found = members(body[:-missing], encoding)
    except Unreadable:
        return
    assert [member for member in found if member not in roster] == []
