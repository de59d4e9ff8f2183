"""A sender's profile: the object columns.json in a drop folder, with options for all drops below it. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.errors import Invalid, Unreadable
from chalicelib.fields.validation import validate

from .new_import import NewImport

PROFILE = "columns.json"
MAX_PROFILE = 64 * 1024  # bytes
_SHORT_NAMES = {"account": "account_id"}
_NOT_FOR_A_SENDER = ("filename", "rows")  # of one file


def profile_keys(key: str) -> list[str]:
    """Returns the keys under which a dropped file's profile may be, the nearest first."""
    folders = key.split("/")[:-1]
    return ["/".join([*folders[:depth], PROFILE]) for depth in range(len(folders), 0, -1)]


def is_profile(key: str) -> bool:
    """Returns whether a dropped object is a profile, which is not imported."""
    return key.rpartition("/")[2] == PROFILE


def parse_profile(key: str, body: bytes) -> dict[str, Any]:
    """Returns the options in a profile, by field of NewImport. Raises Unreadable: invalid_profile."""
    try:
        if len(body) > MAX_PROFILE:
            raise _invalid(key, f"It has more than {MAX_PROFILE:,} bytes.")
        given = json.loads(body.decode("utf-8-sig"), object_pairs_hook=_unique)
        if not isinstance(given, dict):
            raise _invalid(key, "It is not a JSON object.")
        named = _unique([(_SHORT_NAMES.get(str(name), str(name)), value) for name, value in given.items()])
        if wrong := [name for name in _NOT_FOR_A_SENDER if name in named]:
            raise _invalid(key, f"{wrong[0]} is of one file, not of a sender.")
        return validate(NewImport, named).model_dump(exclude_unset=True)
    except (ValueError, RecursionError):
        raise _invalid(key, "It is not JSON, or names an option twice.") from None
    except Invalid as error:
        raise _invalid(key, error.detail) from None


def with_profile(options: Mapping[str, Any], profile: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the options of a file by its key and its sender's profile. Raises Unreadable: ambiguous_key.

    Where both set an option they must agree. But any file may be sent as a dry run, which writes nothing.
    """
    dry = {("mode", "validate"), ("dry_run", True)}
    for name, value in profile.items():
        if options.get(name, value) != value and (name, options[name]) not in dry:
            shown = name.removesuffix("_id")
            detail = f"The folders set {shown} to another value than {PROFILE}. Rename or remove the folder."
            raise Unreadable(detail, code="ambiguous_key")
    return {**profile, **options}


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError
    return values


def _invalid(key: str, reason: str) -> Unreadable:
    return Unreadable(f"The profile {key} cannot be used: {reason} Correct it.", code="invalid_profile")
