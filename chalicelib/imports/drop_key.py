"""What the key of a dropped file asks for: drops/upsert/account=12/region=GB/x.csv. Pure."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, get_args

from chalicelib.errors import Invalid, Unreadable
from chalicelib.fields.validation import validate
from chalicelib.members.model import MemberChanges

from .model import Mode

MODES: tuple[Mode, ...] = get_args(Mode)
NO_ROSTER = "Only .csv and .csv.gz files are imported."
FIELDS = {"mode": "mode", "account": "account_id", "region": "region"}  # as folders name them, and imports


def is_roster(name: str) -> bool:
    """Whether a file of this name is one that is read."""
    return name.lower().endswith((".csv", ".csv.gz"))


def import_options(key: str) -> dict[str, Any]:
    """The mode, account id and region that a drop's import has by its folders, in whatever order they stand."""
    found = {"mode": "create", "account_id": None, "region": None, **dict(_asked(key))}
    if found["account_id"] is not None:
        with suppress(Unreadable):  # `check_key` raises it, which ends the import
            found["account_id"] = _account(found["account_id"])
    return found if found["mode"] in MODES else found | {"mode": "create"}


def check_key(key: str) -> None:
    """Raises Unreadable where a file's name or its folders are none that an import can follow.

    Of two modes that a key asks for either might be taken, and the dry run that somebody meant would write.
    """
    if not is_roster(key):
        raise Unreadable(NO_ROSTER, code="unsupported_file_type")
    found: dict[str, str] = {}
    for field, asked in _asked(key):
        value = _account(asked) if field == "account_id" else asked
        if found.setdefault(field, value) != value:
            raise Unreadable(f"The folders of the file ask for two values of {field}.", code="ambiguous_key")
    if found.get("mode", "create") not in MODES:
        raise Unreadable(f"There is no mode {found['mode'][:64]!r}.", code="unknown_mode")


def _account(value: str) -> str:
    """The account id that a folder names, as a member's is stored. Raises Unreadable."""
    try:
        return validate(MemberChanges, {"account_id": value}).account_id
    except Invalid as error:
        detail = error.detail.removeprefix("account_id: ")
        raise Unreadable(
            f"The folder account={value[:64]} names no account id: {detail} Rename the folder.",
            code="invalid_account_id",
        ) from None


def _asked(key: str) -> Iterator[tuple[str, str]]:
    """(field, value) of each folder that asks for something, however its words are spelt."""
    for folder in key.split("/")[:-1]:
        name, equals, value = folder.partition("=")
        word = name.strip().casefold()
        if not equals and word in MODES:
            yield "mode", word
        elif equals and word in FIELDS:
            yield FIELDS[word], value.strip().casefold() if word == "mode" else value
