"""The start of an import: one record for each object version and a queued split, before the file is read."""

import json

import pytest

from chalicelib import config
from chalicelib.imports.records.model import Source
from tests.support.metering import calls
from tests.support.pipeline import HEADER, KilledError, Pipeline, counts, dies

UNPARSABLE = "drops/upsert/validate/a.csv"  # two modes


@pytest.fixture
def dropped(pipeline: Pipeline, account: str) -> tuple[Source, str]:
    """Returns a file of one member, and the id of its import."""
    return pipeline.drop("drops/a.csv", (HEADER + f"Ann,Lee,3235550001,1,{account}\n").encode())


def profile(pipeline: Pipeline, folder: str, **options: object) -> None:
    pipeline.drop(f"{folder}/columns.json", json.dumps(options).encode())


def queued_splits(pipeline: Pipeline) -> list[str]:
    """Returns the ids of the imports in the split queue, and empties it."""
    return [message["import"] for message in pipeline.messages(pipeline.settings.split_queue_url)]


def test_start_makes_two_requests_and_reads_no_file(pipeline: Pipeline, dropped: tuple[Source, str]) -> None:
    with calls() as made:
        record = pipeline.imports.start(*dropped)
    assert made == ["dynamodb.PutItem", "sqs.SendMessage"]
    assert (record.id, record.status) == (dropped[1], "splitting")
    assert record.id in queued_splits(pipeline)


@pytest.mark.parametrize("call", ["dynamodb.PutItem", "sqs.SendMessage"])
def test_start_repeated_after_a_death_is_one_import(
    pipeline: Pipeline, dropped: tuple[Source, str], call: str
) -> None:
    client = {"dynamodb": config.dynamodb(), "sqs": config.sqs()}[call.partition(".")[0]]
    with dies(client, call), pytest.raises(KilledError):
        pipeline.imports.start(*dropped)

    pipeline.imports.start(*dropped)
    pipeline.imports.start(*dropped)

    assert queued_splits(pipeline).count(dropped[1]) == 2
    for _ in range(2):
        pipeline.imports.split(dropped[1])
    assert counts(pipeline.drain(dropped[1]))["created"] == 1


def test_announced_upload_is_queued_under_its_own_id(pipeline: Pipeline, account: str) -> None:
    record = pipeline.announce(account_id=account)
    source, _ = pipeline.drop(record.source.key, HEADER.encode())
    assert pipeline.imports.start(source, "unused").id == record.id
    assert record.id in queued_splits(pipeline)


def test_nearest_profile_holds_for_drops_below(pipeline: Pipeline, account: str) -> None:
    root = f"drops/{account}"
    profile(pipeline, root, mode="upsert", account="31", max_rejected="5%", columns={"Handy": "phone_number"})
    profile(pipeline, f"{root}/a/b", account=account, region="GB")

    def started(folder: str) -> tuple[object, ...]:
        text = HEADER.replace("\n", ",Handy\n") + "Ann,Lee,3235550001,1,1,3235550001\n"
        record = pipeline.split(f"{folder}/x.csv", text)
        assert record.status == "loading", record.error
        assert record.dry_run == ("validate" in folder or "dry_run" in folder)
        return record.mode, record.account_id, record.region, record.max_rejected, record.column_map

    outer = ("upsert", "31", None, "5%", {"phone_number": "Handy"})
    assert started(root) == started(f"{root}/2026/11") == outer
    assert started(f"{root}/a/b") == started(f"{root}/a/b/c") == ("create", account, "GB", None, {})
    assert started(f"{root}/dry_run") == outer
    assert started(f"{root}/validate") == ("validate", *outer[1:])
    assert started(f"drops/{account}-other")[:2] == ("create", None)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"[]", "not a JSON object"),
        (b'{"mode": "upsert", "mode": "validate"}', "twice"),
        (b'{"account": "1", "account_id": "2"}', "twice"),
        (b'{"account": ""}', "account_id"),
        (b'{"columns": {"Handy": "mail"}}', "columns"),
        (b'{"rows": 7}', "rows"),
        (b'{"filename": "x.csv"}', "filename"),
        (b'{"colums": {}}', "colums"),
        (b" " * 65_537, "bytes"),
    ],
)
def test_malformed_profile_fails_the_import(
    pipeline: Pipeline, account: str, body: bytes, reason: str
) -> None:
    folder = f"drops/{account}"
    pipeline.drop(f"{folder}/columns.json", body)
    source, import_id = pipeline.drop(f"{folder}/a.csv", HEADER.encode())
    record = pipeline.split_object(source, import_id)
    assert record.error
    assert (record.status, record.error.code) == ("failed", "invalid_profile")
    assert f"{folder}/columns.json" in record.error.detail
    assert reason in record.error.detail


def test_profile_that_cannot_be_read_splits_no_file(pipeline: Pipeline, dropped: tuple[Source, str]) -> None:
    """Without its options the file could be written in the wrong mode or account."""
    pipeline.imports.start(*dropped)
    with dies(config.s3(), "s3.GetObject"), pytest.raises(KilledError):
        pipeline.imports.split(dropped[1])
    assert pipeline.repository.get(dropped[1]).status == "splitting"


def test_rosters_are_tagged_to_expire_and_profiles_are_not(pipeline: Pipeline, account: str) -> None:
    profile(pipeline, f"drops/{account}", mode="upsert")
    sources = [
        pipeline.drop(f"drops/{account}/{key}", HEADER.encode()) for key in ("a.csv", "upsert/validate/a.csv")
    ]
    for source, import_id in sources:
        pipeline.split_object(source, import_id)

    def tags(key: str) -> list[dict[str, str]]:
        found = config.s3().get_object_tagging(Bucket=pipeline.settings.bucket_name, Key=key)["TagSet"]
        return [{"Key": tag["Key"], "Value": tag["Value"]} for tag in found]

    for source, _ in sources:
        assert tags(source.key) == [{"Key": "rollcall", "Value": "roster"}]
    assert tags(f"drops/{account}/columns.json") == []


def test_unparsable_key_fails_and_queues_no_split(pipeline: Pipeline) -> None:
    source, import_id = pipeline.drop(UNPARSABLE, HEADER.encode())
    record = pipeline.imports.start(source, import_id)
    assert (record.status, record.error and record.error.code) == ("failed", "ambiguous_key")
    assert import_id not in queued_splits(pipeline)


def test_unparsable_key_is_never_split_after_a_death(pipeline: Pipeline, account: str) -> None:
    """Its worker dies before the report: the import has failed already."""
    body = HEADER + f"Ann,Lee,3235550001,1,{account}\n"
    source, import_id = pipeline.drop(UNPARSABLE, body.encode())
    with dies(config.s3(), "s3.PutObject"), pytest.raises(KilledError):
        pipeline.imports.start(source, import_id)

    assert pipeline.imports.split(import_id).status == "failed"
    pipeline.imports.start(source, import_id)

    assert json.loads(pipeline.result(import_id, "report.json"))["error"]["code"] == "ambiguous_key"
    assert pipeline.repository.get(import_id).notified
