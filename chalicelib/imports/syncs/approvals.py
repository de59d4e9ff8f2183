"""Lets removals that wait for approval happen, or not: by people, by a newer sync, by time."""

from dataclasses import dataclass

from chalicelib.clock import now
from chalicelib.errors import ApproverIsSender, NotAwaitingApproval, NotFound
from chalicelib.imports.records.messages import Messenger
from chalicelib.imports.records.model import ImportRecord, Stage
from chalicelib.imports.records.repository import ImportRepository
from chalicelib.imports.records.steps import Step
from chalicelib.imports.rows.removal import RemovalState

from .account_syncs import AccountSyncsRepository

AFTER_HOLD = ("recheck", "settle", "finish")


@dataclass(frozen=True, slots=True)
class Approvals:
    """The imports that wait for approval. Each method may be repeated after its caller died."""

    repository: ImportRepository
    messenger: Messenger
    account_syncs: AccountSyncsRepository
    must_differ: bool  # the one who approves from the one who started the import

    def approve(self, import_id: str, by: str | None = None) -> ImportRecord:
        """Lets the removal happen, as far as it is still right.

        Raises NotAwaitingApproval, ApproverIsSender, NotFound.
        """
        record = self.repository.get(import_id)
        if self.must_differ and by is not None and by == record.created_by:
            raise ApproverIsSender
        if record.status == "awaiting_approval":
            record = self.expire_if_due(record)
        if record.removal and record.status == "awaiting_approval":
            newest = self.account_syncs.get(record.removal.account_id or "").newest
            if newest > (record.row_context.arrived_at, record.id):
                record = self._settle(record, "superseded")
        return self._decide(record, "approved", by)

    def decline(self, import_id: str, by: str | None = None) -> ImportRecord:
        """Ends the wait without a removal. Raises NotAwaitingApproval, NotFound."""
        return self._decide(self.repository.get(import_id), "declined", by)

    def supersede(self, import_id: str) -> None:
        """Ends the wait of an import whose account has a newer file."""
        try:
            self._settle(self.repository.get(import_id), "superseded")
        except NotFound:
            return

    def expire_if_due(self, record: ImportRecord) -> ImportRecord:
        """Ends the wait of an import after its time; returns the import as it is then."""
        expires_at = record.removal.expires_at if record.removal else None
        if expires_at and expires_at <= now():
            return self._settle(record, "expired")
        return record

    def _decide(self, record: ImportRecord, state: RemovalState, by: str | None) -> ImportRecord:
        decided = self._settle(record, state, by)
        if decided.finished_at or decided.removal is None or decided.removal.state != state:
            raise NotAwaitingApproval(decided.shown().status)
        return decided

    def _settle(self, record: ImportRecord, state: RemovalState, by: str | None = None) -> ImportRecord:
        """Ends the wait of an import, unless it was ended before, and queues what follows."""
        removal = record.removal
        if removal is None:
            return record
        if record.status == "awaiting_approval":
            decided = {"state": state, "decided_at": now(), "decided_by": by}
            loading = record.model_copy(update={"status": "loading", "loading_at": now()})
            record = self.repository.leave_hold(
                loading, removal.model_copy(update=decided), stage_after_hold(record, state)
            ) or self.repository.get(record.id)
        if record.stage in AFTER_HOLD and not record.finished_at:  # its sender may have died before
            self.messenger.send_step(record.id, Step(record.stage))
        return record


def stage_after_hold(record: ImportRecord, state: RemovalState) -> Stage:
    """Returns the stage of an import after what was decided."""
    if state == "approved":
        return "recheck"
    return "settle" if record.rows_held else "finish"
