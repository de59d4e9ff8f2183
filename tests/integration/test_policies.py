"""The policies of the functions, compared with what their code does to the table: the engine enforces none."""

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib import config
from chalicelib.imports.records.import_ids import event_import_id
from chalicelib.imports.records.model import ImportRecord
from chalicelib.services import services
from tests.support.exports import new_export
from tests.support.functions import Functions, dropped, message
from tests.support.people import person, phone
from tests.support.pipeline import HEADER, Pipeline
from tests.support.request_faults import error_response, inject_faults
from tests.support.syncs import fill, roster
from tests.support.table_access import Access, allows, permissions, table_access

SETTINGS = {"CHUNK_SIZE": "1024", "LOAD_WRITE_UNITS": "40000", "MAX_REMOVED": "5", "MAX_REMOVED_PERCENT": "0"}
THROTTLED = error_response("TransactionCanceledException", reasons=["ThrottlingError"])
FUNCTIONS = ("start_import", "split", "load", "export", "settle_dead_letters")


class Recorder:
    """Calls functions, and keeps what each does to the table."""

    def __init__(self) -> None:
        self.found: dict[str, set[Access]] = {name: set() for name in FUNCTIONS}
        self.pipeline = Pipeline()
        self._functions = Functions()

    def invoke(self, name: str, event: dict[str, Any], seconds: int = 300) -> None:
        """Calls a function that has so many seconds."""
        with table_access() as found:
            self._functions.invoke(name, event, seconds)
        self.found[name] |= found

    def run(self, key: str, text: str, stop_at: str = "") -> ImportRecord:
        """Imports a dropped file. A step of the stage `stop_at` has no time, and becomes a dead letter."""
        source, _ = self.pipeline.drop(key, text.encode())
        event = dropped(source)
        event["Records"][0]["eventTime"] = source.arrived_at
        self.invoke("start_import", event)
        import_id = event_import_id(source, source.arrived_at or "", "")
        if stop_at == "read":  # before that the event is delivered again
            self.split()
            self.invoke("start_import", event)
        return self.drain(import_id, stop_at)

    def split(self) -> None:
        """Splits what is queued."""
        for body in self.pipeline.messages(self.pipeline.settings.split_queue_url):
            self.invoke("split", message(body))

    def drain(self, import_id: str, stop_at: str = "") -> ImportRecord:
        """Does what is queued; returns the import as it is then."""
        self.split()
        for body in self.pipeline.messages(self.pipeline.settings.load_queue_url):
            if body["stage"] == stop_at:
                # Without time, but with one transaction where it has several: so a part of the work is done.
                with inject_faults(config.dynamodb(), "TransactWriteItems", None, *[THROTTLED] * 20):
                    self.invoke("load", message(body), seconds=300 if stop_at == "remove" else 30)
                self.invoke("settle_dead_letters", message(body))
            else:
                self.invoke("load", message(body))
        return self.pipeline.repository.get(import_id)


@pytest.fixture
def recorder(settings: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """The functions with these settings."""
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    config.settings.cache_clear()
    services.cache_clear()
    yield Recorder()
    monkeypatch.undo()
    config.settings.cache_clear()
    services.cache_clear()


def use_everything(recorder: Recorder, account: str) -> None:
    """Imports in each mode, exports, and steps that fail too often."""
    fill(recorder.pipeline, account, 60)
    swap = [person(account, 0, phone_number=phone(1)), person(account, 1, phone_number=phone(0))]
    rows = "".join(
        f"{one.first_name},{one.last_name},{one.phone_number},{one.client_member_id},{account}\n"
        for one in swap
    )
    changed = recorder.run("drops/upsert/a.csv", roster(account, range(2, 60)).replace("Ann", "Eve") + rows)
    assert changed.counts.updated >= 2
    for stage in ("read", "write", "resolve"):
        recorder.run(f"drops/upsert/{stage}.csv", roster(account, range(60)) + rows, stop_at=stage)
    recorder.run("drops/delete/load.csv", roster(account, [59]), stop_at="load")
    for stage in ("", "load"):
        recorder.run(f"drops/dry_run/delete/{stage}.csv", roster(account, [58]), stop_at=stage)
    assert recorder.run("drops/delete/a.csv", roster(account, [58, 59])).finished_at
    recorder.run("drops/bad/=/a.csv", HEADER)

    removes = recorder.run("drops/sync/a.csv", roster(account, range(56)))
    assert removes.counts.removed == 2
    recorder.run("drops/sync/compare.csv", roster(account, range(55)), stop_at="compare")
    recorder.run("drops/sync/remove.csv", roster(account, range(55)), stop_at="remove")
    waits = recorder.run("drops/sync/b.csv", roster(account, range(40)))
    assert waits.status == "awaiting_approval"
    recorder.invoke("settle_dead_letters", message({"import": waits.id, "stage": "hold", "number": 0}))
    services().imports.approvals.approve(waits.id)
    done = recorder.drain(waits.id)
    assert done.counts.removed > 3
    assert recorder.drain(services().imports.undo(done, None).id).counts.created > 3

    record = new_export(account)
    for _ in range(2):
        services().exports.start(record)
        for body in recorder.pipeline.messages(recorder.pipeline.settings.export_queue_url):
            recorder.invoke("export", message(body))
            recorder.invoke("settle_dead_letters", message(body))


def test_policies_allow_what_each_function_does(recorder: Recorder, account: str) -> None:
    use_everything(recorder, account)
    for name, found in recorder.found.items():
        allowed = permissions(name)
        refused = {access for access in found if not any(allows(one, access) for one in allowed)}
        assert refused == set(), name
        used = {
            pattern for action, pattern in allowed for access in found if allows((action, pattern), access)
        }
        assert {pattern for _, pattern in allowed} == used, name
