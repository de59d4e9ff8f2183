"""The meaning of an import in its simplest form: rows settled one by one in a dict."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from chalicelib.imports.rows.outcomes import APPLIED
from chalicelib.imports.rows.row_context import Mode


class Line(NamedTuple):
    """A row of a file: its cells, and the code of the error in them, "" for none.

    `previous` is the previous client member id; "" and the same id mean none. A row that `deletes` asks
    for no number. A row of an undo has what it `undoes`.
    """

    first_name: str
    last_name: str
    phone_number: str
    client_member_id: str
    problem: str = ""
    previous: str = ""
    deletes: bool = False
    undoes: "Undone | None" = None

    @property
    def asked_number(self) -> str:
        """The number that the member shall have, "" for none."""
        return "" if self.deletes else self.phone_number

    @property
    def subject(self) -> str:
        """The id of the member that the row changes."""
        return self.previous or self.client_member_id

    @property
    def is_move(self) -> bool:
        """Returns whether the row names a previous id."""
        return self.previous not in ("", self.client_member_id)


class Stored(NamedTuple):
    """A member of the account; `version` counts its writes.

    `birth` tells it from members that had its id before: `<who created it>#<line>`, "" where that does not matter.
    """

    first_name: str
    last_name: str
    phone_number: str
    version: int = 1
    birth: str = ""

    def same_as(self, other: "Stored") -> bool:
        """Returns whether the members are equal but for their versions."""
        return self[:3] == other[:3]


class Change(NamedTuple):
    """A member becomes another: `old` is None for one that is created or restored, `new` for one that is deleted.

    `line` is 0 where no row of a file asks for the change.
    """

    by: str
    line: int
    old_name: str
    old: Stored | None
    name: str
    new: Stored | None


class Undone(NamedTuple):
    """What a row of an undo takes back: a change, and the next one of the same member by the same import, if any."""

    change: Change
    later: Change | None


class Settling:
    """The rows of a file that are not settled yet, by line, and the members of the account.

    `settled` rows may be found in any order: the result is the same. A row waits for one other at a time: for its new
    id, then for its number. `log` has the changes, in their order.
    """

    def __init__(
        self,
        members: dict[str, Stored],
        lines: Mapping[int, Line],
        mode: Mode,
        removed: Iterable[str] = (),
        by: str = "",
    ) -> None:
        self.members = members
        self.by = by
        self.log: list[Change] = []
        self.to_remove = set(removed)  # once no row can be settled before
        self.left = dict(sorted(lines.items()))
        self.mode = "upsert" if mode == "sync" else mode
        self.codes: dict[int, str] = {}  # of settled rows: the outcome, or the code of the rejection

    def run(self) -> dict[int, str]:
        """Settles all rows, and returns their codes."""
        while self.left:
            if not self._settle_one() and not self._settle_ring() and not self._remove():
                first = next(iter(self.left))
                name = "client_member_id" if self._waits_for_id(first) else "phone_number"
                self._settle({first: f"{name}_taken"})
        self._remove()
        return self.codes

    def _remove(self) -> bool:
        """Removes the members that a sync removes, and returns whether there were any."""
        names, self.to_remove = self.to_remove, set()
        self.log += [Change(self.by, 0, name, self.members.pop(name), name, None) for name in names]
        return bool(names)

    def _settle_one(self) -> bool:
        for number in self.left:
            code = None if self._blocking(number) else self._code(number)
            if code:
                self._settle({number: code})
                return True
        return False

    def _blocking(self, number: int) -> set[int]:
        """Returns the earlier rows that are to be settled before a row."""
        line = self.left[number]
        found = set()
        for earlier, other in self.left.items():
            if earlier >= number:
                break
            names = {other.subject, other.client_member_id} & {line.subject, line.client_member_id}
            if line.is_move and self._lets_pass(other.client_member_id, number):
                names -= {line.subject} if other.is_move and other.client_member_id == line.subject else set()
            if names or other.asked_number == line.asked_number != "":
                found.add(earlier)
        return found

    def _lets_pass(self, name: str, number: int) -> bool:
        """Returns whether the first row that gives a member the id `name` waits, so that `number` takes it away."""
        first = self._first_to(name)
        return first is not None and first < number and self._waits_for_id(first)

    def _first_to(self, name: str | None) -> int | None:
        """Returns the first row that moves a member to an id."""
        return next(
            (n for n, line in self.left.items() if line.is_move and line.client_member_id == name), None
        )

    def _mover(self, name: str) -> int | None:
        """Returns the next row that changes the member with an id, if it moves it away."""
        number = next((n for n, line in self.left.items() if line.subject == name), None)
        return number if number and self.left[number].is_move else None

    def _is_taken(self, line: Line) -> bool:
        return line.is_move and line.previous in self.members and line.client_member_id in self.members

    def _waits_for_id(self, number: int) -> bool:
        """Returns whether a row waits for nothing but the row that moves away the member that has its new id."""
        line = self.left[number]
        if not self._is_taken(line):
            return False
        mover = self._mover(line.client_member_id)
        return mover is not None and self._blocking(number) <= {mover}

    def _old(self, line: Line) -> str:
        """Returns the id under which the member that a row changes is stored now, if at all."""
        return line.subject if line.subject in self.members else line.client_member_id

    def _asked(self, line: Line) -> Stored:
        """Returns the member that a row asks for; a blank cell keeps what is stored."""
        old = self.members.get(self._old(line))
        if not old or self.mode != "upsert":
            return Stored(*line[:3])
        first, last, number = (cell or kept for cell, kept in zip(line[:3], old[:3], strict=True))
        return Stored(first, last, number, old.version + 1, old.birth)

    def _holder(self, number: str) -> str | None:
        return next((name for name, member in self.members.items() if member.phone_number == number), None)

    def _code(self, number: int) -> str | None:
        """Returns the code of a first row, None while it waits."""
        line = self.left[number]
        return self._deletion_code(line) if line.deletes else self._change_code(line)

    def _change_code(self, line: Line) -> str | None:
        """Returns the code of a first row that creates or changes its member, None while it waits."""
        if self._is_taken(line):
            return None if self._mover(line.client_member_id) else "client_member_id_taken"
        name = self._old(line)
        old, new = self.members.get(name), self._asked(line)
        if old and old.same_as(new) and name == line.client_member_id:
            return "unchanged"
        if not all(new[:3]):
            return "blank"
        if old and self.mode != "upsert":
            return "client_member_id_taken"
        holder = self._holder(new.phone_number)
        if holder in (None, name):
            return "updated" if old else "created"
        others = self.left.values()
        waits = any(holder in (other.subject, other.client_member_id) for other in others)
        waits = waits and self.mode == "upsert"
        return None if waits or holder in self.to_remove else "phone_number_taken"

    def _deletion_code(self, line: Line) -> str:
        """Returns the code of a row that deletes its member, unless the row names another person."""
        old = self.members.get(line.client_member_id)
        if old is None:
            return "unchanged"
        same = all(cell in ("", kept) for cell, kept in zip(line[:3], old[:3], strict=True))
        return "deleted" if same else "identity_mismatch"

    def _next(self, number: int) -> int | None:
        """Returns the row that another one waits for, None if it waits for no single one."""
        line = self.left[number]
        if self._waits_for_id(number):
            return self._mover(line.client_member_id)
        if self._blocking(number):
            return None
        holder = self._holder(self._asked(line).phone_number)
        changes = next((n for n, other in self.left.items() if other.subject == holder), None)
        moves = self._first_to(holder)
        if moves is None or self._waits_for_id(moves):  # what is moved there comes later
            return changes
        return min(moves, changes or moves)

    def _settle_ring(self) -> bool:
        """Applies a ring of rows that wait for each other, if there is one that can be applied."""
        for start in self.left:
            path: list[int] = []
            number: int | None = start
            while number and number not in path:
                path.append(number)
                number = self._next(number)
            if number and self._is_possible(ring := path[path.index(number) :]):
                self._settle(dict.fromkeys(ring, "updated"))
                return True
        return False

    def _is_possible(self, ring: list[int]) -> bool:
        """Returns whether each id and number of the account has one member after a ring."""
        lines = [self.left[number] for number in ring]
        rest = {name: member for name, member in self.members.items() if name not in map(self._old, lines)}
        numbers = [self._asked(line).phone_number for line in lines]
        taken = {member.phone_number for member in rest.values()}
        names = {line.client_member_id for line in lines}
        return (
            len(set(numbers)) == len(names) == len(ring)
            and not taken & set(numbers)
            and not names & rest.keys()
        )

    def _settle(self, codes: dict[int, str]) -> None:
        """Gives rows their codes, all at once."""
        changes = [self._change(number, code) for number, code in codes.items() if code in APPLIED]
        for change in changes:
            self.members.pop(change.old_name, None)
        self.members |= {change.name: change.new for change in changes if change.new}
        self.log += changes
        self.codes |= codes
        for number in codes:
            del self.left[number]

    def _change(self, number: int, code: str) -> Change:
        """Returns what a row changes that is applied."""
        line = self.left[number]
        name = self._old(line)
        old, new = self.members.get(name), None if code == "deleted" else self._asked(line)
        if new and self.by and not new.birth:
            new = new._replace(birth=f"{self.by}#{number}")
        return Change(self.by, number, name, old, line.client_member_id, new)
