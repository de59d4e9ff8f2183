"""Results of an import through the pipeline: rejected.csv, corrected and imported again, and the report."""

import csv
import io

import pytest

from chalicelib.imports.rows.outcomes import OUTCOMES
from chalicelib.imports.running import write_steps
from chalicelib.members.model import MemberKey
from chalicelib.members.repository import MemberRepository
from tests.support.pipeline import Pipeline, counts

HEADER = "first_name,last_name,phone_number,client_member_id,account_id"
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "windows-1252"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_corrected_rejected_rows_are_imported(
    pipeline: Pipeline, table: MemberRepository, account: str, encoding: str, delimiter: str
) -> None:
    """Whatever the file was, rejected.csv is UTF-8 with commas, and with the byte order mark that Excel needs."""
    lines = [
        HEADER.split(","),
        ["Zoë", "=Müller", "12", "1", account],
        ["Ann", "Lee", "3235550002", "2", account],
    ]
    body = "\r\n".join(delimiter.join(line) for line in lines).encode(encoding)
    first = pipeline.run("drops/a.csv", body)
    assert (first.counts.created, first.counts.rejected) == (1, 1)
    raw = pipeline.result(first.id, "rejected.csv", "utf-8")
    assert raw.startswith("\ufefffirst_name,last_name,")
    assert f"\nZoë,'=Müller,12,1,{account},2,phone_not_possible," in raw

    again = pipeline.run("drops/a.rejected.csv", raw.replace(",12,", ",(323) 555-0001,"))

    assert (again.counts.rows, again.counts.created) == (1, 1)
    member = table.get(MemberKey(account, "1"))
    assert (member.first_name, member.last_name, member.phone_number) == ("Zoë", "=Müller", "+13235550001")


def test_rejected_csv_saved_by_a_spreadsheet_is_imported(
    pipeline: Pipeline, table: MemberRepository, account: str
) -> None:
    """As plain CSV, a spreadsheet saves windows-1252 and CRLF, and in half of Europe semicolons."""
    text = f"{HEADER}\nZoë,Lee,12,007,{account}\n"
    raw = pipeline.result(pipeline.run("drops/a.csv", text).id, "rejected.csv")
    corrected = csv.reader(io.StringIO(raw.replace(",12,", ",3235550001,")))
    saved = "\r\n".join(";".join(row) for row in corrected).encode("windows-1252")
    assert pipeline.run("drops/b.csv", saved).counts.created == 1
    assert table.get(MemberKey(account, "007")).first_name == "Zoë"


def test_report_describes_file_columns_counts_and_codes(pipeline: Pipeline, account: str) -> None:
    text = "Note;First Name;Last;Phone;Member ID;Account\n"
    text += f"x;Ann;Lee;3235550001;1;{account}\nx;Ben;Lee;12;2;{account}\n"
    record = pipeline.run("drops/a.csv", text)
    report = pipeline.report(record.id)
    assert report["id"] == record.id
    assert report["source"] == record.source.model_dump()
    assert report["source"]["version"]
    assert report["source"]["size"] == len(text)
    assert (report["status"], report["mode"], report["error"]) == ("completed", "create", None)
    assert (report["encoding"], report["delimiter"]) == ("utf-8", ";")
    assert report["columns"] == {
        "used": {
            "first_name": "First Name",
            "last_name": "Last",
            "phone_number": "Phone",
            "client_member_id": "Member ID",
            "account_id": "Account",
        },
        "ignored": ["Note"],
    }
    assert report["counts"]["rows"] == sum(report["counts"][name] for name in OUTCOMES) == 2
    assert report["codes"] == {"phone_not_possible": 1}
    assert report["created_at"] <= report["started_at"] <= report["finished_at"]
    assert report["seconds"] >= 0
    assert report["seconds"] == 0 or report["rows_per_second"] == round(2 / report["seconds"])
    [shown] = report["sample"]
    assert (shown["line"], shown["code"]) == (3, "phone_not_possible")
    assert shown["reason"].startswith("phone_number: ")


def test_too_many_dependent_rows_are_rejected(
    pipeline: Pipeline, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would not fit in memory: those of a file of millions of rows with a shifted column."""
    monkeypatch.setattr(write_steps, "MAX_DEFERRED", 4)
    rows = [f"Ann,Lee,{3235550000 + i % 40},{i},{account}\n" for i in range(45)]
    record = Pipeline(chunk_size=1024).run("drops/a.csv", HEADER + "\n" + "".join(rows))
    assert record.chunks > 1
    assert counts(record) == {
        "rows": 45,
        "created": 35,
        "updated": 0,
        "unchanged": 0,
        "deleted": 0,
        "rejected": 10,
        "removed": 0,
    }
    rejected = pipeline.rejected(record.id)
    assert {row["code"] for row in rejected} == {"too_many_dependent_rows"}
    assert [int(row["line"]) for row in rejected] == [*range(2, 7), *range(42, 47)]
