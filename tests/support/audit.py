"""Compares an account and the results of its imports with the model, after a schedule."""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Mapping

from chalicelib.imports.records.limits import exceeds_limit
from chalicelib.imports.records.model import ImportRecord
from chalicelib.imports.reports.changes import FIELDS
from chalicelib.imports.reports.changes import HEADER as CHANGES_HEADER
from chalicelib.imports.rows.member_row import decode_row
from chalicelib.imports.rows.outcomes import OUTCOMES
from chalicelib.imports.rows.removal import Removal
from chalicelib.imports.running.parts import ImportParts, ResolvedRows
from chalicelib.imports.syncs.sync_parts import SyncParts
from chalicelib.members.history import Entry
from chalicelib.members.model import Member, MemberKey

from .account_model import AccountModel, Recorded
from .model import Change, Line, Stored
from .random_rows import UNREADABLE
from .schedules import File, Schedule
from .tables import history_of, members_of

NOT_LOADED = {"not_processed", "cancelled", "not_loaded"}  # codes of rows that were never written
ACCEPTED = {"created", "updated", "unchanged", "deleted", "changed_since"}


class Audit:
    """The account of a schedule, and its model."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        members = members_of(schedule.account, schedule.table)
        # By the birth of each member: when it was created.
        self._created_at = {f"{one.created_by}#{name}": one.created_at for name, one in members.items()}
        self.model = AccountModel(
            {
                name: Stored(m.first_name, m.last_name, m.phone_number, 1, f"{m.created_by}#{name}")
                for name, m in members.items()
            }
        )

    def check_import(self, file: File) -> dict[int, str]:
        """Asserts that an import, or an undo, did what its meaning says; returns the code or outcome by line."""
        record = self.schedule.pipeline.repository.get(file.import_id)
        by = f"import:{record.id}"
        if file.of:
            file.lines = self._undo_lines(record)
        codes = outcomes(self.schedule, file)
        if codes:
            removed = removed_by(self.schedule, file, set(self.model.members))
            expected = {number: line.problem for number, line in file.lines.items() if line.problem}
            not_loaded = {number: code for number, code in codes.items() if code in NOT_LOADED}
            assert not not_loaded.keys() & expected.keys()
            expected |= not_loaded
            left = {number: line for number, line in file.lines.items() if number not in expected}
            settled = self.model.load(left, file.mode, by, removed)
            expected |= settled.run()
            assert codes == expected
            if not file.dry_run:
                self.model.apply(settled)
        self.check_account()
        return codes

    def check_account(self) -> None:
        """Asserts that the members and their history are those of the model."""
        found = members_of(self.schedule.account, self.schedule.table)  # each with its claim
        expected = self.model.members
        assert found.keys() == expected.keys()
        for name, member in found.items():
            assert self._shown(expected[name], member) == _values(member)
        entries: defaultdict[str, list[Entry]] = defaultdict(list)
        for entry in history_of(self.schedule.account, self.schedule.table):
            entries[entry.key.client_member_id].append(entry)
        history = self.model.history()
        assert entries.keys() == history.keys()
        for name, recorded in history.items():
            chain = sorted(entries[name], key=lambda entry: entry.position)
            assert len(chain) == len(recorded), f"{chain} is not {recorded}"
            for entry, one in zip(chain, recorded, strict=True):
                self._check_entry(entry, one)

    def check_pages(self) -> None:
        """Asserts that callers see the history of some ids, page by page.

        Beside the members created under the id there may be those that moved there.
        """
        history, dice = self.schedule.pipeline.services.member_history, self.schedule.dice
        names, limit = self.model.members.keys() | self.model.history().keys(), dice.choice([1, 2, 10])
        for name in dice.sample(sorted(names), min(6, len(names))):
            page = history.page(MemberKey(self.schedule.account, name), limit)
            events = page.events
            while page.cursor:
                page = history.page(MemberKey(self.schedule.account, name), limit, page.cursor)
                events = events + page.events
            expected = self.model.events(name)
            shown = [
                (one.action, one.by, one.origin.line if one.origin else 0, one.version) for one in events
            ]
            assert [one for one in shown if one[0] != "created"] == [
                one for one in expected if one[0] != "created"
            ]
            created = Counter(one.by for one in events if one.action == "created")
            assert Counter(by for action, by, *_ in expected if action == "created") <= created

    def _check_entry(self, entry: Entry, recorded: Recorded) -> None:
        change, restoration = recorded
        origin = (entry.origin.import_id, entry.origin.line) if entry.origin else ("", 0)
        assert (entry.by, origin) == (change.by, _origin(change))
        assert change.old
        assert (change.old_name, self._shown(change.old, entry.before)) == _named(entry.before)
        assert (entry.after is None) == (change.new is None)
        if entry.after and change.new:
            assert (change.name, self._shown(change.new, entry.after)) == _named(entry.after)
            assert entry.after.modified_by == change.by
        assert (entry.restored is None) == (restoration is None)
        if entry.restored and restoration and restoration.new:
            assert (restoration.name, self._shown(restoration.new, entry.restored)) == _named(entry.restored)
            assert (entry.restored.modified_by, entry.restored_line) == (restoration.by, restoration.line)

    def _shown(self, stored: Stored, member: Member) -> tuple[object, ...]:
        """Returns a member of the model as `_values` returns that of the table. It was created once."""
        created_at = self._created_at.setdefault(stored.birth, member.created_at)
        return (*stored[:4], stored.birth.rpartition("#")[0], created_at)

    def _undo_lines(self, record: ImportRecord) -> dict[int, Line]:
        """Returns the rows of an undo by line, as the model has them."""
        storage = self.schedule.pipeline.storage
        chunks = [storage.chunk(record.folder, number) for number in range(record.chunks)]
        rows = [decode_row(text) for chunk in chunks for text in chunk.text.encode().splitlines()]
        was_split = rows or (record.error is not None and record.error.code == "nothing_to_undo")
        return self.model.undo_rows(f"import:{record.of}", rows) if was_split else {}


def _origin(change: Change) -> tuple[str, int]:
    """Returns (import id, line) of a change, both empty without an import."""
    kind, _, name = change.by.partition(":")
    return (name, change.line) if kind == "import" else ("", 0)


def _values(member: Member) -> tuple[object, ...]:
    cells = (member.first_name, member.last_name, member.phone_number)
    return (*cells, member.version, member.created_by, member.created_at)


def _named(member: Member) -> tuple[str, tuple[object, ...]]:
    return member.client_member_id, _values(member)


def outcomes(schedule: Schedule, file: File) -> dict[int, str]:
    """Returns the code, or the outcome, of each row of an import by line, whose results agree with each other.

    There are none if its file could not be read, or was not before it was cancelled.
    """
    record = schedule.pipeline.repository.get(file.import_id)
    assert record.finished_at, f"it is still {record.status}"
    without_report = record.error is not None and record.error.code == "report_failed"
    declined = record.removal is not None and record.removal.state == "declined"
    cancelled = file.import_id in schedule.cancelled
    assert record.status == "cancelled" or without_report or declined or not cancelled
    _check_report_and_notice(schedule, record)
    if not record.chunks:
        assert record.status in ("cancelled", "failed")
        assert not record.counts.rows
        return {}
    assert not without_report or "not_processed" in file.allowed_codes
    if without_report:
        codes = _parts(schedule, file, record)
    else:
        codes = {int(row["line"]): row["code"] or row["outcome"] for row in _rows(schedule, record)}
        _check_changes(schedule, file, record)
        _check_rejected(
            schedule, file, record, {n: code for n, code in codes.items() if code not in ACCEPTED}
        )
    assert list(codes) == list(file.lines)
    tally = Counter(code if code in ACCEPTED else "rejected" for code in codes.values())
    assert record.changed_since == tally["changed_since"]
    tally["unchanged"] += tally.pop("changed_since", 0)
    assert record.counts.model_dump(exclude={"removed", "rows"}) == {name: tally[name] for name in OUTCOMES}
    assert record.counts.rows == len(codes)
    return codes


def _check_report_and_notice(schedule: Schedule, record: ImportRecord) -> None:
    report = schedule.pipeline.report(record.id)
    assert (report["status"], report["counts"]) == (record.status, record.counts.model_dump())
    assert report["finished_at"] == record.finished_at
    assert report["error"] == (record.error.model_dump() if record.error else None)
    notices = [notice for notice in schedule.notices if notice["id"] == record.id]
    notices = [notice for notice in notices if notice["status"] != "awaiting_approval"]
    assert {notice["status"] for notice in notices} == {record.status}
    assert len(notices) == 1 or schedule.disturbed


def _check_rejected(
    schedule: Schedule, file: File, record: ImportRecord, rejected: Mapping[int, str]
) -> None:
    """Asserts that rejected.csv has the rejected rows, in their order."""
    rows = schedule.pipeline.rejected(record.id)
    assert {int(row["line"]): row["code"] for row in rows} == rejected
    assert [int(row["line"]) for row in rows] == sorted(rejected)
    assert schedule.pipeline.report(record.id)["codes"] == Counter(rejected.values())
    assert {code for code in rejected.values() if code in NOT_LOADED} <= file.allowed_codes
    for row in rows:
        line = file.lines[int(row["line"])]
        assert (row["client_member_id"], row["first_name"]) == (line.client_member_id, line.first_name)
    _check_limit(file, record, rejected)


def _rows(schedule: Schedule, record: ImportRecord) -> list[dict[str, str]]:
    """Returns what changes.csv says of the rows of the file."""
    return [row for row in schedule.pipeline.changes(record.id) if row["line"]]


def _check_changes(schedule: Schedule, file: File, record: ImportRecord) -> None:
    """Asserts that changes.csv says what each updated and deleted row has replaced."""
    for row in _rows(schedule, record):
        changed = {name for name in FIELDS if row[f"{name}_from"]}
        line = file.lines[int(row["line"])]
        assert bool(changed) == (row["outcome"] in ("updated", "deleted"))
        assert line.deletes or row["outcome"] != "deleted"
        for name in changed - {"account_id"}:
            to = "" if line.deletes else getattr(line, name)
            assert row[f"{name}_from"] != row[f"{name}_to"] == to


def removed_by(schedule: Schedule, file: File, members: set[str]) -> set[str]:
    """Returns which members a sync has removed, or a dry run of it would remove, after checks."""
    record = schedule.pipeline.repository.get(file.import_id)
    removal = record.removal
    if removal is None:
        assert not record.counts.removed
        return set()
    text = CHANGES_HEADER[1:] + "".join(SyncParts(schedule.pipeline.storage, record).changes())
    rows = list(csv.DictReader(io.StringIO(text)))
    removed = {row["client_member_id_from"] for row in rows if row["outcome"] != "kept"}
    if not record.error or record.error.code != "report_failed":
        assert [row for row in schedule.pipeline.changes(record.id) if not row["line"]] == rows
    assert record.counts.removed == len(removed)
    lines = file.lines.values()
    unnamed = members - {name for line in lines for name in (line.client_member_id, line.previous)}
    misread = any(line.previous == UNREADABLE for line in lines)
    misread |= record.encoding_guessed or bool(record.invalid_bytes)
    assert removed <= (set() if misread else unnamed)
    if record.status == "completed" and not file.allowed_codes - {"not_loaded"}:
        held = len(unnamed) > schedule.pipeline.settings.max_removed
        _check_removal(removal, removed, set() if misread else unnamed, misread=misread, held=held)
    return removed


def _check_removal(
    removal: Removal, removed: set[str], unnamed: set[str], *, misread: bool, held: bool
) -> None:
    """Asserts that a sync that was not stopped has removed all members that its file does not name, or none."""
    if misread:
        assert removal.state == "not_done"
    elif not held:
        assert removal.state == "within_limits"
    else:
        assert removal.state in ("awaiting_approval", "approved", "declined")  # the first of a dry run
    assert removed == (set() if removal.state == "declined" else unnamed)


def _parts(schedule: Schedule, file: File, record: ImportRecord) -> dict[int, str]:
    """Returns the code, or the outcome, of each row of an import whose rows were settled and whose report failed."""
    parts = ImportParts(schedule.pipeline.storage, record)
    resolved = parts.resolved() if record.rows_deferred and not record.in_one_step else ResolvedRows()
    found = dict.fromkeys(file.lines, "created")
    for number in range(record.chunks):
        of_chunk, _ = parts.found(number, resolved)
        found |= {line: one.code or one.outcome for line, one in of_chunk.items()}
    return found


def _check_limit(file: File, record: ImportRecord, rejected: Mapping[int, str]) -> None:
    """Asserts that an import with a limit of rejected rows stopped if it was exceeded, before the first write."""
    if file.max_rejected is None or "cancelled" in (record.status, *rejected.values()):
        return
    unreadable = sum(1 for line in file.lines.values() if line.problem)
    refused = sum(1 for code in rejected.values() if code != "not_loaded")
    failed = record.error is not None and record.error.code == "too_many_rejected"
    assert failed == exceeds_limit(file.max_rejected, refused, len(file.lines))
    assert failed or "not_loaded" not in rejected.values()
    if (
        exceeds_limit(file.max_rejected, unreadable, len(file.lines))
        and "not_processed" not in rejected.values()
    ):
        assert record.counts.created + record.counts.updated + record.counts.deleted == 0
