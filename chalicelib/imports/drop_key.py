"""Parses the key of a dropped file into options: drops/upsert/account=12/region=GB/x.csv. Pure."""

from collections.abc import Iterator
from typing import NamedTuple, get_args

from chalicelib.errors import Invalid, Unreadable
from chalicelib.fields.phone import is_region
from chalicelib.fields.validation import validate
from chalicelib.members.model import MemberChanges

from .encodings import UNKNOWN, encoding_name
from .file_names import UNSUPPORTED_FILE_TYPE, is_roster
from .model import Mode

MODES: tuple[Mode, ...] = get_args(Mode)
_MAX_SHOWN = 64  # characters of a value in a message


class ImportOptions(NamedTuple):
    """The options of an import that its file's key may set; `region` is that of phone numbers without +."""

    mode: Mode = "create"
    account_id: str | None = None
    region: str | None = None
    encoding: str | None = None


def parse_drop_key(key: str) -> ImportOptions:
    """Returns the options that the folders of a key set, in any order.

    Raises Unreadable: unsupported_file_type, ambiguous_key, unknown_mode, unknown_region, invalid_account_id,
    unknown_encoding.
    """
    if not is_roster(key):
        raise Unreadable(UNSUPPORTED_FILE_TYPE, code="unsupported_file_type")
    found: dict[str, str] = {}
    for name, value in _folder_options(key):
        # Choosing one of two modes could write the members of a file that was meant for a dry run.
        if found.setdefault(name, value) != value:
            detail = f"The folders set {name} to two different values. Rename or remove one of them."
            raise Unreadable(detail, code="ambiguous_key")
    word, region = found.get("mode", "create"), found.get("region")
    mode = next((mode for mode in MODES if mode == word), None)
    if mode is None:
        detail = f"The folder mode={word[:_MAX_SHOWN]} is not a mode. Use one of: {', '.join(MODES)}."
        raise Unreadable(detail, code="unknown_mode")
    if region is not None and not is_region(region):
        shown = region[:_MAX_SHOWN]
        detail = f"The folder region={shown} is not a phone region. Use a code such as US or GB."
        raise Unreadable(detail, code="unknown_region")
    return ImportOptions(mode, found.get("account"), region, found.get("encoding"))


def _folder_options(key: str) -> Iterator[tuple[str, str]]:
    """Yields (name, value) of each folder that sets an option: `upsert`, `mode=upsert`, `account=12`, `region=GB`."""
    for folder in key.split("/")[:-1]:
        name, equals, value = folder.partition("=")
        word = name.strip().casefold()
        if not equals and word in MODES:
            yield "mode", word
        elif equals and word == "mode":
            yield word, value.strip().casefold()
        elif equals and word == "account":
            yield word, _account_id(value)
        elif equals and word == "region":
            yield word, value
        elif equals and word == "encoding":
            yield word, _encoding(value)


def _encoding(text: str) -> str:
    """Returns the name of an encoding as imports store it. Raises Unreadable."""
    try:
        return encoding_name(text)
    except LookupError:
        detail = f"The folder encoding={text[:_MAX_SHOWN]}: {UNKNOWN}"
        raise Unreadable(detail, code="unknown_encoding") from None


def _account_id(text: str) -> str:
    """Returns the account id as members store it. Raises Unreadable."""
    try:
        return validate(MemberChanges, {"account_id": text}).account_id
    except Invalid as error:
        reason = error.detail.removeprefix("account_id: ")
        detail = (
            f"The folder account={text[:_MAX_SHOWN]} has no valid account id: {reason} Rename the folder."
        )
        raise Unreadable(detail, code="invalid_account_id") from None
