"""Exports: their files, how they continue, and how they end."""

import csv
import io
import itertools
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import orjson
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from pydantic_core import PydanticCustomError

from bench.stub import Raw
from chalicelib import config
from chalicelib.errors import Busy
from chalicelib.exports.exporter import MAX_SECONDS
from chalicelib.exports.formats import COLUMNS
from chalicelib.exports.model import ExportRecord, Format
from chalicelib.exports.repository import ExportLeaseHeld
from chalicelib.exports.storage import export_key
from chalicelib.fields.text import normalize_id, normalize_text
from chalicelib.members.model import Member, NewMember
from infra.package import table_definition
from tests.support.exports import Exports, add_members, new_export
from tests.support.people import odd_people, person
from tests.support.pipeline import KilledError, Pipeline, counts
from tests.support.tables import members_of
from tests.unit.exports.test_formats import HARD

FORMATS: list[Format] = ["csv", "csv.gz", "ndjson"]
COUNT = 45


@pytest.fixture
def exports(settings: object) -> Exports:
    return Exports()


@pytest.fixture
def members(exports: Exports, account: str) -> list[Member]:
    """Members in the order of their names."""
    return add_members(exports.services, odd_people(account, COUNT))


def hard_people(account: str) -> Iterator[NewMember]:
    """Yields members whose ids and names are hard to write, as the API would store them."""
    for number, text in enumerate(HARD):
        with suppress(PydanticCustomError):
            texts = {"client_member_id": normalize_id(text), "first_name": normalize_text(text)}
            yield person(account, number, **texts, last_name=texts["first_name"])


def rows(exports: Exports, record: ExportRecord) -> list[dict[str, str]]:
    """Returns the members in an export's file, as far as a CSV has them."""
    text = exports.file(record)
    if record.format == "ndjson":
        return [{name: orjson.loads(line)[name] for name in COLUMNS} for line in text.splitlines()]
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("part_size", [1, 10**6])
def test_file_has_all_members_in_name_order(
    exports: Exports, members: list[Member], account: str, format_: Format, part_size: int
) -> None:
    """In parts, and as one object."""
    exports.sizes["part_size"] = part_size
    exports.exporter = exports.within(lambda: 1.0)
    record = exports.run(account, format=format_)
    shown = record.shown()
    assert (shown.status, shown.rows, shown.error, bool(record.parts)) == (
        "completed",
        COUNT,
        None,
        part_size == 1,
    )
    assert shown.as_of <= (shown.finished_at or "")
    assert [row["client_member_id"] for row in rows(exports, record)] == [m.client_member_id for m in members]
    if format_ == "ndjson":
        lines = exports.file(record).splitlines()
        assert [orjson.loads(line) for line in lines] == [member.model_dump() for member in members]


def test_size_is_that_of_the_file(exports: Exports, members: list[Member], account: str) -> None:
    for part_size in (1, 10**6):
        exports.sizes["part_size"] = part_size
        exports.exporter = exports.within(lambda: 1.0)
        record = exports.run(account)
        assert record.size == len("\ufeff".encode() + exports.file(record).encode())


def test_prefix_of_the_last_name_binds(exports: Exports, account: str) -> None:
    add_members(
        exports.services, [person(account, n, last_name=f"{'Lee' if n % 2 else 'Li'}{n}") for n in range(9)]
    )
    record = exports.run(account, last_name_prefix="lEE")
    assert [row["last_name"] for row in rows(exports, record)] == ["Lee1", "Lee3", "Lee5", "Lee7"]
    assert record.rows == 4
    assert record.filename.startswith(f"members-{account.replace('-', '_')}-last_name-lEE-")


@pytest.mark.parametrize("format_", FORMATS)
def test_empty_account_gives_a_file_without_members(exports: Exports, account: str, format_: Format) -> None:
    record = exports.run(account, format=format_)
    assert (record.shown().status, record.rows) == ("completed", 0)
    assert exports.file(record) == ("" if format_ == "ndjson" else ",".join(COLUMNS) + "\n")


def test_full_last_page_is_followed_by_an_empty_one(exports: Exports, account: str) -> None:
    people = [person(account, n) for n in range(20)]  # two pages
    add_members(exports.services, people)
    record = exports.run(account)
    assert len(rows(exports, record)) == record.rows == 20


@pytest.mark.parametrize("format_", ["csv", "csv.gz"])
def test_imported_export_changes_nothing_and_fills_an_empty_table(
    exports: Exports, pipeline: Pipeline, account: str, format_: Format
) -> None:
    members = add_members(exports.services, list(hard_people(account)))
    record = exports.run(account, format=format_)
    key = f"drops/account={account}/{uuid.uuid4().hex}.{format_}"
    stored = config.s3().get_object(Bucket=pipeline.settings.bucket_name, Key=export_key(record))
    body = stored["Body"].read()

    again = pipeline.run(key, body)
    found = counts(again)
    assert found["rows"] == found["unchanged"] == len(members)
    empty = Pipeline(table_name=f"rollcall-test-{uuid.uuid4().hex[:8]}")
    config.dynamodb().create_table(**{**table_definition(), "TableName": empty.settings.table_name})
    assert counts(empty.run(key, body))["created"] == len(members)
    written = members_of(account, empty.settings.table_name)
    assert {m.client_member_id: m.writable() for m in members} == {
        who: member.writable() for who, member in written.items()
    }
    config.dynamodb().delete_table(TableName=empty.settings.table_name)


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("part_size", [1, 10**6])
def test_steps_without_time_continue_where_the_last_one_ended(
    exports: Exports, members: list[Member], account: str, format_: Format, part_size: int
) -> None:
    """Each has time for one page."""
    exports.sizes["part_size"] = part_size
    record, steps = new_export(account, format=format_), 0
    seen = []
    while not record.finished_at:
        steps += 1
        left = itertools.chain([1.0], itertools.repeat(0.0)).__next__
        try:
            record = exports.within(left).run(record)
        except Busy:
            record = exports.repository.get(record.id)
        seen.append(record.rows)
    assert steps == 5
    assert seen == [10, 20, 30, 40, 45]
    assert [row["client_member_id"] for row in rows(exports, record)] == [m.client_member_id for m in members]


def test_export_that_failed_too_often_fails(exports: Exports, members: list[Member], account: str) -> None:
    record = exports.exporter.give_up(new_export(account))
    assert record.shown().status == "failed"
    assert record.error
    assert record.error.code == "export_failed"
    assert exports.drain(exports.exporter.start(record)) == record  # a late message changes nothing


def test_completed_export_is_not_given_up(exports: Exports, members: list[Member], account: str) -> None:
    record = exports.run(account)
    assert exports.exporter.give_up(record) == record
    assert record.shown().status == "completed"


def test_completed_upload_that_s3_has_forgotten_is_complete(
    exports: Exports, members: list[Member], account: str
) -> None:
    """The worker dies after S3 has made the file; on AWS, the upload has ended then."""
    record = new_export(account)
    with hooked("after-call.s3.CompleteMultipartUpload", die), pytest.raises(KilledError):
        exports.exporter.run(record)
    assert exports.repository.get(record.id).shown().status == "running"
    with hooked("before-send.s3.CompleteMultipartUpload", no_such_upload):
        ended = exports.exporter.run(record)
    assert (ended.shown().status, ended.rows) == ("completed", COUNT)
    assert len(rows(exports, ended)) == COUNT


@contextmanager
def hooked(event: str, hook: Callable[..., Any]) -> Iterator[None]:
    """Calls a hook at an event of S3's client."""
    config.s3().meta.events.register(event, hook)
    try:
        yield
    finally:
        config.s3().meta.events.unregister(event, hook)


def die(**_: Any) -> None:
    """Ends a worker."""
    raise KilledError


def no_such_upload(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
    """Responds as S3 does for an upload that has ended."""
    raw = Raw(io.BytesIO(b"<Error><Code>NoSuchUpload</Code><Message>It has ended.</Message></Error>"))
    return AWSResponse(request.url, 404, HTTPHeaders(), raw)


def test_lost_upload_fails_the_export(exports: Exports, members: list[Member], account: str) -> None:
    record = new_export(account)
    left = itertools.chain([1.0] * 3, itertools.repeat(0.0)).__next__
    with pytest.raises(Busy):
        exports.within(left).run(record)
    stored = exports.repository.get(record.id)
    assert stored.parts
    config.s3().abort_multipart_upload(
        Bucket=exports.settings.bucket_name,
        Key=f"exports/{record.id}/members.csv",
        UploadId=stored.upload_id or "",
    )
    ended = exports.exporter.run(record)
    assert ended.error
    assert (ended.shown().status, ended.error.code) == ("failed", "upload_lost")


def test_export_that_found_no_capacity_for_hours_fails(exports: Exports, account: str) -> None:
    record = new_export(account).model_copy(update={"as_of": "2026-01-01T00:00:00.000Z"})
    assert record.age > MAX_SECONDS
    ended = exports.exporter.run(record)
    assert ended.error
    assert ended.error.code == "not_finished"


def test_only_one_worker_writes_an_export(exports: Exports, account: str) -> None:
    record = new_export(account)
    exports.services.export_repository.add(record)
    lease = exports.repository.acquire(record.id)
    assert lease
    other = exports.services.export_repository
    other._clock = lambda: 0.0  # noqa: SLF001 - the same moment
    with pytest.raises(ExportLeaseHeld):
        exports.exporter.run(record)


def test_record_expires_with_its_file(exports: Exports, account: str) -> None:
    record = exports.run(account)
    item = config.dynamodb().get_item(
        TableName=exports.settings.table_name, Key={"pk": {"S": "EXPORTS"}, "sk": {"S": record.id}}
    )["Item"]
    assert int(item["expires_at"]["N"]) >= exports.settings.result_days * 24 * 3600
