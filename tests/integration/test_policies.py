"""The policies of the functions, compared with what their code asks of AWS: the engine enforces none."""

import json
from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any

import pytest

from chalicelib import config
from chalicelib.errors import Busy
from chalicelib.imports.records.import_ids import event_import_id
from chalicelib.imports.records.model import ImportRecord
from chalicelib.services import services
from tests.support.aws_access import Access, aws_access, compare
from tests.support.client import JSON, Http
from tests.support.exports import Exports, new_export
from tests.support.functions import Functions, dropped, message
from tests.support.people import person, phone
from tests.support.pipeline import HEADER, Pipeline
from tests.support.request_faults import error_response, inject_faults
from tests.support.syncs import fill, roster

SETTINGS = {"CHUNK_SIZE": "1024", "LOAD_WRITE_UNITS": "40000", "MAX_REMOVED": "5", "MAX_REMOVED_PERCENT": "0"}
THROTTLED = error_response("TransactionCanceledException", reasons=["ThrottlingError"])
FUNCTIONS = ("start_import", "split", "load", "export", "settle_dead_letters")
# What is not called here. To tag a version takes the right to tag objects too ("PutObjectTagging" in S3's API
# Reference); S3 tells who may list the bucket which profiles are missing; Lambda takes messages, and hands over the
# events on which start_import failed; the others are for messages, uploads and responses that fail.
TAGS = "TagRostersToExpire: s3:PutObjectTagging"
UPLOADS = {"GiveUpOnAnUnfinishedUpload: s3:AbortMultipartUpload", "GiveUpOnAnUnfinishedUpload: imports/*"}
FAILURES = "TakeMessages: sqs:ChangeMessageVisibility"
UNSEEN = {
    "start_import": {
        TAGS,
        "HandOverEventsItFailedOn: sqs:SendMessage",
        "HandOverEventsItFailedOn: DeadQueue",
    },
    "split": {
        TAGS,
        FAILURES,
        "TakeMessages: SplitQueue",
        "TellMissingProfilesFromForbiddenOnes: s3:ListBucket",
        "TellMissingProfilesFromForbiddenOnes: ",
        "QueueChunksToLoad: SplitQueue",
    },
    "load": {FAILURES, "TakeMessages: LoadQueue", *UPLOADS},
    "export": {FAILURES, "TakeMessages: ExportQueue", "ContinueFiles: exports/*"},
    "settle_dead_letters": {TAGS, "TakeMessages: DeadQueue", *UPLOADS},
}


class Recorder:
    """Calls functions, and keeps what each asks of AWS."""

    def __init__(self) -> None:
        self.found: dict[str, set[Access]] = {name: set() for name in FUNCTIONS}
        self.pipeline = Pipeline()
        self._functions = Functions()

    def invoke(self, name: str, event: dict[str, Any], seconds: int = 300) -> None:
        """Calls a function that has so many seconds."""
        with aws_access() as found:
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
    """The functions with these settings, and with a topic."""
    topic = config.sns().create_topic(Name="policies")["TopicArn"]
    for name, value in {**SETTINGS, "NOTICE_TOPIC_ARN": topic}.items():
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
    recorder.run("drops/bad/a.csv", "no,columns\n1,2\n")
    for name in "ab":
        source, _ = recorder.pipeline.drop(f"drops/{name}.csv", HEADER.encode())
        for _ in range(2):
            recorder.invoke("settle_dead_letters", message({"requestPayload": dropped(source)}))
            if name == "a":
                recorder.split()
    for body in recorder.pipeline.messages(recorder.pipeline.settings.split_queue_url):
        recorder.invoke("settle_dead_letters", message(body))

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

    services().exports.start(new_export(account))
    for body in recorder.pipeline.messages(recorder.pipeline.settings.export_queue_url):
        recorder.invoke("export", message(body), seconds=30)  # no time: another message takes its place
        recorder.invoke("settle_dead_letters", message(body))
    record, exports = new_export(account), Exports(part_size=10**6)
    with aws_access() as found:
        with pytest.raises(Busy):  # after a page, which it stores
            exports.within(chain([1.0], repeat(0.0)).__next__).run(record)
        exports.within(lambda: 1.0).run(record)
    recorder.found["export"] |= found


def test_policies_allow_what_each_function_does(recorder: Recorder, account: str) -> None:
    use_everything(recorder, account)
    compared = {name: compare(name, found) for name, found in recorder.found.items()}
    assert {name: forbidden for name, (forbidden, _) in compared.items() if forbidden} == {}
    assert {name: unused for name, (_, unused) in compared.items() if unused} == UNSEEN


class Caller:
    """Sends requests, and keeps what they ask of AWS."""

    def __init__(self, http: Http) -> None:
        self.http = http
        self.found: set[Access] = set()

    def send(self, method: str, path: str, body: str | dict[str, Any] = "", **headers: str) -> Any:
        """Returns the JSON of the response to a request with a JSON body, or a CSV; it succeeds."""
        text, kind = (body, "text/csv") if isinstance(body, str) else (json.dumps(body), JSON)
        named = {"Content-Type": kind} | {name.replace("_", "-"): value for name, value in headers.items()}
        with aws_access() as found:
            response = self.http.request(method, path, text, named)
        self.found |= found
        assert response.status < 400, response
        return response.json if response.body else None


def test_policy_of_the_api_allows_what_requests_do(recorder: Recorder, http: Http, account: str) -> None:
    caller, pipeline = Caller(http), recorder.pipeline
    member = caller.send("POST", "/members", person(account, 0).model_dump(), Idempotency_Key=account)
    caller.send("POST", "/members/batch", {"members": [person(account, 1).model_dump()]})
    for path in (
        "/members",
        f"/members?account_id={account}",
        f"/members/{member['id']}",
        "/imports",
        "/exports",
    ):
        caller.send("GET", path)
    caller.send("DELETE", f"/members/{member['id']}")
    caller.send("POST", f"/members/{member['id']}/restore")

    checked = recorder.run(f"drops/dry_run/upsert/account={account}/a.csv", roster(account, range(2, 12)))
    done = caller.send("POST", f"/imports/{checked.id}/apply")
    recorder.drain(done["id"])
    for result in ("report", "rejected", "changes", "changes/rows", "rejected/rows"):
        caller.send("GET", f"/imports/{done['id']}/{result}", Accept="application/json")
    waits = recorder.run("drops/sync/a.csv", roster(account, range(2, 4)))
    caller.send("POST", f"/imports/{waits.id}/approve")
    recorder.drain(waits.id)
    caller.send("POST", f"/imports/{waits.id}/undo")
    announced = caller.send("POST", "/imports", {"account_id": account})
    caller.send("POST", f"/imports/{announced['id']}/cancel")
    caller.send("POST", "/imports", roster(account, [9]))
    export = caller.send("POST", "/exports", {"account_id": account})
    for body in pipeline.messages(pipeline.settings.export_queue_url):
        recorder.invoke("export", message(body))
    assert caller.send("GET", f"/exports/{export['id']}")["url"]
    assert compare("api", caller.found) == (set(), set())
