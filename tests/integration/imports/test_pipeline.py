"""The import from a dropped file to its report, over real S3, SQS and DynamoDB."""

import io
import math
from collections import Counter

import pytest

from chalicelib.imports.records.import_ids import new_import_id
from chalicelib.imports.records.steps import Step
from chalicelib.imports.running import write_progress
from chalicelib.members.model import MemberKey
from chalicelib.members.repository import MemberRepository
from tests.support.metering import calls
from tests.support.pipeline import HEADER, Pipeline, counts
from tools.roster import Roster


def test_generated_roster_ends_with_its_expected_counts(pipeline: Pipeline, account: str) -> None:
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


def test_small_file_is_imported_in_few_requests(
    pipeline: Pipeline, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        write_progress, "NOTE_SECONDS", math.inf
    )  # on a slow machine it would note its progress
    rows = "".join(f"Ann,Lee,{3235550000 + i},{i},{account}\n" for i in range(20))
    body = HEADER + rows + f",Lee,3235550000,x,{account}\n"
    with calls() as made:
        record = pipeline.split("drops/a.csv", body)
    assert Counter(made[1:]) == {  # after the drop
        "dynamodb.PutItem": 2,  # the import, its columns
        "dynamodb.GetItem": 1,
        "dynamodb.UpdateItem": 1,
        "s3.PutObjectTagging": 1,
        "s3.GetObject": 3,  # the profile; the first bytes of the file, then all
        "s3.PutObject": 1,
        "sqs.SendMessage": 2,
    }
    with calls() as made:
        ended = pipeline.imports.step(record.id, Step("load"))
    assert ended.finished_at
    assert Counter(made) == {
        "dynamodb.GetItem": 3,  # the import before and after, its columns
        "dynamodb.UpdateItem": 3,  # the lease, the end, the notice
        "dynamodb.BatchGetItem": 1,
        "dynamodb.TransactWriteItems": 2,  # the members; the counts, with the lease of the end
        "s3.GetObject": 1,
        "s3.PutObject": 5,  # the rows, their outcomes, rejected.csv, changes.csv, report.json
    }


def test_same_file_again_changes_no_member(pipeline: Pipeline, table: MemberRepository, account: str) -> None:
    text = HEADER + "".join(f"Ann,Lee,{3235550000 + i},{i:03},{account}\n" for i in range(120))
    pipeline.run("drops/a.csv", text)
    before = [table.get(MemberKey(account, f"{i:03}")) for i in range(120)]

    record = pipeline.run("drops/a.csv", text)

    assert counts(record) == {
        "rows": 120,
        "created": 0,
        "updated": 0,
        "unchanged": 120,
        "deleted": 0,
        "rejected": 0,
        "removed": 0,
    }
    assert [table.get(MemberKey(account, f"{i:03}")) for i in range(120)] == before


def test_file_of_many_chunks_is_one_import(pipeline: Pipeline, account: str) -> None:
    pipeline = Pipeline(chunk_size=1024)
    lines = [f'"An\nn",Lee,{3235550000 + i},{i:03},{account}\n' for i in range(60)]
    lines += [f"Ann,Lee,{3235550000 + i},{i:03},{account}\n" for i in range(60)]  # the same, rightly
    lines += [f"Ann,Lee,{3235550000 + i},other-{i:03},{account}\n" for i in range(60)]

    record = pipeline.run("drops/a.csv", HEADER + "".join(lines))

    assert record.chunks > 5
    assert counts(record) == {
        "rows": 180,
        "created": 60,
        "updated": 0,
        "unchanged": 0,
        "deleted": 0,
        "rejected": 120,
        "removed": 0,
    }
    found = pipeline.rejected(record.id)
    assert [int(row["line"]) for row in found] == [2 + 2 * i for i in range(60)] + [
        182 + i for i in range(60)
    ]
    assert found[60]["reason"] == "phone_number: Already used by line 122 of this file."


def test_upsert_changes_what_differs_in_line_order(
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

    assert counts(record) == {
        "rows": 4,
        "created": 1,
        "updated": 2,
        "unchanged": 1,
        "deleted": 0,
        "rejected": 0,
        "removed": 0,
    }
    assert table.get(MemberKey(account, "1")).version == 1
    assert table.get(MemberKey(account, "2")).phone_number == "+13235550009"
    assert table.get(MemberKey(account, "3")).last_name == "Newer"


def test_account_may_come_from_the_key(pipeline: Pipeline, table: MemberRepository, account: str) -> None:
    text = "First Name,Surname,Mobile,Member ID\nAnn,Lee,3235550001,007\n"
    record = pipeline.run(f"drops/upsert/account={account}/x.csv", text)
    assert counts(record)["created"] == 1
    assert table.get(MemberKey(account, "007")).first_name == "Ann"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1252"])
def test_each_encoding_keeps_its_accents(
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
        ("twice.csv", HEADER.strip().encode() + b",Phone Number\n1,2,3,4,5,6\n", "duplicate_columns"),
        ("binary.csv", bytes(range(256)) * 40, "binary_file"),
        ("one-line.csv", b"x" * 5_000_000, "row_too_long"),
        ("open-quote.csv", b'"first_name', "unclosed_quote"),
        ("roster.xls", b"PK\x03\x04", "unsupported_file_type"),
        ("roster.xlsx", b"PK\x03\x04", "not_workbook"),
    ],
)
def test_unreadable_file_fails_with_its_reason(pipeline: Pipeline, name: str, body: bytes, code: str) -> None:
    record = pipeline.run(f"drops/{name}", body)
    assert record.status == "failed"
    assert record.error
    assert record.error.code == code
    assert record.finished_at
    assert pipeline.report(record.id)["error"] == {"code": code, "detail": record.error.detail}


def test_bad_rows_reject_none_of_their_neighbours(pipeline: Pipeline, account: str) -> None:
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
    assert counts(record) == {
        "rows": 7,
        "created": 3,
        "updated": 0,
        "unchanged": 0,
        "deleted": 0,
        "rejected": 4,
        "removed": 0,
    }
    found = [(row["line"], row["code"]) for row in pipeline.rejected(record.id)]
    assert found == [
        ("3", "too_many_cells"),
        ("4", "row_too_long"),
        ("5", "unclosed_quote"),
        ("8", "control_character"),
    ]


def test_corrected_rejected_csv_imports_as_it_is(pipeline: Pipeline, account: str) -> None:
    text = "id,Note,Phone,Last Name,First Name,Member,Account\n".replace("Member", "Member ID")
    text += f'1,"a, b",12,Lee,Ann,1,{account}\n2,"say ""hi""",3235550002,Lee,Ben,2,{account}\n'
    first = pipeline.run("drops/a.csv", text)
    rejected = pipeline.result(first.id, "rejected.csv")
    assert rejected.splitlines()[0] == "id,Note,Phone,Last Name,First Name,Member ID,Account,line,code,reason"

    again = pipeline.run("drops/a.rejected.csv", rejected.replace(",12,", ",3235550001,"))

    assert counts(again)["created"] == 1
    assert pipeline.report(again.id)["columns"]["ignored"] == ["id", "Note", "line", "code", "reason"]


def test_key_may_hold_spaces_plus_signs_and_any_script(pipeline: Pipeline, account: str) -> None:
    text = HEADER + f"Ann,Lee,3235550001,1,{account}\n"
    record = pipeline.run("drops/my roster+1 ünï 名簿.csv", text)
    assert record.status == "completed"
    assert record.source.key == "drops/my roster+1 ünï 名簿.csv"


def test_object_under_unannounced_upload_key_is_a_drop(pipeline: Pipeline, account: str) -> None:
    """Otherwise its event would fail forever, and its dead letter too."""
    key = f"drops/http/{new_import_id()}/a.csv"
    record = pipeline.run(key, HEADER + f"Ann,Lee,3235550001,1,{account}\n")
    assert (record.status, record.source.key, counts(record)["created"]) == ("completed", key, 1)
    assert record.id not in key
