"""The meaning of an import in its simplest form: rows settled one by one in a dict."""

from collections import Counter
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


class Settling:
    """The rows of a file that are not settled yet, by line, and the members of the account."""

    def __init__(self, members: dict[str, Stored], lines: Mapping[int, Line], mode: Mode) -> None:
        self.members = members
        self.left = dict(sorted(lines.items()))
        self.mode = mode
        self.codes: dict[int, str] = {}  # of settled rows: the outcome, or the code of the rejection

    def run(self) -> dict[int, str]:
        """Settles all rows, and returns their codes."""
        while self.left:
            heads = [number for number in self.left if self._is_first(number)]
            codes = ((number, self._code(number)) for number in heads)
            settled = next((number for number, code in codes if code and self._settle(number, code)), None)
            if settled is None and (ring := self._ring(heads)):
                for number in ring:
                    self._settle(number, "updated")
            elif settled is None:
                self._settle(heads[0], "phone_number_taken")
        return self.codes

    def _is_first(self, number: int) -> bool:
        line = self.left[number]
        return not any(
            other.client_member_id == line.client_member_id or other.phone_number == line.phone_number != ""
            for earlier, other in self.left.items()
            if earlier < number
        )

    def _asked(self, line: Line) -> Stored:
        """Returns the member that a row asks for; a blank cell keeps what is stored."""
        old = self.members.get(line.client_member_id)
        if not old or self.mode != "upsert":
            return Stored(*line[:3])
        first, last, number = (cell or kept for cell, kept in zip(line[:3], old[:3], strict=True))
        return Stored(first, last, number, old.version + 1)

    def _holder(self, number: str) -> str | None:
        return next((name for name, member in self.members.items() if member.phone_number == number), None)

    def _code(self, number: int) -> str | None:
        """Returns the code of a first row, None while it waits."""
        line = self.left[number]
        old, new = self.members.get(line.client_member_id), self._asked(line)
        if old and old.same_as(new):
            return "unchanged"
        if not all(new[:3]):
            return "blank"
        if old and self.mode != "upsert":
            return "client_member_id_taken"
        holder = self._holder(new.phone_number)
        if holder in (None, line.client_member_id):
            return "updated" if old else "created"
        waits = any(other.client_member_id == holder for other in self.left.values())
        return None if waits and self.mode == "upsert" else "phone_number_taken"

    def _ring(self, heads: list[int]) -> list[int]:
        """Returns the lines of the ring that the earliest possible row leads to, [] if none does."""
        of_member = {self.left[number].client_member_id: number for number in heads}
        for start in heads:
            path: list[int] = []
            number: int | None = start
            while number and number not in path:
                path.append(number)
                number = of_member.get(self._holder(self._asked(self.left[number]).phone_number) or "")
            if number:
                return path[path.index(number) :]
        return []

    def _settle(self, number: int, code: str) -> bool:
        line = self.left[number]
        if code in ("created", "updated"):
            self.members[line.client_member_id] = self._asked(line)
        del self.left[number]
        self.codes[number] = code
        return True


def check(
    members: dict[str, Stored],
    lines: Mapping[int, Line],
    mode: Mode,
    counts: Mapping[str, int],
    rejected: Mapping[int, str],
) -> None:
    """Asserts that an import had the result of settling its lines in `members`.

    `rejected` are the codes of rejected lines. Lines that were not loaded are skipped.
    """
    expected = {number: line.problem for number, line in lines.items() if line.problem}
    not_loaded = {number: code for number, code in rejected.items() if code in NOT_LOADED}
    assert not not_loaded.keys() & expected.keys()
    readable = {n: line for n, line in lines.items() if not line.problem and n not in not_loaded}
    expected |= not_loaded | Settling(members, readable, mode).run()
    accepted = {"created", "updated", "unchanged"}
    assert rejected == {number: code for number, code in expected.items() if code not in accepted}
    tally = Counter(code for code in expected.values() if code in accepted)
    assert counts == {
        **{name: tally[name] for name in accepted},
        "rejected": len(rejected),
        "rows": len(lines),
    }
