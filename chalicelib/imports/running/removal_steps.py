"""The steps of a sync that remove members: one for each shard of the account."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.dynamodb.table import Table
from chalicelib.errors import Busy
from chalicelib.imports.records.model import ImportRecord
from chalicelib.imports.records.steps import Lease, StepRepository
from chalicelib.imports.records.storage import ImportStorage
from chalicelib.imports.rows.removal import Removal
from chalicelib.imports.syncs.remover import Remover
from chalicelib.imports.syncs.sync_parts import SyncParts

from .write_steps import Work

NOTE_SECONDS = 0.5  # between two notes of what is removed


@dataclass(frozen=True, slots=True)
class RemovalSteps:
    """Removes the members that a file does not name."""

    table: Table
    steps: StepRepository
    storage: ImportStorage
    in_flight: int
    history_days: int

    def remove(self, record: ImportRecord, lease: Lease, work: Work) -> None:
        """Removes the missing members of a shard. Raises OutOfTime, Stopped, Busy."""
        removal, parts = record.removal or Removal(), SyncParts(self.storage, record)
        ids = [one.client_member_id for one in parts.missing(lease.step.number)]
        progress = _Progress(self.steps, parts, lease)
        kept_code = work.rejection.code if work.rejection else ""
        if kept_code and not lease.repeated:
            progress.add([kept_code] * (len(ids) - lease.settled_to))
            return progress.finish()
        context = record.row_context._replace(history_days=self.history_days)
        named_since = parts.named_since() if removal.state == "approved" else ()
        remover = Remover(
            self.table,
            context,
            removal.account_id or "",
            self.in_flight,
            named_since,
            repeated=lease.repeated,
            kept_code=kept_code,
        )
        try:
            with remover.removing(ids[lease.settled_to :]) as groups:
                for codes in groups:
                    progress.add(codes)
                    progress.note_if_due()
                    work.check_time()
        except Busy:
            progress.note()
            raise
        return progress.finish()


class _Progress:
    """What became of the missing members of a shard, noted so that none counts twice."""

    def __init__(self, steps: StepRepository, parts: SyncParts, lease: Lease) -> None:
        self._steps, self._parts, self._lease = steps, parts, lease
        kept = parts.kept(lease.step.number) if lease.saved else {}
        self._kept = {place: code for place, code in kept.items() if place < lease.settled_to}
        self._removed = 0  # since the last note
        self._noted_at = time.monotonic()

    def add(self, codes: Sequence[str]) -> None:
        """Takes in why the next members were kept, "" for those that were removed."""
        for place, code in enumerate(codes, self._lease.settled_to):
            if code:
                self._kept[place] = code
            else:
                self._removed += 1
        self._lease.settled_to += len(codes)

    def note_if_due(self) -> None:
        """Notes the progress every NOTE_SECONDS. Raises Stopped, Busy."""
        if time.monotonic() - self._noted_at >= NOTE_SECONDS:
            self.note()

    def note(self) -> None:
        """Adds what is removed to the counts of the import. Raises Stopped, Busy."""
        self._store()
        self._steps.note(self._lease, {"removed": self._removed})
        self._removed = 0
        self._noted_at = time.monotonic()

    def finish(self) -> None:
        """Ends the step. Raises Stopped, Busy."""
        self._store()
        self._steps.finish(self._lease, {"removed": self._removed})

    def _store(self) -> None:
        self._parts.put_kept(self._lease.step.number, self._kept)
