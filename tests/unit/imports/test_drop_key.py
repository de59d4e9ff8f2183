"""The options that the key of a dropped file sets."""

from typing import Any

import pytest

from chalicelib.errors import Unreadable
from chalicelib.imports.records.drop_key import account_of_key, parse_drop_key
from chalicelib.imports.text.file_names import is_roster


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.csv", True),
        ("A.CSV.GZ", True),
        ("a.csv.zip", True),
        ("a.zip", True),
        ("a.XLSX", True),
        ("a.xlsx.gz", False),
        ("a.xlsb", False),
        ("A.Tsv", True),
        ("a.txt.gz", True),
        ("a.csv.zip.gz", False),
        ("a.gz", False),
        ("acsv", False),
        ("", False),
    ],
)
def test_roster_is_recognised_by_its_extension(name: str, *, expected: bool) -> None:
    assert is_roster(name) is expected


@pytest.mark.parametrize(
    ("key", "options"),
    [
        ("a.csv", {}),
        ("drops/a.csv", {}),
        ("drops/upsert/a.csv", {"mode": "upsert"}),
        ("drops/2026/Validate /a.csv", {"mode": "validate"}),
        ("drops/mode=UPSERT/a.csv", {"mode": "upsert"}),
        ("drops/Delete/a.csv", {"mode": "delete"}),
        ("drops/Dry_Run/upsert/a.csv", {"mode": "upsert", "dry_run": True}),
        ("drops/dry-run/dry_run=TRUE/a.csv", {"dry_run": True}),
        ("drops/dry_run= false/a.csv", {"dry_run": False}),
        ("drops/upsert/mode=Upsert/a.csv.gz", {"mode": "upsert"}),
        ("drops/Account=12/Region =GB/a.csv", {"account_id": "12", "region": "GB"}),
        ("drops/account=a=b/a.csv", {"account_id": "a=b"}),
        ("drops/account= 12/account=12 /a.csv", {"account_id": "12"}),
        ("drops/encoding=CP1251/a.csv", {"encoding": "windows-1251"}),
        ("drops/upsert.csv", {}),  # file names set no options
        ("drops/account=12.csv", {}),
        ("drops/2026-11-23/North Clinic (7)/creative-health/a.csv", {}),
        ("drops/http/20261123T040000Z-dry7sync22/a.csv", {}),  # an upload
        ("drops/valiant/dryden/upstart/accountancy/a.csv", {}),
        ("drops/max_rejected=5%/rows= 1200/a.csv", {"max_rejected": "5%", "rows": 1200}),
        ("drops/Max-Rejected=100/account_id=7/a.csv", {"max_rejected": "100", "account_id": "7"}),
        ("drops/max_rejected=5%25/a.csv", {"max_rejected": "5%"}),  # the sender encoded the key
    ],
)
def test_folders_of_a_key_set_the_options(key: str, options: dict[str, Any]) -> None:
    assert parse_drop_key(key) == options


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("drops/a.xls", "unsupported_file_type"),
        ("drops/upsert", "unsupported_file_type"),
        ("drops/upsert/validate/a.csv", "ambiguous_key"),
        ("drops/dry_run/dry_run=false/a.csv", "ambiguous_key"),
        ("drops/dry_run=yes/a.csv", "invalid_dry_run"),
        ("drops/create/mode=upsert/a.csv", "ambiguous_key"),
        ("drops/account=1/account=2/a.csv", "ambiguous_key"),
        ("drops/region=GB/region=US/a.csv", "ambiguous_key"),
        ("drops/rows=1/rows=2/a.csv", "ambiguous_key"),
        ("drops/mode=erase/a.csv", "unknown_mode"),
        ("drops/mode=/a.csv", "unknown_mode"),
        ("drops/account=/a.csv", "invalid_account_id"),
        ("drops/region=UK/a.csv", "unknown_region"),
        ("drops/region=gb/a.csv", "unknown_region"),
        ("drops/max_rejected=5.5%/a.csv", "invalid_max_rejected"),
        ("drops/max_rejected=/a.csv", "invalid_max_rejected"),
        ("drops/rows=1e3/a.csv", "invalid_rows"),
        ("drops/rows=-1/a.csv", "invalid_rows"),
        ("drops/encoding=/a.csv", "unknown_encoding"),
        ("drops/encoding=klingon/a.csv", "unknown_encoding"),
        ("drops/encoding=hex/a.csv", "unknown_encoding"),
        ("drops/encoding=utf-8/encoding=cp1252/a.csv", "ambiguous_key"),
    ],
)
def test_invalid_key_is_rejected_with_a_code(key: str, code: str) -> None:
    with pytest.raises(Unreadable) as raised:
        parse_drop_key(key)
    assert raised.value.code == code


@pytest.mark.parametrize(
    "folder",
    [
        "validate-only",
        "validated",
        "Validate_Only",
        "validateOnly",
        "only validate",
        "valdiate",
        "dry run",
        "dryRun",
        "test",
        "upserts",
        "upsert.old",
        "upsrt",
        "update",
        "deletes",
        "synced",
        "create.d",
        "acount=7",
        "modes=validate",
        "x=1",
        "=7",
        "account",
        "account-7",
        "account7",
        "Account: 7",
        "max rejected",
        "mode-validate",
    ],
)
def test_folder_that_looks_like_an_option_is_refused(folder: str) -> None:
    """Ignoring it could write what was not meant to be written, or into other accounts."""
    with pytest.raises(Unreadable) as raised:
        parse_drop_key(f"drops/{folder}/a.csv")
    assert raised.value.code == "unknown_folder"
    assert folder in raised.value.detail


@pytest.mark.parametrize(
    ("key", "account"),
    [
        ("drops/account=7/validated/a.csv", "7"),
        ("drops/account=7/account= 7/a.xlsx", "7"),
        ("drops/account=7/account=8/a.csv", None),
        ("drops/account=/a.csv", None),
        ("drops/a.csv", None),
    ],
)
def test_account_is_found_in_a_key_with_errors(key: str, account: str | None) -> None:
    assert account_of_key(key) == account


@pytest.mark.parametrize("option", ["mode", "region"])
def test_long_value_is_truncated_in_the_message(option: str) -> None:
    with pytest.raises(Unreadable) as raised:
        parse_drop_key(f"drops/{option}={'x' * 900}/a.csv")
    assert "x" * 64 in raised.value.detail
    assert len(raised.value.detail) < 200
