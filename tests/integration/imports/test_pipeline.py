"""The import from a dropped file to its report, over real S3, SQS and DynamoDB."""

import io
from itertools import repeat

import pytest

from chalicelib import config
from chalicelib.dynamodb import retries
from chalicelib.dynamodb.table import Table
from chalicelib.errors import Busy
from chalicelib.imports.model import ImportRecord, new_import_id
from chalicelib.imports.outcomes import OUTCOMES
from chalicelib.members.model import MemberKey
from chalicelib.members.repository import MemberRepository
from tests.support.pipeline import KilledError, Pipeline, dies
from tests.support.request_faults import leave_unprocessed
from tools.roster import Roster

HEADER = "first_name,last_name,phone_number,client_member_id,account_id\n"


@pytest.fixture
def table(pipeline: Pipeline) -> MemberRepository:
    return MemberRepository(Table(config.dynamodb(), pipeline.settings.table_name))


def counts(record: ImportRecord) -> dict[str, int]:
    found = record.counts.model_dump()
    assert found["rows"] == sum(found[name] for name in OUTCOMES)
    return found


def test_a_roster_ends_with_the_counts_its_generator_states(pipeline: Pipeline, account: str) -> None:
    roster = Roster(3000, bad=0.05, seed=int(account[4:], 16), accounts=2)
    text = io.StringIO()
    roster.write(text)

    record = pipeline.run("drops/roster.csv", text.getvalue())

    assert record.status == "completed"
    assert counts(record) == roster.expected["counts"]
    report = pipeline.report(record.id)
    assert report["codes"] == roster.expected["codes"]
    assert report["columns"]["ignored"] == ["id"]
    assert report["counts"] == roster.expected["counts"]
    rejected = {int(row["line"]): row["code"] for row in pipeline.rejected(record.id)}
    assert rejected == roster.rejected


def test_dropping_the_same_file_again_changes_no_member(
    pipeline: Pipeline, table: MemberRepository, account: str
) -> None:
    text = HEADER + "".join(f"Ann,Lee,{3235550000 + i},{i:03},{account}\n" for i in range(120))
    pipeline.run("drops/a.csv", text)
    before = [table.get(MemberKey(account, f"{i:03}")) for i in range(120)]

    record = pipeline.run("drops/a.csv", text)

    assert counts(record) == {"rows": 120, "created": 0, "updated": 0, "unchanged": 120, "rejected": 0}
    assert [table.get(MemberKey(account, f"{i:03}")) for i in range(120)] == before


def test_a_file_of_many_chunks_is_one_import(pipeline: Pipeline, account: str) -> None:
    pipeline = Pipeline(chunk_size=1024)
    lines = [f'"An\nn",Lee,{3235550000 + i},{i:03},{account}\n' for i in range(60)]
    lines += [f"Ann,Lee,{3235550000 + i},{i:03},{account}\n" for i in range(60)]  # the same, rightly
    lines += [f"Ann,Lee,{3235550000 + i},other-{i:03},{account}\n" for i in range(60)]

    record = pipeline.run("drops/a.csv", HEADER + "".join(lines))

    assert record.chunks > 5
    assert counts(record) == {"rows": 180, "created": 60, "updated": 0, "unchanged": 0, "rejected": 120}
    found = pipeline.rejected(record.id)
    assert [int(row["line"]) for row in found] == [2 + 2 * i for i in range(60)] + [
        182 + i for i in range(60)
    ]
    assert found[60]["reason"] == "phone_number: It belongs to line 122 of this file in this account."


def test_upsert_changes_what_differs_and_the_later_line_wins(
    pipeline: Pipeline, table: MemberRepository, account: str
) -> None:
    pipeline.run("drops/a.csv", HEADER + f"Ann,Lee,3235550001,1,{account}\nBen,Low,3235550002,2,{account}\n")

    record = pipeline.run(
        "drops/upsert/b.csv",
        HEADER
        + f"Ann,Lee,(323) 555-0001,1,{account}\n"
        + f"Ben,High,3235550009,2,{account}\n"
        + f"Cleo,New,3235550002,3,{account}\n"  # the number that the line above frees
        + f"Cleo,Newer,3235550002,3,{account}\n",
    )

    assert counts(record) == {"rows": 4, "created": 1, "updated": 2, "unchanged": 1, "rejected": 0}
    assert table.get(MemberKey(account, "1")).version == 1
    assert table.get(MemberKey(account, "2")).phone_number == "+13235550009"
    assert table.get(MemberKey(account, "3")).last_name == "Newer"


def test_an_account_may_come_from_the_key(pipeline: Pipeline, table: MemberRepository, account: str) -> None:
    text = "First Name,Surname,Mobile,Member ID\nAnn,Lee,3235550001,007\n"
    record = pipeline.run(f"drops/upsert/account={account}/x.csv", text)
    assert counts(record)["created"] == 1
    assert table.get(MemberKey(account, "007")).first_name == "Ann"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1252"])
def test_rosters_come_in_several_encodings(
    pipeline: Pipeline, table: MemberRepository, account: str, encoding: str
) -> None:
    text = HEADER.replace("\n", "\r\n") + f"Zoë,Müller,3235550001,1,{account}\r\n"
    record = pipeline.run("drops/a.csv", text.encode(encoding))
    assert counts(record)["created"] == 1
    assert table.get(MemberKey(account, "1")).last_name == "Müller"
    assert pipeline.report(record.id)["encoding"] == encoding


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("empty.csv", b"", "empty_file"),
        ("blank.csv", b"\n\r\n  \n", "empty_file"),
        ("header-only.csv", HEADER.encode() + b"\n\n", "no_rows"),
        ("no-header.csv", b"Ann,Lee,3235550001,1,1\nBen,Lee,3235550002,2,1\n", "missing_columns"),
        ("wrong-columns.csv", b"a,b,c\n1,2,3\n", "missing_columns"),
        ("twice.csv", HEADER.strip().encode() + b",phone\n1,2,3,4,5,6\n", "duplicate_columns"),
        ("binary.csv", bytes(range(256)) * 40, "not_text"),
        ("one-line.csv", b"x" * 5_000_000, "row_too_long"),
        ("open-quote.csv", b'"first_name', "unclosed_quote"),
        ("roster.xlsx", b"PK\x03\x04", "unsupported_file_type"),
    ],
)
def test_a_file_that_cannot_be_read_fails_with_its_reason(
    pipeline: Pipeline, name: str, body: bytes, code: str
) -> None:
    record = pipeline.run(f"drops/{name}", body)
    assert record.status == "failed"
    assert record.error
    assert record.error.code == code
    assert record.finished_at
    assert pipeline.report(record.id)["error"] == {"code": code, "detail": record.error.detail}


def test_bad_rows_cost_none_of_their_neighbours(pipeline: Pipeline, account: str) -> None:
    long = "x" * 5_000_000
    rows = [
        f"Ann,Lee,3235550001,1,{account}",
        f"Ann,Lee,3235550002,2,{account},too,many",
        long,
        f'"Ann,Lee,3235550003,3,{account}',
        f"אבי,كريم,3235550004,4,{account}",
        f"Ann,=1+1,3235550005,5,{account}",
        f"A\x00nn,Lee,3235550006,6,{account}",
    ]
    record = pipeline.run("drops/a.csv", HEADER + "\n".join(rows))
    assert counts(record) == {"rows": 7, "created": 3, "updated": 0, "unchanged": 0, "rejected": 4}
    found = [(row["line"], row["code"]) for row in pipeline.rejected(record.id)]
    assert found == [
        ("3", "too_many_cells"),
        ("4", "row_too_long"),
        ("5", "unclosed_quote"),
        ("8", "control_character"),
    ]


def test_rejected_rows_can_be_corrected_and_dropped_as_they_are(pipeline: Pipeline, account: str) -> None:
    text = "id,Note,Phone,Last Name,First Name,Member,Account\n".replace("Member", "Member ID")
    text += f'1,"a, b",12,Lee,Ann,1,{account}\n2,"say ""hi""",3235550002,Lee,Ben,2,{account}\n'
    first = pipeline.run("drops/a.csv", text)
    rejected = pipeline.result(first.id, "rejected.csv")
    assert rejected.splitlines()[0] == "id,Note,Phone,Last Name,First Name,Member ID,Account,line,code,reason"

    again = pipeline.run("drops/a.rejected.csv", rejected.replace(",12,", ",3235550001,"))

    assert counts(again)["created"] == 1
    assert pipeline.report(again.id)["columns"]["ignored"] == ["id", "Note", "line", "code", "reason"]


def test_keys_and_events_of_any_kind(pipeline: Pipeline, account: str) -> None:
    text = HEADER + f"Ann,Lee,3235550001,1,{account}\n"
    record = pipeline.run("drops/my roster+1 ünï 名簿.csv", text)
    assert record.status == "completed"
    assert record.source.key == "drops/my roster+1 ünï 名簿.csv"


def test_an_object_under_an_uploads_key_that_nobody_announced_is_a_drop(
    pipeline: Pipeline, account: str
) -> None:
    """Its event would fail for ever, and its dead letter too."""
    key = f"drops/http/{new_import_id()}/a.csv"
    record = pipeline.run(key, HEADER + f"Ann,Lee,3235550001,1,{account}\n")
    assert (record.status, record.source.key, counts(record)["created"]) == ("completed", key, 1)
    assert record.id not in key


def test_events_and_messages_may_come_any_number_of_times(pipeline: Pipeline, account: str) -> None:
    body = (HEADER + f"Ann,Lee,3235550001,1,{account}\nBen,Lee,12,2,{account}\n").encode()
    source, import_id = pipeline.drop("drops/a.csv", body)
    for _ in range(3):
        pipeline.imports.split(source, import_id)
    pipeline.drain(import_id)
    once = pipeline.imports.ledger.get(import_id)
    report = pipeline.result(import_id, "report.json")

    pipeline.imports.split(source, import_id)
    for step in (0, 1, 0, 2, 7):
        pipeline.imports.step(import_id, step, repeated=True)
    pipeline.drain(import_id)

    assert pipeline.imports.ledger.get(import_id) == once
    assert counts(once) == {"rows": 2, "created": 1, "updated": 0, "unchanged": 0, "rejected": 1}
    assert pipeline.result(import_id, "report.json") == report


def test_a_message_lost_after_its_chunk_was_counted_is_sent_again(pipeline: Pipeline, account: str) -> None:
    source, import_id = pipeline.drop("drops/a.csv", (HEADER + f"Ann,Lee,3235550001,1,{account}\n").encode())
    pipeline.imports.split(source, import_id)
    for message in pipeline.messages():
        assert message == {"import": import_id, "step": 0}
        break
    pipeline.imports.step(import_id, 0, repeated=False)
    for _ in pipeline.messages():  # the next step's message is lost
        break
    pipeline.imports.step(import_id, 0, repeated=True)
    assert pipeline.drain(import_id).status == "completed"


def test_a_step_whose_keys_stay_unprocessed_is_postponed(
    pipeline: Pipeline, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = f"Ann,Lee,3235550001,1,{account}\n"
    pipeline.run("drops/a.csv", HEADER + rows)
    source, import_id = pipeline.drop("drops/upsert/b.csv", (HEADER + rows.replace("Ann", "Eve")).encode())
    pipeline.imports.split(source, import_id)
    monkeypatch.setattr(retries, "MAX_ATTEMPTS", 3)
    with leave_unprocessed(config.dynamodb(), repeat(0)) as left, pytest.raises(Busy):
        pipeline.imports.step(import_id, 0, repeated=False)
    assert left == [1] * 3

    assert counts(pipeline.drain(import_id))["updated"] == 1


def test_a_step_that_another_worker_began_meanwhile_knows_what_that_one_has_noted(
    pipeline: Pipeline, account: str
) -> None:
    """The other took the step, and died, between this one's look at the import and its own taking."""
    rows = f"Ann,Lee,3235550001,1,{account}\nBen,Lee,3235550001,1,{account}\n"
    source, import_id = pipeline.drop("drops/upsert/a.csv", (HEADER + rows).encode())
    before = pipeline.imports.split(source, import_id)
    assert not before.begun
    with dies(config.dynamodb(), "dynamodb.UpdateItem", spared=1), pytest.raises(KilledError):
        pipeline.imports.step(import_id, 0, repeated=False)
    held = pipeline.imports.ledger.acquire_lease(before)
    assert held
    assert held.begun


@pytest.mark.parametrize("mode", ["create", "upsert"])
def test_a_load_cut_off_halfway_counts_each_row_once(pipeline: Pipeline, account: str, mode: str) -> None:
    """The worker dies after the rows were written and before they were counted."""
    rows = [f"Ann,Lee,{3235550000 + i},{i:03},{account}\n" for i in range(50)]
    rows += [f"Bob,Lee,{3235550000 + i},other-{i:03},{account}\n" for i in range(20)] + rows
    source, import_id = pipeline.drop(f"drops/{mode}/a.csv", (HEADER + "".join(rows)).encode())
    pipeline.imports.split(source, import_id)

    for _ in range(3):
        with dies(config.dynamodb(), "dynamodb.UpdateItem", spared=1), pytest.raises(KilledError):
            pipeline.imports.step(import_id, 0, repeated=True)

    expected = {"rows": 120, "created": 50, "updated": 0, "unchanged": 50, "rejected": 20}
    assert counts(pipeline.drain(import_id)) == expected


def test_a_chunk_that_was_given_up_closes_with_its_rows_accounted_for(
    pipeline: Pipeline, account: str
) -> None:
    rows = [f"Ann,Lee,{3235550000 + i},{i:03},{account}\n" for i in range(10)] + [f"Ann,Lee,12,x,{account}\n"]
    source, import_id = pipeline.drop("drops/a.csv", (HEADER + "".join(rows)).encode())
    pipeline.imports.split(source, import_id)
    record = pipeline.imports.ledger.acquire_lease(pipeline.imports.ledger.get(import_id))
    assert record
    bulk = pipeline.imports._bulk(record)  # noqa: SLF001 - a worker that dies after its first rows
    from chalicelib.fields.phone import PhoneRule
    from chalicelib.fields.validation import validate
    from chalicelib.imports.outcomes import MemberRow
    from chalicelib.members.model import NewMember

    written = {
        "first_name": "Ann",
        "last_name": "Lee",
        "phone_number": "3235550000",
        "client_member_id": "000",
    }
    bulk.write([MemberRow(2, validate(NewMember, written | {"account_id": account}, PhoneRule()))])

    pipeline.imports.give_up(import_id, 0)
    record = pipeline.drain(import_id)

    assert record.status == "completed"
    assert counts(record) == {"rows": 11, "created": 1, "updated": 0, "unchanged": 0, "rejected": 10}
    assert pipeline.report(import_id)["codes"] == {"not_processed": 9, "phone_not_possible": 1}


def test_an_import_whose_report_or_split_was_given_up_ends_as_failed(
    pipeline: Pipeline, account: str
) -> None:
    body = (HEADER + f"Ann,Lee,3235550001,1,{account}\n").encode()
    source, import_id = pipeline.drop("drops/a.csv", body)
    assert pipeline.imports.give_up_split(source, import_id).error
    assert pipeline.imports.split(source, import_id).status == "failed"

    source, import_id = pipeline.drop("drops/a.csv", body)
    pipeline.imports.split(source, import_id)
    pipeline.imports.step(import_id, 0, repeated=False)
    record = pipeline.imports.give_up(import_id, 1)
    assert (record.status, record.error.code if record.error else "") == ("failed", "report_failed")
    assert counts(pipeline.drain(import_id))["created"] == 1
