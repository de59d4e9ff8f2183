"""Random rows of a file, with clashes of every kind and rows that are no member."""

import random

from chalicelib.imports.rows.row_context import Mode

from .model import Line, Stored
from .people import phone
from .pipeline import HEADER

UNREADABLE = "1\x01"  # an id


def random_rows(dice: random.Random, mode: Mode) -> dict[int, Line]:
    """Returns the rows of a file by line."""
    size = dice.choice([10, 20, 20, 30, 40, 80])
    people = max(3, int(size * dice.choice([0.3, 0.8, 1.5])))
    alike = dice.choice([0.05, 0.3, 0.6])
    odd = dice.random() < 0.2
    moves = dice.choice([0, 0, 0.1, 0.5]) if mode in ("upsert", "sync") else 0
    deletions = {"create": 0, "delete": 1}.get(mode, dice.choice([0, 0, 0.1, 0.3]))

    def line() -> Line:
        who = dice.randrange(people)
        if dice.random() < deletions:
            number = phone(who) if dice.random() < 0.1 else ""
            return Line(dice.choice(["", "", "", "Ann"]), "", number, str(who), deletes=True)
        number = phone(dice.randrange(people + 3) if dice.random() < alike else who)
        name = dice.choice(["Ann", "Ann", "Ben"])
        if odd and dice.random() < 0.1:
            name = "Zo\u00eb"  # no valid UTF-8 in windows-1252: the file is split twice
        if dice.random() < 0.06:
            return Line(name, "Lee", "12", str(who), "phone_not_possible")
        if dice.random() < 0.04:
            return Line(name, "L\x01", number, str(who), "control_character")
        if dice.random() < 0.1:
            name = ""
        if dice.random() < 0.05 and mode in ("upsert", "sync"):
            number = ""
        if dice.random() < moves:
            return _move(dice, Line(name, "Lee", dice.choice(["", number]), str(who)), people)
        return Line(name, "Lee", number, str(who), "" if name or mode in ("upsert", "sync") else "blank")

    return {number: line() for number in range(2, size + 2)}


def _move(dice: random.Random, line: Line, people: int) -> Line:
    """Returns a row with a previous id, now and then the same one or an invalid one."""
    if dice.random() < 0.05:
        return line._replace(previous=UNREADABLE, problem="control_character")
    new = str(people + dice.randrange(people)) if dice.random() < 0.3 else line.client_member_id
    return line._replace(client_member_id=new, previous=str(dice.randrange(people)))


def random_members(dice: random.Random) -> dict[str, Stored]:
    """Returns members that exist before the file, some with numbers that the file gives to others."""
    numbers = dice.sample(range(30), 15)
    found: dict[str, Stored] = {}
    for who, number in zip(dice.sample(range(30), 15), numbers, strict=True):
        own = dice.random() < 0.5 and who in numbers
        member = Stored("Ann", "Lee", phone(who if own else number))
        if member.phone_number not in {one.phone_number for one in found.values()}:
            found[str(who)] = member
    return found


def file_of(rows: dict[int, Line], account: str) -> bytes:
    """Returns the file of some rows."""
    more = any(line.previous or line.deletes for line in rows.values())
    header = HEADER.replace("\n", ",previous id,action\n") if more else HEADER
    width = header.count(",") + 1
    cells = (
        [*line[:4], account, line.previous, "Delete" if line.deletes else ""][:width]
        for line in rows.values()
    )
    text = header + "".join(",".join(row) + "\n" for row in cells)
    return text.encode("windows-1252" if "Zo\u00eb" in text else "utf-8")
