"""What the key of a dropped file asks for. No engine."""

from typing import Any

import pytest

from chalicelib.errors import Unreadable
from chalicelib.imports.drop_key import check_key, import_options, is_roster

NOTHING = {"mode": "create", "account_id": None, "region": None}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.csv", True),
        ("A.CSV.GZ", True),
        ("a.csv.zip", False),
        ("a.gz", False),
        ("acsv", False),
        ("", False),
    ],
)
def test_roster_is_known_by_its_ending(name: str, *, expected: bool) -> None:
    assert is_roster(name) is expected


@pytest.mark.parametrize(
    ("key", "asked"),
    [
        ("a.csv", {}),
        ("drops/a.csv", {}),
        ("drops/upsert/a.csv", {"mode": "upsert"}),
        ("drops/2026/Validate /a.csv", {"mode": "validate"}),
        ("drops/mode=UPSERT/a.csv", {"mode": "upsert"}),
        ("drops/Account=12/Region =GB/a.csv", {"account_id": "12", "region": "GB"}),
        ("drops/account=a=b/a.csv", {"account_id": "a=b"}),
        ("drops/account=/a.csv", {"account_id": ""}),
        ("drops/upsert", {}),  # a file's name asks for nothing
        ("drops/account=12", {}),
        ("drops/upserts/modes=validate/a.csv", {}),
        ("drops/mode=erase/a.csv", {}),  # check_key refuses it; until then the import needs a mode
    ],
)
def test_folders_of_a_key_set_the_options(key: str, asked: dict[str, Any]) -> None:
    assert import_options(key) == NOTHING | asked


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("drops/a.xlsx", "unsupported_file_type"),
        ("drops/upsert/validate/a.csv", "ambiguous_key"),
        ("drops/create/mode=upsert/a.csv", "ambiguous_key"),
        ("drops/account=1/account=2/a.csv", "ambiguous_key"),
        ("drops/region=GB/region=gb/a.csv", "ambiguous_key"),
        ("drops/mode=erase/a.csv", "unknown_mode"),
        ("drops/mode=/a.csv", "unknown_mode"),
    ],
)
def test_key_that_cannot_be_followed_is_refused(key: str, code: str) -> None:
    with pytest.raises(Unreadable) as raised:
        check_key(key)
    assert raised.value.code == code


@pytest.mark.parametrize("key", ["drops/a.csv", "drops/upsert/mode=Upsert/a.csv.gz", "drops/x=1/x=2/a.csv"])
def test_clear_key_is_accepted(key: str) -> None:
    check_key(key)


def test_long_unknown_mode_is_cut_in_the_message() -> None:
    with pytest.raises(Unreadable) as raised:
        check_key(f"drops/mode={'x' * 900}/a.csv")
    assert len(raised.value.detail) < 100
