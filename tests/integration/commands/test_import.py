"""`./rollcall import`: outcomes, options and messages, against real S3, SQS and DynamoDB."""

import csv
import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from chalicelib.errors import NotFound
from chalicelib.imports.text.file_names import UNSUPPORTED_FILE_TYPE
from chalicelib.members.model import MemberKey
from chalicelib.members.repository import MemberRepository
from infra.emulator import free_port
from tests.support.import_command import HEADER, Workers, run_command, run_import, write_roster
from tests.support.pipeline import Pipeline
from tests.support.terminal import COLOR, on_terminal, plain
from tests.support.workbooks import Cell, workbook


def test_file_of_good_rows_exits_with_status_0(
    workers: Workers, table: MemberRepository, tmp_path: Path, account: str
) -> None:
    done = run_import(write_roster(tmp_path / "a.csv", account))
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith(f"{tmp_path / 'a.csv'}: completed, 3 rows in ")
    assert done.stdout.endswith(": 3 created\n")
    assert table.get(MemberKey(account, "2")).last_name == "Lee"
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_corrected_rejected_rows_can_be_imported(workers: Workers, tmp_path: Path, account: str) -> None:
    path = write_roster(tmp_path / "a.csv", account, bad=2)
    done = run_import(path)
    assert done.exit_code == 1, done.output
    outcome, *reasons = done.stdout.splitlines()
    assert outcome.endswith(": 3 created, 2 rejected")
    rejected = tmp_path / "a.csv.rejected.csv"
    assert [line.split() for line in reasons] == [
        ["2", "phone_not_possible"],
        ["The", "rejected", "rows,", "with", "their", "reasons:", str(rejected)],
    ]
    with rejected.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["line"], row["code"], row["phone_number"]) for row in rows] == [
        ("5", "phone_not_possible", "12"),
        ("6", "phone_not_possible", "12"),
    ]

    text = rejected.read_text()
    rejected.write_text(text.replace(",12,", ",3235559998,", 1).replace(",12,", ",3235559999,"))
    done = run_import(rejected)
    assert (done.exit_code, done.stdout.endswith(": 2 created\n")) == (0, True)


def test_workbook_is_imported_as_a_csv(workers: Workers, tmp_path: Path, account: str) -> None:
    path = tmp_path / "roster.xlsx"
    good: list[Cell] = ["Ann", "Lee", "3235550001", 7, account]
    bad: list[Cell] = ["Ben", "", "", 8, account]
    rows: list[list[Cell] | None] = [[*HEADER.strip().split(",")], good, None, bad]
    path.write_bytes(workbook(rows, after=["May", "June"]))
    done = run_import(path)
    assert done.exit_code == 1, done.output
    assert done.stdout.splitlines()[0].endswith(": 1 created, 1 rejected")
    assert "  Sheets that were not read: May, June.\n" in done.stdout
    with (tmp_path / "roster.xlsx.rejected.csv").open(newline="", encoding="utf-8-sig") as file:
        assert [row["line"] for row in csv.DictReader(file)] == ["4"]


def test_output_shows_no_cell_of_a_row(workers: Workers, tmp_path: Path, account: str) -> None:
    done = run_import(write_roster(tmp_path / "a.csv", account, bad=1))
    assert not [cell for cell in ("Ann", "Ben", "Lee", "323555", account) if cell in done.output]


def test_worst_outcome_of_several_files_is_the_status(workers: Workers, tmp_path: Path, account: str) -> None:
    """The first name would be markup to rich."""
    good = write_roster(tmp_path / "[red] good ü.csv", f"{account}-a")
    zipped = tmp_path / "zipped.csv.gz"
    zipped.write_bytes(
        gzip.compress(write_roster(tmp_path / "b.csv", f"{account}-b", good=2, bad=1).read_bytes())
    )
    missing, folder = tmp_path / "missing.csv", tmp_path / "folder"
    folder.mkdir()
    sheet = tmp_path / "roster.xls"
    sheet.touch()
    empty = tmp_path / "empty.csv"
    empty.touch()

    done = run_import(good, zipped, missing, folder, sheet, empty, good)

    assert done.exit_code == 2, done.output
    outcomes = [line for line in done.stdout.splitlines() if not line.startswith("  ")]
    assert len(outcomes) == 6
    for path, outcome, text in zip(
        (good, zipped, missing, folder, sheet, empty),
        outcomes,
        (
            "3 created",
            "2 created, 1 rejected",
            "cannot be read: No such file or directory.",
            "cannot be read: it is not a file.",
            ": Only .csv, .tsv and .txt files, also packed as .gz or .zip, and .xlsx workbooks are imported.",
            "failed: The file is empty.",
        ),
        strict=True,
    ):
        assert outcome.startswith(str(path))
        assert outcome.endswith(text)
    assert (tmp_path / "zipped.csv.gz.rejected.csv").exists()
    assert run_import(good, zipped).exit_code == 1


def test_name_that_cannot_be_imported_is_refused_before_upload(
    pipeline: Pipeline, stage: None, tmp_path: Path
) -> None:
    before = pipeline.repository.newest(1)
    (tmp_path / "roster.numbers").touch()
    done = run_import(tmp_path / "roster.numbers")
    assert done.exit_code == 2
    assert done.stdout.endswith("/roster.numbers: " + UNSUPPORTED_FILE_TYPE + "\n")
    assert not done.stderr
    assert pipeline.repository.newest(1) == before


def test_dash_imports_standard_input(
    workers: Workers, table: MemberRepository, tmp_path: Path, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = write_roster(tmp_path / "a.csv", account, bad=1).read_text()
    done = run_import("-", "a.csv", stdin=text)
    assert done.exit_code == 1, done.output
    assert done.stdout.startswith("stdin.csv: completed, 4 rows in ")
    assert "stdin.csv: reading standard input\n" in done.stderr
    assert table.get(MemberKey(account, "2")).last_name == "Lee"
    assert (tmp_path / "stdin.csv.rejected.csv").exists()
    assert run_import("-", stdin="").stdout == "stdin.csv: failed: The file is empty.\n"


def test_json_has_import_report_and_results(
    workers: Workers, tmp_path: Path, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # apply writes its results here
    path, missing = write_roster(tmp_path / "a.csv", account, bad=2), tmp_path / "missing.csv"
    done = run_import(path, missing, "--json")
    assert done.exit_code == 2
    bad, absent = json.loads(done.stdout)
    assert (bad["exit_status"], bad["file"], bad["import"]["counts"]["rejected"]) == (1, str(path), 2)
    assert bad["report"]["codes"] == {"phone_not_possible": 2}
    assert bad["results"] == {"rejected.csv": f"{path}.rejected.csv"}
    assert (absent["exit_status"], absent["file"]) == (2, str(missing))
    assert absent["text"].endswith("cannot be read: No such file or directory.")
    checked = json.loads(run_import(path, "--dry-run", "--json").stdout)[0]["import"]["id"]
    applied = json.loads(run_command("apply", checked, "--json").stdout)
    assert (applied["import"]["applies"], applied["exit_status"]) == (checked, 1)


def test_terminal_shows_colors_unless_told_otherwise(workers: Workers, tmp_path: Path, account: str) -> None:
    path = write_roster(tmp_path / "a.csv", account)
    status, shown = on_terminal("import", str(path))
    assert (status, COLOR.search(shown)) == (0, None)
    assert f"{path}: completed, 3 rows in " in plain(shown)
    assert COLOR.search(on_terminal("import", str(path), colors=True)[1])


def test_account_option_rejects_rows_of_other_accounts(
    workers: Workers, table: MemberRepository, tmp_path: Path, account: str
) -> None:
    done = run_import(
        write_roster(tmp_path / "a.csv", f"{account}-b"), "--account", account, "--mode", "upsert"
    )
    assert (done.exit_code, "3  account_differs" in done.stdout) == (1, True)
    checked = run_import(tmp_path / "a.csv", "--account", account, "--dry-run").stdout
    assert ("would write nothing" in checked, "To import what was checked" in checked) == (True, False)
    with pytest.raises(NotFound):
        table.get(MemberKey(f"{account}-b", "0"))


def test_mode_account_region_and_limit_apply_to_the_import(
    workers: Workers, table: MemberRepository, tmp_path: Path, account: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("First Name,Surname,Phone,Member ID\nAnn,Lee,020 7946 0958,7\n")
    options = ["--account", account, "--region", "GB"]

    done = run_import(path, *options, "--mode", "validate")
    assert done.exit_code == 0
    assert done.stdout.startswith(f"{path}: checked, 1 row in ")
    assert f": 1 would be created\n  What would happen to each row: {path}.changes.csv\n" in done.stdout
    assert "  To import what was checked: ./rollcall apply " in done.stdout

    assert run_import(path, *options).exit_code == 0
    assert table.get(MemberKey(account, "7")).phone_number == "+442079460958"

    path.write_text("First Name,Surname,Phone,Member ID\nAnn,Moore,,7\n")
    done = run_import(path, *options, "--mode", "upsert", "--dry-run")
    assert done.stdout.startswith(f"{path}: checked, 1 row in ")
    assert ": 1 would be updated\n" in done.stdout
    assert table.get(MemberKey(account, "7")).last_name == "Lee"
    done = run_import(path, *options, "--mode", "upsert")
    assert done.stdout.endswith(": 1 updated\n")

    done = run_import(write_roster(tmp_path / "b.csv", account, good=0, bad=3), "--max-rejected", "1")
    assert done.exit_code == 2
    assert ": failed: 3 of 3 rows were rejected. 3 rows in " in done.stdout
    assert (tmp_path / "b.csv.rejected.csv").exists()


def test_warnings_are_printed_in_plain_words(workers: Workers, tmp_path: Path, account: str) -> None:
    path = tmp_path / "a.csv"
    ids = ["3-Feb", "ab1", "AB1", *(f"{n}-Mar" for n in range(1, 8))]
    rows = (f"Ann,Lee,{3235550000 + i},{name},{account}\n" for i, name in enumerate(ids))
    path.write_text(HEADER + "".join(rows))
    done = run_import(path, "--mode", "validate")
    assert done.exit_code == 0
    outcome, *warnings, _changes, _estimate, _apply = done.stdout.splitlines()
    assert outcome.endswith(": 10 would be created")
    assert [line.rpartition("(")[2] for line in warnings] == [
        "lines 2, 5, 6, 7, 8 and 3 more)",
        "lines 3, 4)",
    ]
    assert warnings[0].startswith("  Warning: Ids look like dates.")
    assert warnings[1].startswith("  Warning: Ids differ from others by upper and lower case alone.")


def test_file_with_a_long_name_is_imported(workers: Workers, tmp_path: Path, account: str) -> None:
    assert run_import(write_roster(tmp_path / f"{'x' * 100}.csv", account)).exit_code == 0


def test_unwritable_rejected_file_does_not_hide_the_counts(
    workers: Workers, tmp_path: Path, account: str
) -> None:
    path = write_roster(tmp_path / "a.csv", account, bad=1)
    (tmp_path / "a.csv.rejected.csv").mkdir()
    done = run_import(path)
    assert done.exit_code == 2
    assert ": 3 created, 1 rejected\n" in done.stdout
    assert "a.csv.rejected.csv could not be written: " in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument 'FILE...'"),
        (["--mode", "remove", "a.csv"], "Invalid value for '--mode'"),
        (["--region", "XX", "a.csv"], "--region: Must be a known two-letter region code"),
        (
            ["--max-rejected", "many", "a.csv"],
            "--max-rejected: Must be a number such as 100, or a percentage",
        ),
        (["--account", " ", "a.csv"], "--account: "),
        (
            ["--stage", "elsewhere", "a.csv"],
            "Error: rollcall-elsewhere is on AWS. Calls would not reach AWS: AWS_ENDPOINT_URL",
        ),
    ],
)
def test_invalid_arguments_exit_with_status_2_and_one_message(
    stage: None, arguments: Sequence[str], message: str
) -> None:
    done = run_import(*arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert not done.stdout


def test_stage_without_response_is_reported_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("EMULATOR_PORT", str(free_port()))
    done = run_import("a.csv")
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(
        "Error: rollcall-local was not found: Could not connect to the endpoint URL"
    )


def test_guessed_encoding_is_told_with_names(workers: Workers, tmp_path: Path, account: str) -> None:
    path = write_roster(tmp_path / "a.csv", account)
    path.write_bytes(path.read_bytes().replace(b"Ann", b"Zo\xeb"))
    done = run_import(path)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[1].strip().startswith("Encoding: guessed to be windows-1252, with names")
    assert "such as Zoë" in done.stdout


def test_declared_encoding_is_used(
    workers: Workers, table: MemberRepository, tmp_path: Path, account: str
) -> None:
    path = write_roster(tmp_path / "a.csv", account)
    path.write_bytes(path.read_bytes().replace(b"Lee", "Зоя".encode("windows-1251")))
    assert run_import(path, "--encoding", "windows-1251").exit_code == 0
    assert table.get(MemberKey(account, "2")).last_name == "Зоя"
