"""The steps of a sync before members are removed: compare the account with the file, and judge the difference.

The syncs of an account compare and remove one after the other. Nothing is removed if the file may be misread, or if
the import does not go on.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from chalicelib.clock import iso_time, now
from chalicelib.dynamodb.table import Table
from chalicelib.errors import Busy, NotFound
from chalicelib.imports.records.model import ImportRecord
from chalicelib.imports.records.repository import ImportRepository
from chalicelib.imports.records.steps import Lease, StepRepository
from chalicelib.imports.records.storage import ImportStorage
from chalicelib.imports.rows.outcomes import was_changed_since
from chalicelib.imports.rows.removal import APPROVAL_DAYS, Removal, RemovalLimits
from chalicelib.imports.syncs.account_syncs import AccountSyncs, AccountSyncsRepository
from chalicelib.imports.syncs.approvals import Approvals
from chalicelib.imports.syncs.newer_imports import NewerImports
from chalicelib.imports.syncs.sync_parts import Missing, SyncParts, named_ids_of_shard
from chalicelib.members.items import from_item, member_key, member_key_of
from chalicelib.members.name_index import NameIndex

from .read_steps import PARTS_AHEAD
from .write_steps import Work

# Those in which a sync keeps others waiting.
ACTIVE_STAGES = ("compare", "judge", "resolve", "hold", "recheck", "remove")
READ_SIZE = 1000  # ids of an account that are compared at once


@dataclass(frozen=True, slots=True)
class SyncSteps:
    """Finds the members that a file does not name, and whether they may be removed.

    Each step raises OutOfTime, Stopped, Busy.
    """

    table: Table
    steps: StepRepository
    storage: ImportStorage
    repository: ImportRepository
    account_syncs: AccountSyncsRepository
    approvals: Approvals
    newer_imports: NewerImports
    limits: RemovalLimits

    def compare(self, record: ImportRecord, lease: Lease, work: Work) -> None:
        """Stores the members of a shard that the file does not name, as far as nobody has changed them since."""
        removal, found = record.removal or Removal(), _Comparison()
        if removal.account_id and not work.rejection:
            self._enter(record, removal.account_id)
            parts = SyncParts(self.storage, record)
            with ThreadPoolExecutor(PARTS_AHEAD) as pool:
                named = named_ids_of_shard(pool, parts, record.chunks, lease.step.number)
            for ids in self._pages(removal.account_id, lease.step.number, record, named, found):
                found.missing += self._unchanged(record, removal.account_id, ids)
                work.check_time()
            parts.put_missing(lease.step.number, found.missing)
        counts = {"members_found": found.members, "removals_found": len(found.missing)}
        self.steps.finish(lease, counts | {"shards_skipped": int(work.rejection is not None)})

    def _enter(self, record: ImportRecord, account_id: str) -> bool:
        """Makes this the sync of its account that compares and removes; returns False if there was a newer one.

        Raises Busy while another one does. A sync that waits for approval is superseded by a newer one.
        """
        if record.dry_run:
            return True
        mine = (record.row_context.arrived_at, record.id)

        def enter(syncs: AccountSyncs) -> AccountSyncs:
            if syncs.newest > mine:
                return syncs
            if syncs.active not in ("", record.id) and self._is_active(syncs.active):
                raise Busy
            if syncs.waiting not in ("", record.id):
                self.approvals.supersede(syncs.waiting)
            return syncs._replace(newest=mine, active=record.id, waiting="")

        return self.account_syncs.change(account_id, enter).newest == mine

    def _is_active(self, import_id: str) -> bool:
        try:
            record = self.repository.get(import_id)
        except NotFound:
            return False
        return (
            not record.finished_at and record.status != "awaiting_approval" and record.stage in ACTIVE_STAGES
        )

    def _pages(
        self, account_id: str, shard: int, record: ImportRecord, named: set[str], found: "_Comparison"
    ) -> Iterator[list[str]]:
        """Yields the ids of a shard that the file does not name, some at a time; counts the members in `found`."""
        arrived_at = record.row_context.arrived_at
        page: list[str] = []
        for number, (name, created_at) in enumerate(NameIndex(self.table).shard_ids(account_id, shard), 1):
            if created_at <= arrived_at:
                found.members += 1
                page += [] if name in named else [name]
            if number % READ_SIZE == 0:
                yield page
                page = []
        yield page

    def _unchanged(self, record: ImportRecord, account_id: str, ids: list[str]) -> list[Missing]:
        """Returns those of the members that exist, and that nobody has changed since the file arrived.

        The index may lag behind ("Using Global Secondary Indexes in DynamoDB"), so the members themselves are read.
        """
        items = self.table.batch_get([member_key(account_id, name) for name in dict.fromkeys(ids)])
        members = ((item, from_item(item)) for item in sorted(items, key=member_key_of))
        context = record.row_context
        return [
            Missing.of(member) for item, member in members if not was_changed_since(item, member, context)
        ]

    def judge(self, record: ImportRecord, lease: Lease, work: Work) -> None:
        """Decides whether the members that the file does not name are removed now, later or not at all."""
        removal = (record.removal or Removal()).model_copy(
            update={"members": record.members_found, "found": record.removals_found}
        )
        code = self._stop_code(record, work) or self._objection(record, removal)
        removal = removal.not_done(code) if code else self._judged(record, removal)
        self.repository.put_removal(record, removal)
        predicted = removal.found if record.dry_run and removal.state != "not_done" else 0
        self.steps.finish(lease, {"removed": predicted})

    def _stop_code(self, record: ImportRecord, work: Work) -> str | None:
        """Returns the code of the reason why an import does not go on, None if it does."""
        if record.status != "loading":
            return "cancelled" if record.status == "cancelled" else "failed"
        return "not_processed" if work.rejection or record.shards_skipped else None

    def _objection(self, record: ImportRecord, removal: Removal) -> str | None:
        """Returns the code of the reason why nothing may be removed, None without one."""
        if record.unreadable_ids or removal.account_id is None:
            return "unreadable_id"
        if record.encoding_guessed:
            return "encoding_guessed"
        if record.invalid_bytes:
            return "invalid_bytes"
        if not record.scope.includes(removal.account_id):
            return "account_forbidden"
        newest = self.account_syncs.get(removal.account_id).newest
        return "superseded" if newest > (record.row_context.arrived_at, record.id) else None

    def _judged(self, record: ImportRecord, removal: Removal) -> Removal:
        """Returns the removal within the limits, or waiting for approval."""
        account_id, found = removal.account_id or "", removal.found
        limits = self.limits.lowered(record.max_removed, record.max_removed_percent)
        lately = self.account_syncs.get(account_id).removed_lately(record.id)
        if found and limits.are_exceeded(found + lately, removal.members + lately):
            expires_at = iso_time(int((time.time() + APPROVAL_DAYS * 24 * 3600) * 1000))
            removal = removal.model_copy(update={"state": "awaiting_approval", "expires_at": expires_at})
        else:
            removal = removal.model_copy(update={"state": "within_limits", "decided_at": now()})
        if not record.dry_run:
            self.account_syncs.change(account_id, lambda syncs: _noted(syncs, record.id, removal))
        return removal

    def recheck(self, record: ImportRecord, lease: Lease, work: Work) -> None:
        """Finds the members that newer files name, before an approved removal. Raises Busy while one is loaded."""
        removal = record.removal or Removal()
        code = self._stop_code(record, work)
        if not code and not self._enter(record, removal.account_id or ""):
            code = "superseded"
        if code:
            self.repository.put_removal(record, removal.not_done(code))
        else:
            parts = SyncParts(self.storage, record)
            missing = {one.client_member_id for one in parts.all_missing()}
            account_id = removal.account_id or ""
            try:
                named = self.newer_imports.named(record, account_id, missing, work.check_time)
            except Busy:
                self._leave(
                    record, account_id
                )  # the newer import may be a sync, which would wait for this one
                raise
            parts.put_named_since(named)
        self.steps.finish(lease, {})

    def _leave(self, record: ImportRecord, account_id: str) -> None:
        """Lets other syncs of the account compare and remove, until this one enters again."""

        def leave(syncs: AccountSyncs) -> AccountSyncs:
            return syncs._replace(active="") if syncs.active == record.id else syncs

        self.account_syncs.change(account_id, leave)


class _Comparison:
    """What was found in a shard: the number of members, and those that the file does not name."""

    def __init__(self) -> None:
        self.members = 0
        self.missing: list[Missing] = []


def _noted(syncs: AccountSyncs, import_id: str, removal: Removal) -> AccountSyncs:
    """Returns the syncs of an account with what one removes, or waits for."""
    if removal.state == "awaiting_approval":
        return syncs._replace(waiting=import_id)
    return syncs.with_removed(import_id, removal.found) if removal.found else syncs
