"""The rules of an import in their simplest form: rows written one by one into a dict."""

from collections.abc import Mapping
from typing import NamedTuple

from chalicelib.imports.model import Mode

NOT_LOADED = {"not_processed", "cancelled", "not_loaded"}  # codes of rows that were never written


class Line(NamedTuple):
    """A row of a file: its cells, and the code of the error in them, "" for none."""

    first_name: str
    last_name: str
    phone_number: str
    client_member_id: str
    problem: str = ""


class Stored(NamedTuple):
    """A member of the account; `version` counts its writes."""

    first_name: str
    last_name: str
    phone_number: str
    version: int = 1

    def same_as(self, other: "Stored") -> bool:
        """Returns whether the members are equal but for their versions."""
        return self[:3] == other[:3]


def write(members: dict[str, Stored], line: Line, mode: Mode) -> set[str]:
    """Writes a row and returns its possible codes: one outcome, or the codes of all rules that reject it."""
    if line.problem:
        return {line.problem}
    old = members.get(line.client_member_id)
    new = Stored(*line[:3])
    if old and mode == "upsert":  # a blank keeps what is stored
        first, last, number = (cell or kept for cell, kept in zip(new[:3], old[:3], strict=True))
        new = Stored(first, last, number, old.version + 1)
    if old and old.same_as(new):
        return {"unchanged"}
    others = (member for name, member in members.items() if name != line.client_member_id)
    refusals = {
        "blank": not all(new),
        "client_member_id_taken": bool(old) and mode != "upsert",
        "phone_number_taken": any(other.phone_number == new.phone_number for other in others),
    }
    if any(refusals.values()):
        return {code for code, refused in refusals.items() if refused}
    members[line.client_member_id] = new
    return {"updated" if old else "created"}


def check(
    members: dict[str, Stored],
    lines: Mapping[int, Line],
    mode: Mode,
    counts: Mapping[str, int],
    rejected: Mapping[int, str],
) -> None:
    """Asserts that an import had the result of writing its lines one by one into `members`.

    `rejected` are the codes of rejected lines. Lines that were not loaded are skipped.
    """
    expected = dict.fromkeys(("created", "updated", "unchanged"), 0)
    for number, line in lines.items():
        code = rejected.get(number)
        if code in NOT_LOADED:
            assert not line.problem, f"line {number} is unreadable, and was not rejected as {line.problem}"
            continue
        possible = write(members, line, mode)
        if code:
            assert code in possible, f"line {number} was rejected as {code}, not as one of {possible}"
        else:
            assert len(possible) == 1, f"line {number} was not rejected as one of {possible}"
            assert possible <= expected.keys(), f"line {number} was not rejected as one of {possible}"
            expected[possible.pop()] += 1
    assert counts == {**expected, "rejected": len(rejected), "rows": len(lines)}
