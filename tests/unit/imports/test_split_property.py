"""A known roster in any encoding and dialect: the same members, or refused rows, or a failed file; never others."""

import csv
import io
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import Unreadable
from chalicelib.members.model import NewMember
from tests.support.memory_storage import members

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
