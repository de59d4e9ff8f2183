"""The options of an import: modes, file formats, regions, a limit of rejected rows, cancelling, notices."""

import gzip
import json

import pytest

from chalicelib import config
from chalicelib.errors import Ended, NotFound
from chalicelib.imports.records.model import ImportRecord
from chalicelib.imports.records.steps import Step
from chalicelib.imports.rows.outcomes import OUTCOMES
from chalicelib.members.model import MemberKey
from chalicelib.members.repository import MemberRepository
from tests.support.pipeline import KilledError, Pipeline, dies

HEADER = "first_name,last_name,phone_number,client_member_id,account_id\n"


def counts(record: ImportRecord) -> dict[str, int]:
    found = record.counts.model_dump()
    assert found["rows"] == sum(found[name] for name in OUTCOMES)
    return found


def announced(pipeline: Pipeline, **changes: str) -> ImportRecord:
    """Returns an import that waits for its file."""
    return pipeline.announce(**changes)


def test_blank_cell_of_an_upsert_keeps_the_stored_value(
    pipeline: Pipeline, table: MemberRepository, account: str
) -> None:
    pipeline.run("drops/a.csv", HEADER + f"Ann,Lee,3235550001,1,{account}\nBen,Low,3235550002,2,{account}\n")
    text = HEADER + f",Moore, ,1,{account}\n,,,2,{account}\n,New,3235550003,3,{account}\n,,,,{account}\n"

    record = pipeline.run("drops/upsert/b.csv", text)

    assert counts(record) == {
        "rows": 4,
        "created": 0,
        "updated": 1,
        "unchanged": 1,
        "deleted": 0,
        "rejected": 2,
        "removed": 0,
    }
    assert {row["line"]: row["code"] for row in pipeline.rejected(record.id)} == {"4": "blank", "5": "blank"}
    member = table.get(MemberKey(account, "1"))
    assert (member.first_name, member.last_name, member.phone_number) == ("Ann", "Moore", "+13235550001")


def test_validate_writes_no_member_and_predicts_create(
    pipeline: Pipeline, table: MemberRepository, account: str
) -> None:
    """It finds conflicts with the table, within the file and across chunks."""
    pipeline.run("drops/a.csv", HEADER + f"Ann,Lee,3235550001,1,{account}\nBen,Low,3235550002,2,{account}\n")
    rows = [
        f"Ann,Lee,3235550001,1,{account}",
        f"Ann,Moore,3235550001,1,{account}",
        f"Cy,Lee,3235550002,3,{account}",
    ]
    rows += [f"Cy,Lee,{3235551000 + i},c{i},{account}" for i in range(60)]
    rows += [f"Di,Lee,{3235551000 + i},d{i},{account}" for i in range(5)]
    rows += [f"Cy,Lee,3235551000,c0,{account}", f"Cy,Loo,3235552000,c0,{account}", "too,few"]
    text = HEADER + "\n".join(rows)

    found = []
    for trial in (Pipeline(), Pipeline(chunk_size=1024)):
        record = trial.run("drops/validate/b.csv", text)
        assert counts(record) == {
            "rows": 71,
            "created": 60,
            "updated": 0,
            "unchanged": 2,
            "deleted": 0,
            "rejected": 9,
            "removed": 0,
        }
        with pytest.raises(NotFound):
            table.get(MemberKey(account, "c0"))
        found.append(trial.rejected(record.id))

    done = pipeline.run("drops/b.csv", text)
    assert counts(done) == counts(record)
    assert found == [pipeline.rejected(done.id)] * 2


def test_region_folder_sets_the_phone_region(
    pipeline: Pipeline, table: MemberRepository, account: str
) -> None:
    record = pipeline.run("drops/region=GB/a.csv", HEADER + f"Ann,Lee,020 7946 0958,1,{account}\n")
    assert counts(record)["created"] == 1
    assert table.get(MemberKey(account, "1")).phone_number == "+442079460958"


@pytest.mark.parametrize(
    "folders", ["Validate", "{account}/account={account}/validate", "2026/mode=VALIDATE"]
)
def test_validate_folder_is_recognised_anywhere_in_the_key(
    pipeline: Pipeline, table: MemberRepository, account: str, folders: str
) -> None:
    key = f"drops/{folders.format(account=account)}/a.csv"
    record = pipeline.run(key, HEADER + f"Ann,Lee,3235550001,1,{account}\n")
    assert (record.mode, counts(record)["created"]) == ("validate", 1)
    with pytest.raises(NotFound):
        table.get(MemberKey(account, "1"))


def test_mode_in_a_file_name_is_ignored(pipeline: Pipeline, account: str) -> None:
    record = pipeline.run("drops/2026.d/validate.csv", HEADER + f"Ann,Lee,3235550001,1,{account}\n")
    assert (record.mode, counts(record)["created"]) == ("create", 1)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_packed_file_is_read_with_any_delimiter_and_newline(
    pipeline: Pipeline, account: str, delimiter: str, newline: str
) -> None:
    rows = [HEADER.strip().split(","), ['"a,b;c\td"', "Lee", "3235550001", "1", account]]
    raw = newline.join(delimiter.join(row) for row in rows).encode()
    # Two concatenated archives are one file.
    record = pipeline.run("drops/a.CSV.gz", gzip.compress(raw[:20]) + gzip.compress(raw[20:]))
    report = pipeline.report(record.id)
    assert report["delimiter"] == delimiter
    # Names may not contain tabs.
    assert (counts(record)["created"], report["codes"]) == (0, {"control_character": 1})


def test_invalid_byte_rejects_only_its_row(pipeline: Pipeline, account: str) -> None:
    text = HEADER + f"Zoë,Lee,3235550001,1,{account}\nA?n,Lee,3235550002,2,{account}\n"
    record = pipeline.run("drops/a.csv", text.encode("windows-1252").replace(b"?", b"\x81"))
    assert pipeline.report(record.id)["encoding"] == "windows-1252"
    assert counts(record)["created"] == 1
    assert [row["code"] for row in pipeline.rejected(record.id)] == ["damaged_character"]


def test_archive_with_one_byte_members_is_read_as_one_file(pipeline: Pipeline, account: str) -> None:
    """The byte order mark and each character are spread over several gzip members."""
    raw = b"\xef\xbb\xbf" + (HEADER + f"Zoë,Lee,3235550001,1,{account}\n").encode()
    body = b"".join(gzip.compress(raw[i : i + 1]) for i in range(len(raw)))
    record = Pipeline(chunk_size=1024).run("drops/a.csv.gz", body)
    assert pipeline.report(record.id)["encoding"] == "utf-8-sig"
    assert counts(record)["created"] == 1


@pytest.mark.parametrize(
    ("limit", "status"), [("202", "completed"), ("9", "failed"), ("100%", "completed"), ("50%", "failed")]
)
def test_import_stops_over_its_limit_of_rejected_rows(
    pipeline: Pipeline, account: str, limit: str, status: str
) -> None:
    pipeline = Pipeline(chunk_size=1024)
    rows = [f"Ann,Lee,12,{i},{account}\n" for i in range(99)] + [f"Ann,Lee,3235550001,1,{account}\n"]
    record = announced(pipeline, max_rejected=limit)
    done = pipeline.run(record.source.key, HEADER + "".join(rows))
    assert done.status == status
    assert counts(done)["rows"] == 100
    assert len(pipeline.rejected(done.id)) == done.counts.rejected
    codes = pipeline.report(done.id)["codes"]
    if status == "failed":
        assert done.error
        assert done.error.code == "too_many_rejected"
        assert done.counts.created == 0
        assert codes["not_loaded"] == 1
    else:
        assert codes == {"phone_not_possible": 99}


def test_cancelled_import_loads_nothing_more_and_counts_all_rows(pipeline: Pipeline, account: str) -> None:
    pipeline = Pipeline(chunk_size=1024)
    rows = [f"Ann,Lee,{3235550000 + i},{i},{account}\n" for i in range(100)]
    source, import_id = pipeline.drop("drops/a.csv", (HEADER + "".join(rows)).encode())
    pipeline.split_object(source, import_id)
    for message in pipeline.messages(pipeline.settings.load_queue_url):
        step = Step(message["stage"], message["number"])
        if step == Step("write", 1):
            break
        first = pipeline.imports.step(import_id, step)
    assert first
    assert first.shown().seconds_left is not None

    with dies(config.s3(), "s3.PutObject"), pytest.raises(KilledError):  # after the rows are written
        pipeline.imports.step(import_id, Step("write", 1))
    assert pipeline.imports.cancel(import_id).status == "cancelled"
    for stage in ("write", "finish"):
        for number in range(first.chunks):
            pipeline.imports.step(import_id, Step(stage, number))
    record = pipeline.drain(import_id)

    assert record.status == "cancelled"
    assert record.finished_at
    found = counts(record)
    assert found["rows"] == 100
    # The second chunk was written before its worker died, so its rows count as created.
    assert found["created"] > first.counts.created
    assert pipeline.report(import_id)["codes"] == {"cancelled": found["rejected"]}
    with pytest.raises(Ended):
        pipeline.imports.cancel(import_id)


def test_import_can_be_cancelled_before_its_upload(pipeline: Pipeline, account: str) -> None:
    record = announced(pipeline)
    assert pipeline.imports.cancel(record.id).finished_at
    done = pipeline.run(record.source.key, HEADER + f"Ann,Lee,3235550001,1,{account}\n")
    assert (pipeline.repository.get(record.id).status, done.counts.rows) == ("cancelled", 0)


def test_import_without_upload_fails_after_a_day(pipeline: Pipeline) -> None:
    record = announced(pipeline, created_at="2026-01-01T00:00:00.000Z")
    shown = pipeline.repository.get(record.id).shown()
    assert (shown.status, shown.error.code if shown.error else "") == ("failed", "upload_expired")
    assert shown.finished_at == "2026-01-02T00:00:00.000Z"  # so that clients stop polling
    with pytest.raises(Ended):
        pipeline.imports.cancel(record.id)


def test_each_ended_import_sends_one_notice(pipeline: Pipeline, account: str) -> None:
    sns, sqs = config.sns(), config.sqs()
    topic = sns.create_topic(Name=f"notices-{account}")["TopicArn"]
    queue = sqs.create_queue(QueueName=f"notices-{account}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    pipeline = Pipeline(notice_topic_arn=topic)

    done = pipeline.run(f"drops/account={account}/a.csv", HEADER + f"Ann,Lee,3235550001,1,{account}\n")
    failed = pipeline.run("drops/validate/b.csv", "")
    for step in (Step("load"), Step("finish"), Step("read", 2)):
        pipeline.imports.step(done.id, step)

    found, attributes = [], {}
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            body = json.loads(message["Body"])
            found.append(json.loads(body["Message"]))
            attributes[found[-1]["id"]] = {name: a["Value"] for name, a in body["MessageAttributes"].items()}
    assert attributes == {
        done.id: {"account": account, "mode": "create", "status": "completed"},
        failed.id: {"mode": "validate", "status": "failed"},
    }
    assert {one["id"]: one["status"] for one in found} == {done.id: "completed", failed.id: "failed"}
    assert len(found) == 2
