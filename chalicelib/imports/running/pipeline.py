"""Runs imports: starts, splits the file into chunks, takes them through the stages, ends with a report.

A worker may die anywhere. So the state is stored first, and each redelivery, of dead letters too, does what is still
undone.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from chalicelib.clock import now
from chalicelib.errors import Busy, Ended, NotADryRun, NotAwaitingApproval, NotFound, Unreadable
from chalicelib.imports.records.drop_key import account_of_key, parse_drop_key
from chalicelib.imports.records.import_ids import new_import_id
from chalicelib.imports.records.messages import Messenger
from chalicelib.imports.records.model import Failure, ImportRecord, Source, with_status
from chalicelib.imports.records.new_import import NewImport
from chalicelib.imports.records.profile import parse_profile, profile_keys, with_profile
from chalicelib.imports.records.repository import ImportRepository
from chalicelib.imports.records.steps import Step
from chalicelib.imports.records.storage import (
    CHANGES,
    ImportStorage,
    announced_import_id,
    result_key,
    upload_key,
)
from chalicelib.imports.splitting.encoding_guess import UnsureEncoding
from chalicelib.imports.splitting.splitter import split_object
from chalicelib.imports.splitting.undo_splitter import check_undoable, split_undo
from chalicelib.imports.syncs.approvals import Approvals
from chalicelib.links import Link

from .finisher import Finisher
from .step_runner import StepRunner


@dataclass(frozen=True, slots=True)
class ImportPipeline:
    """What callers and workers do with an import. Each may be repeated, and its worker may die anywhere."""

    repository: ImportRepository
    storage: ImportStorage
    messenger: Messenger
    finisher: Finisher
    runner: StepRunner
    approvals: Approvals

    def announce(self, record: ImportRecord, filename: str) -> tuple[ImportRecord, Link]:
        """Adds an import whose file is still to be uploaded; returns it and the link for that."""
        record = self._announce(record, filename)
        return record, self.storage.upload_link(record.source.key)

    def upload(self, record: ImportRecord, body: bytes, filename: str) -> ImportRecord:
        """Adds an import and stores its file, whose event starts the split. If that fails, so does the import."""
        record = self._announce(record, filename)
        if record.status != "awaiting_upload":
            return record
        try:
            version = self.storage.put(record.source.key, body)
        except Exception:
            self.fail_upload(record)
            raise
        stored = {"version": version, "size": len(body), "arrived_at": record.created_at}
        source = record.source.model_copy(update=stored)
        with suppress(Busy):  # the event does the same
            return self._arrived(record, {"source": source, "started_at": now(), "status": "splitting"})
        return record

    def fail_upload(self, record: ImportRecord) -> ImportRecord:
        """Ends an announced import whose file could not be stored."""
        return self.finisher.fail(record, "upload_failed", "The file could not be stored; send it again.")

    def _announce(self, record: ImportRecord, filename: str) -> ImportRecord:
        source = Source(bucket=self.storage.bucket_name, key=upload_key(record.id, filename))
        stored = self._add(record.model_copy(update={"source": source}))
        return self._announce(_begun_anew(record), filename) if stored.status == "failed" else stored

    def _add(self, record: ImportRecord) -> ImportRecord:
        """Adds an import, unless an earlier attempt of the request has added it; returns it as it is stored."""
        return record if self.repository.add(record) else self.repository.get(record.id)

    def cancel(self, import_id: str) -> ImportRecord:
        """Stops an import: rows that are not loaded yet are rejected. Raises Ended, NotFound."""
        failure = Failure(code="cancelled", detail="The import was cancelled.")
        while True:
            record = self.repository.get(import_id)
            stopped = with_status(record, "cancelled", failure)
            if record.status == "loading":  # the remaining steps run, and load no more rows
                cancelled = self.repository.transition(stopped, "loading")
                if cancelled:
                    return cancelled
            elif record.status in ("awaiting_upload", "splitting") and not record.shown().finished_at:
                ended = self.finisher.end(stopped, record.status)
                if ended.status == "cancelled":
                    return ended
            elif record.status == "awaiting_approval":
                with suppress(NotAwaitingApproval):
                    return self.approvals.decline(import_id)
            else:
                if record.finished_at:
                    self.finisher.notify_once(record)
                raise Ended(f"The import has ended: it is {record.shown().status}.")

    def apply(self, checked: ImportRecord, by: str | None, import_id: str = "") -> ImportRecord:
        """Imports the file of a dry run, with its options: exactly the version of the object that was checked.

        The file has arrived when it was checked: what others have changed since then stays. Raises NotADryRun.
        """
        if not checked.dry_run or checked.status != "completed":
            raise NotADryRun
        mode = "create" if checked.mode == "validate" else checked.mode
        started: dict[str, Any] = {
            "id": import_id or new_import_id(),
            "created_at": now(),
            "created_by": by,
            "status": "splitting",
        }
        kept = checked.model_dump(
            include={*NewImport.model_fields, "accounts", "column_map", "of", "of_file"}
        )
        source = checked.source.model_copy(update={"arrived_at": checked.row_context.arrived_at})
        options = {**kept, "mode": mode, "dry_run": False, "applies": checked.id, "source": source}
        if (
            checked.encoding_guessed or checked.encoding == "utf-8"
        ):  # detected: declared, it would be enforced
            options["encoding"] = None
        record = ImportRecord(**{**options, **started, "started_at": started["created_at"]})
        return self._name_in_earlier(self._queue(record))

    def undo(
        self, done: ImportRecord, by: str | None, import_id: str = "", *, dry_run: bool = False
    ) -> ImportRecord:
        """Takes an import back, by an import of its own. Raises NotUndoable; NotFound if its results have expired."""
        check_undoable(done)
        size = self.storage.result_size(done.id, CHANGES)
        source = Source(bucket=self.storage.bucket_name, key=result_key(done.id, CHANGES), size=size)
        moment = now()
        record = ImportRecord(
            id=import_id or new_import_id(),
            status="splitting",
            mode="undo",
            dry_run=dry_run,
            source=source,
            of=done.id,
            of_file=_shown_name(done),
            account_id=done.account_id,
            accounts=done.accounts,
            created_by=by,
            created_at=moment,
            started_at=moment,
        )
        return self._name_in_earlier(self._queue(record))

    def _queue(self, record: ImportRecord) -> ImportRecord:
        """Adds an import and queues its split. If that fails, so does the import: no event would start it."""
        stored = self._add(record)
        if stored.status == "failed":
            return self._queue(_begun_anew(record))
        record = stored
        try:
            self.messenger.send_split(record)
        except Exception:
            self.finisher.fail(record, "not_started", "The import could not be queued; start it again.")
            raise
        return record

    def _name_in_earlier(self, record: ImportRecord) -> ImportRecord:
        """Names a queued import in the dry run that it applies and the import that it takes back; returns it."""
        with suppress(Busy):  # it runs: without the name, these can be applied and taken back as before
            if record.applies:
                self.repository.name_follower(record.applies, "applied_by", record.id)
            if record.of and not record.dry_run:
                self.repository.name_follower(record.of, "undone_by", record.id)
        return record

    def start(self, source: Source, import_id: str) -> ImportRecord:
        """Starts the import of an object and queues its split. An upload has its announced id, not `import_id`.

        It takes milliseconds whatever the file: S3 calls for any number of objects at once.
        """
        record = self._import_of(source, import_id)
        if record.status == "splitting":
            self.messenger.send_split(record)
            return record
        self.storage.tag_roster(source)
        return self.runner.start(record)

    def split(self, import_id: str) -> ImportRecord:
        """Splits the file of a started import into chunks and queues the first step. Raises NotFound."""
        record = self.repository.get(import_id)
        if not record.of:  # an undo reads a result, which expires by itself
            self.storage.tag_roster(record.source)
        if record.status == "splitting":
            try:
                ready = self._split(record)
            except UnsureEncoding as error:
                record = record.model_copy(update={"encoding_candidates": error.candidates})
                return self.finisher.fail(record, error.code, error.detail)
            except Unreadable as error:
                return self.finisher.fail(record, error.code, error.detail)
            record = self.repository.transition(ready, "splitting") or self.repository.get(record.id)
        return self.runner.start(record)

    def _split(self, record: ImportRecord) -> ImportRecord:
        """Stores the chunks of an import, and returns it, ready to load. Raises Unreadable, NotFound."""
        if record.of:
            return split_undo(self.storage, record, self.repository.get(record.of))
        return split_object(self.storage, record if record.applies else self._with_profile(record))

    def give_up_split(self, import_id: str) -> ImportRecord:
        """Ends an import whose split failed too often. Raises NotFound."""
        record = self.repository.get(import_id)
        if record.status == "splitting":
            detail = "The file could not be read; nothing was imported."
            return self.finisher.fail(record, "split_failed", detail)
        return self.runner.start(record)

    def step(self, import_id: str, step: Step) -> ImportRecord:
        """Does a step, see StepRunner."""
        return self.runner.step(import_id, step)

    def give_up(self, import_id: str, step: Step) -> ImportRecord:
        """Settles a step that failed too often, see StepRunner."""
        return self.runner.give_up(import_id, step)

    def _import_of(self, source: Source, import_id: str) -> ImportRecord:
        """Returns the import of this object, which the first delivery of its event adds.

        It has failed from the beginning if the key cannot be parsed: no worker may die between the two and leave an
        import that would be split.
        """
        options: dict[str, Any] = {"account_id": account_of_key(source.key)}  # who may see a failed import
        started: dict[str, Any] = {"source": source, "started_at": now(), "status": "splitting"}
        try:
            options = parse_drop_key(source.key)
        except Unreadable as error:
            failure = Failure(code=error.code, detail=error.detail)
            started |= {"status": "failed", "error": failure, "finished_at": now()}
        if announced := announced_import_id(source.key):
            with suppress(NotFound):  # nobody announced this id: the object is a drop like any other
                return self._accept_upload(announced, source, started)
        new = {"id": import_id, "created_at": started["started_at"], "mode": "create", **options, **started}
        record = ImportRecord(**new)
        return self._add(record)

    def _with_profile(self, record: ImportRecord) -> ImportRecord:
        """Returns the import of a dropped file with the options of its sender. Raises Unreadable."""
        key = record.source.key
        if announced_import_id(key):  # it was announced with its options
            return record
        for name in profile_keys(key):
            if (body := self.storage.profile(name)) is not None:
                options = with_profile(parse_drop_key(key), parse_profile(name, body))
                options["column_map"] = options.pop("columns", None) or {}
                return record.model_copy(update=options)
        return record

    def _accept_upload(self, import_id: str, source: Source, started: Mapping[str, object]) -> ImportRecord:
        """Returns the announced import, whose file has arrived. Raises NotFound."""
        record = self.repository.get(import_id)
        if record.status == "awaiting_upload":
            record = self._arrived(record, started)
        # Another object under the same key is not imported. An import that ended before its upload has no version.
        if record.source.version not in (None, source.version):
            return record.model_copy(update={"status": "cancelled", "notified": True})
        return record

    def _arrived(self, record: ImportRecord, started: Mapping[str, object]) -> ImportRecord:
        """Returns an announced import once its file has arrived, as it is then."""
        moved = self.repository.transition(record.model_copy(update=started), "awaiting_upload")
        return moved or self.repository.get(record.id)


def _begun_anew(record: ImportRecord) -> ImportRecord:
    """Returns the record of an import whose request is repeated after an attempt that ended the first one."""
    return record.model_copy(update={"id": new_import_id()})


def _shown_name(record: ImportRecord) -> str:
    """Returns the name of an import's file; for an undo, of the file that it takes back."""
    return f"undo of {record.of_file or record.of}" if record.of else record.source.key.rpartition("/")[2]
