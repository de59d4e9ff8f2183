"""The rules of an import, as plainly as they can be said: rows written one by one into a dict."""

from collections.abc import Mapping
from typing import NamedTuple

from chalicelib.imports.model import Mode

NOT_LOADED = {"not_processed", "cancelled", "not_loaded"}  # codes of rows that were never written


class Line(NamedTuple):
    """A row of a file: its cells, and the code of what is wrong with them, if anything is."""

    first_name: str
    last_name: str
    phone_number: str
    client_member_id: str
    problem: str = ""


class Stored(NamedTuple):
    """A member of the account, with the number of times it was written."""

    first_name: str
    last_name: str
    phone_number: str
    version: int = 1

    def same_as(self, other: "Stored") -> bool:
        """Whether they differ in nothing but how often they were written."""
        return self[:3] == other[:3]


def write(members: dict[str, Stored], line: Line, mode: Mode) -> set[str]:
    """Writes a row and says what may be said of it: one outcome, or where several rules refuse it, their codes."""
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
    """Asserts that an import of these lines came to what writing them one by one into `members` comes to.

    `rejected` is the code of each rejected line. Lines that were not loaded are left out.
    """
    expected = dict.fromkeys(("created", "updated", "unchanged"), 0)
    for number, line in lines.items():
        code = rejected.get(number)
        if code in NOT_LOADED:
            assert not line.problem, f"line {number} cannot be read, and was not said to be"
            continue
        fates = write(members, line, mode)
        if code:
            assert code in fates, f"line {number} was rejected as {code}, and is {fates}"
        else:
            assert len(fates) == 1, f"line {number} was not rejected, and is {fates}"
            assert fates <= expected.keys(), f"line {number} was not rejected, and is {fates}"
            expected[fates.pop()] += 1
    assert counts == {**expected, "rejected": len(rejected), "rows": len(lines)}
