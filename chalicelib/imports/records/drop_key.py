"""Parses the key of a dropped file into options: drops/upsert/dry_run/account=12/x.csv. Pure."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, get_args

from chalicelib.errors import Invalid, Unreadable
from chalicelib.fields.characters import fold
from chalicelib.fields.validation import validate
from chalicelib.imports.rows.row_context import FileMode
from chalicelib.imports.text.file_names import UNSUPPORTED_FILE_TYPE, is_roster

from .import_ids import is_import_id
from .new_import import NewImport

MODES: tuple[FileMode, ...] = get_args(FileMode)
DRY_RUN = "dry_run"  # a folder too, without a value
_MAX_SHOWN = 80  # characters of a folder in a message
# The names of options in folders, with - or _ between words, and the fields of NewImport that they set.
FOLDER_OPTIONS: Mapping[str, str] = {
    "mode": "mode",
    "account": "account_id",
    "account_id": "account_id",
    "region": "region",
    "encoding": "encoding",
    "max_rejected": "max_rejected",
    "rows": "rows",
    "max_removed": "max_removed",
    "max_removed_percent": "max_removed_percent",
    "dry_run": DRY_RUN,
}
# The code of an invalid value; else invalid_…
_CODES = {"mode": "unknown_mode", "region": "unknown_region", "encoding": "unknown_encoding"}
# Words of folders whose files may not be meant to be written, or not in the mode create.
_MODE_WORD = re.compile(
    r"creat(e|es|ed|ing)|upsert\w*|updat(e|es|ed|ing)|valid\w*|delet(e|es|ed|ing|ion|ions)|sync\w*|undo"
    r"|insert\w*|append\w*|merg(e|ed|ing)|replac(e|ed|ing)|overwrit\w*|remov(e|ed|al|als|ing)|purg(e|ed|ing)"
    r"|terminat(e|ed|ions?)|deactivat(e|ed|ions?)|rollback|revert(ed)?"
    r"|dry|dryruns?|simulat\w*|preview\w*|trial|test|tests|testing|check|noop|drafts?|sandbox"
    r"|prüf(en|ung)|löschen|essai|supprim\w*|prueba|borrar|prova"
)
_MISSPELT = ("upsert", "validate", "delete")  # modes that a folder may name wrongly
_SIMILAR = 0.85  # of get_close_matches: one letter too many, too few or in the wrong place


def parse_drop_key(key: str) -> dict[str, Any]:
    """Returns the options that the folders of a key set, in any order, by field of NewImport.

    Raises Unreadable: unsupported_file_type, unknown_folder, ambiguous_key, unknown_mode, unknown_region,
    unknown_encoding, invalid_….
    """
    if not is_roster(key):
        raise Unreadable(UNSUPPORTED_FILE_TYPE, code="unsupported_file_type")
    found: dict[str, Any] = {}
    for name, value in _folder_options(key):
        # Choosing one of two modes could write the members of a file that was meant for a dry run.
        if found.setdefault(name, value) != value:
            shown = name.removesuffix("_id")
            detail = f"The folders set {shown} to two different values. Rename or remove one of them."
            raise Unreadable(detail, code="ambiguous_key")
    return found


def account_of_key(key: str) -> str | None:
    """Returns the only account that the folders of a key name, None without one: also for a key with errors."""
    accounts = set()
    for folder in key.split("/")[:-1]:
        try:
            accounts |= {value for name, value in _options_of(folder) if name == "account_id"}
        except Unreadable:
            continue
    return accounts.pop() if len(accounts) == 1 else None


def _folder_options(key: str) -> Iterator[tuple[str, Any]]:
    """Yields (field, value) of each folder that sets an option: `upsert`, `mode=upsert`, `account=12`."""
    for folder in key.split("/")[1:-1]:
        yield from _options_of(folder)


def _options_of(folder: str) -> Iterator[tuple[str, Any]]:
    """Yields the option that a folder sets, if any. Raises Unreadable."""
    name, equals, value = folder.partition("=")
    word = fold(name).strip().casefold()
    plain = word.replace("-", "_")
    if not equals and word in MODES:
        yield "mode", word
    elif not equals and plain == DRY_RUN:
        yield DRY_RUN, True
    elif field := FOLDER_OPTIONS.get(plain) if equals else None:
        yield field, _value(folder, field, value)
    elif equals or (_looks_like_option(word) and not is_import_id(folder)):
        known = ", ".join((*MODES, DRY_RUN, *(f"{name}=" for name in FOLDER_OPTIONS)))
        detail = (
            f"The folder {_shown(folder)} looks like a mode or an option, and is none. Use one of {known}, or rename "
            "the folder."
        )
        raise Unreadable(detail, code="unknown_folder")


def _looks_like_option(word: str) -> bool:
    """Returns whether a folder's name, in lowercase, could be meant as a mode or an option."""
    parts = [part for part in re.split(r"[\W\d_]+", word) if part]
    if "".join(parts[:1]) in FOLDER_OPTIONS or "_".join(parts) in FOLDER_OPTIONS:
        return True
    words = {*parts, "".join(parts)}
    return any(_MODE_WORD.fullmatch(one) or get_close_matches(one, _MISSPELT, 1, _SIMILAR) for one in words)


def _value(folder: str, field: str, text: str) -> Any:
    """Returns an option's value as NewImport has it. Raises Unreadable."""
    if field == "mode":
        text = text.strip().casefold()
    elif field == "max_rejected":
        text = re.sub("%25$", "%", text.strip())  # the folder of a sender who encodes keys
    try:
        return getattr(validate(NewImport, {field: text}), field)
    except Invalid as error:
        reason = error.detail.removeprefix(f"{field}: ")
        detail = f"The folder {_shown(folder)} has no valid value: {reason} Rename the folder."
        raise Unreadable(detail, code=_CODES.get(field, f"invalid_{field}")) from None


def _shown(folder: str) -> str:
    return folder if len(folder) <= _MAX_SHOWN else folder[:_MAX_SHOWN] + "…"
