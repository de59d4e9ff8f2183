"""The meaning of what happens to an account in turn: imports, their undos, and calls for single members."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from chalicelib.imports.rows.member_row import MemberRow
from chalicelib.imports.rows.row_context import Mode

from .model import Change, Line, Settling, Stored, Undone

Verb = Literal["change", "delete", "restore"]
CALLER = "user:ann"
NEW_NAME = "Zed"  # the first name that a caller gives a member


class Recorded(NamedTuple):
    """An entry of the history of an id: a change, and the restoration that follows it, if any."""

    change: Change
    restoration: Change | None = None


class AccountModel:
    """The members of an account by client member id, and every change of them, in its order."""

    def __init__(self, members: Mapping[str, Stored]) -> None:
        self.members = dict(members)
        self.log: list[Change] = []

    def load(self, lines: Mapping[int, Line], mode: Mode, by: str, removed: Collection[str] = ()) -> Settling:
        """Returns the result of rows that an import settles, without their effect on the account."""
        members = dict(self.members)
        if mode == "undo":
            return Undoing(members, lines, by, self.log)
        return Settling(members, lines, mode, removed, by)

    def apply(self, settled: Settling) -> None:
        """Takes in the effect of rows."""
        self.members = settled.members
        self.log += settled.log

    def undo_rows(self, of: str, rows: Iterable[MemberRow]) -> dict[int, Line]:
        """Returns the rows of the undo of `of` (`import:<id>`) by line. Asserts that `rows` take back all it did.

        They may stand in any order that takes back later changes first.
        """
        changes = [change for change in self.log if change.by == of]
        expected = {
            (line.undoes.change.line, line.subject): line for line in undo_rows(changes) if line.undoes
        }
        found: dict[int, Line] = {}
        for row in rows:
            line = expected.pop(
                (row.undoes.line if row.undoes else 0, row.previous or row.key.client_member_id)
            )
            cells = (row.member.first_name, row.member.last_name, row.member.phone_number)
            assert (*cells, row.key.client_member_id, row.previous, row.deletes) == (
                *line[:4],
                line.previous,
                line.deletes,
            )
            found[row.line] = line
        assert not expected, "changes that are not taken back"
        return found

    def call(self, verb: Verb, name: str) -> str:
        """Does what a caller asks for with a single member; returns the code of a refusal, "" without one."""
        old = self.members.get(name)
        if verb == "restore":
            return self._restore(name, old)
        if old is None:
            return "member_not_found"
        if verb == "delete":
            self._note(Change(CALLER, 0, name, old, name, None))
        elif old.first_name != NEW_NAME:
            new = old._replace(first_name=NEW_NAME, version=old.version + 1)
            self._note(Change(CALLER, 0, name, old, name, new))
        return ""

    def _restore(self, name: str, stored: Stored | None) -> str:
        """Restores the member that had an id last, if it was deleted."""
        if stored:
            return "client_member_id_taken"
        last = next((change for change in reversed(self.log) if concerns(change, name)), None)
        if last is None or last.old is None or last.new:
            return "member_not_found"
        if last.old.phone_number in {member.phone_number for member in self.members.values()}:
            return "phone_number_taken"
        self._note(Change(CALLER, 0, name, None, name, restored(last.old)))
        return ""

    def _note(self, change: Change) -> None:
        self.members.pop(change.old_name, None)
        self.members |= {change.name: change.new} if change.new else {}
        self.log.append(change)

    def history(self) -> dict[str, list[Recorded]]:
        """Returns the entries of each id, the oldest first.

        A creation has none. A move has one under either id, and a restoration belongs to the entry before it.
        """
        found: dict[str, list[Recorded]] = {}
        for name in {name for change in self.log for name in (change.old_name, change.name)}:
            entries: list[Recorded] = []
            for change in self._about(name):
                if change.old:
                    entries.append(Recorded(change))
                elif change.new and change.new.version > 1:
                    entries[-1] = entries[-1]._replace(restoration=change)
            found |= {name: entries} if entries else {}
        return found

    def _about(self, name: str) -> list[Change]:
        """Returns the changes of the members under an id, the oldest first.

        Members that exchange their ids do so at once: there, one leaves the id before the other has it.
        """
        found: list[Change] = []
        for change in self.log:
            if concerns(change, name):
                last = found[-1] if found else None
                leaves_before = (
                    last and last.name == name == change.old_name and last.new not in (None, change.old)
                )
                found.insert(-1 if leaves_before else len(found), change)
        return found

    def events(self, name: str) -> list[tuple[str, str, int, int]]:
        """Returns what happened to the members under an id: (action, by whom, line, version), the newest first."""
        changes = self._about(name)
        found = [_event(change) for change in changes]
        first = changes[0].old if changes else self.members[name]
        if first and (not changes or changes[0].old_name == name):  # it was there before all imports
            found.insert(0, ("created", first.birth.rpartition("#")[0], 0, 1))
        return found[::-1]


def _event(change: Change) -> tuple[str, str, int, int]:
    by, line, old_name, old, name, new = change
    if old is None and new:
        return "restored" if new.version > 1 else "created", by, line, new.version
    if old and new is None:
        return "deleted", by, line, old.version + 1
    return "updated" if name == old_name else "moved", by, line, new.version if new else 0


class Undoing(Settling):
    """The rows of an undo: each takes back one change, if nobody else has changed its member since."""

    def __init__(
        self, members: dict[str, Stored], lines: Mapping[int, Line], by: str, earlier: Iterable[Change]
    ) -> None:
        super().__init__(members, lines, "upsert", by=by)
        self._earlier = list(earlier)
        self._reversals: dict[Change, Change] = {}  # of changes that are taken back

    def _code(self, number: int) -> str | None:
        return self._kept(self.left[number]) or super()._code(number)

    def _is_taken(self, line: Line) -> bool:
        return super()._is_taken(line) and self._kept(line) is None

    def _asked(self, line: Line) -> Stored:
        deleted = _undone(line).change
        if deleted.old and not deleted.new:
            return restored(deleted.old)
        return super()._asked(line)

    def _change(self, number: int, code: str) -> Change:
        undone = _undone(self.left[number]).change
        self._reversals[undone] = super()._change(number, code)
        return self._reversals[undone]

    def _kept(self, line: Line) -> str | None:
        """Returns why the member of a row stays as it is, None if it is what the import has left."""
        change, later = _undone(line)
        log = self._earlier + self.log
        since = [one for one in log[log.index(change) + 1 :] if concerns(one, line.subject)]
        if line.subject in self.members:
            last = next(one for one in reversed(log) if one.name == line.subject)
            if change.new and last == (self._reversals.get(later) if later else change):
                return None
            since = [last]
        elif not change.new and all(one.by in (change.by, self.by) for one in since):
            return None
        others = any(one.by not in (change.by, self.by) for one in since)
        return "changed_since" if others else "later_row_kept"


def undo_rows(changes: list[Change]) -> Iterator[Line]:
    """Yields the rows that take back the changes of an import.

    There are none about a member that it has both created and deleted: it leaves nothing behind.
    """
    created = {change.new.birth for change in changes if change.new and not change.old}
    passing = {change.old.birth for change in changes if change.old and not change.new} & created
    later: dict[str, Change] = {}
    for change in reversed(changes):
        birth = (change.old or change.new or Stored("", "", "")).birth
        if birth not in passing:
            yield _undo_row(Undone(change, later.get(birth)))
            later[birth] = change


def _undo_row(undoes: Undone) -> Line:
    _, _, old_name, old, name, new = undoes.change
    if old is None:
        return Line("", "", "", name, deletes=True, undoes=undoes)
    first, last, number = (
        value if not new or value != now else "" for value, now in zip(old[:3], (new or old)[:3], strict=True)
    )
    return Line(first, last, number, old_name, previous=name if name != old_name else "", undoes=undoes)


def restored(deleted: Stored) -> Stored:
    """Returns a deleted member as it is restored: its deletion took a version too."""
    return deleted._replace(version=deleted.version + 2)


def concerns(change: Change, name: str) -> bool:
    """Returns whether a change is about the member with an id, before or after it."""
    return name in (change.old_name, change.name)


def _undone(line: Line) -> Undone:
    assert line.undoes
    return line.undoes
