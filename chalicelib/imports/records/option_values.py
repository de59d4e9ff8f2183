"""The values of options of an import that need rules of their own. Pure."""

import json
import re
from typing import Annotated

from pydantic import BeforeValidator, Field, JsonValue, WithJsonSchema
from pydantic_core import PydanticCustomError

from chalicelib.imports.rows.column_names import COLUMN_NAMES, comparable, field_of

NAMES_OF_FIELDS = frozenset(COLUMN_NAMES.values())
MAX_NAME = 200  # characters of a sender's own name of a column


def _whole_number(value: object) -> object:
    """Returns the number in a query parameter, a folder or an option as an integer, and an integer as it is."""
    if isinstance(value, str) and re.fullmatch(" *[0-9]{1,12} *", value):
        return int(value)
    if isinstance(value, float) and value.is_integer():  # 7.0 is an integer in JSON Schema
        return int(value)
    if type(value) is not int:  # a Boolean is one too
        raise PydanticCustomError("wrong_type", "Must be a whole number.")
    return value


RowCount = Annotated[
    int,
    Field(
        ge=0,
        le=1_000_000_000,
        description="The number of rows. A file with another number of rows fails (rows_differ).",
    ),
    BeforeValidator(_whole_number),  # after the limits, or they were missing in the JSON schema
]


MaxRemoved = Annotated[
    int,
    Field(
        ge=0,
        le=1_000_000_000,
        description="A sync that would remove more members than this, and more than max_removed_percent, waits for "
        "approval. It cannot raise the limit of the deployment.",
    ),
    BeforeValidator(_whole_number),
]
MaxRemovedPercent = Annotated[
    int,
    Field(
        ge=0,
        le=100,
        description="A sync that would remove a greater part of the account's members, and more than max_removed, "
        "waits for approval. It cannot raise the limit of the deployment.",
    ),
    BeforeValidator(_whole_number),
]


def _yes_or_no(value: object) -> object:
    """Returns the Boolean in a query parameter, a folder or an option, and a Boolean as it is."""
    word = value.strip().casefold() if isinstance(value, str) else ""
    return {"true": True, "false": False}.get(word, value)


YesNo = Annotated[bool, Field(strict=True), BeforeValidator(_yes_or_no)]


def _column_map(value: object) -> object:
    """Returns the sender's own names of columns by field, from `{"Handy": "phone_number"}` or "Phone=Handy,…".

    A text may be the JSON, too: a name in it may have commas. In JSON the own name comes first, in a text the field.
    Where only the other side names a field, it is the field.
    """
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = _parsed(value)
    if isinstance(value, str):
        parts = [part.partition("=") for part in value.split(",")]
        pairs = [(left.strip(), right.strip()) for left, _, right in parts]
    elif isinstance(value, dict) and all(isinstance(text, str) for pair in value.items() for text in pair):
        pairs = [(right.strip(), left.strip()) for left, right in value.items()]
    else:
        raise PydanticCustomError("wrong_type", "Must be an object of names, or a text such as Phone=Handy.")
    found: dict[str, str] = {}
    for left, right in pairs:
        field, name = _field_and_name(left, right)
        if field in found or comparable(name) in map(comparable, found.values()):
            raise PydanticCustomError("repeated_field", "Names a field or a column twice.")
        found[field] = name
    return found


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise PydanticCustomError("wrong_type", "Is no JSON object.") from None


def _field_and_name(left: str, right: str) -> tuple[str, str]:
    """Returns (field, own name) of two texts, of which the left one should be the field."""
    exact = left in NAMES_OF_FIELDS, right in NAMES_OF_FIELDS
    if exact == (False, True) or (not any(exact) and not field_of(left)):
        left, right = right, left
    field = left if left in NAMES_OF_FIELDS else field_of(left)
    if not field or not right:
        raise PydanticCustomError(
            "unknown_field", "Must give the name of a column for a field such as phone_number."
        )
    if len(right) > MAX_NAME:
        raise PydanticCustomError("too_long", f"Names of columns must have at most {MAX_NAME} characters.")
    return field, right


_COLUMN_MAP = "The names of columns in this file that are not usual ones, and the field of each."
_PAIR = rf"({'|'.join(sorted(NAMES_OF_FIELDS))})=[^=,\s]{{1,{MAX_NAME}}}"
COLUMN_MAP_TEXT: dict[str, JsonValue] = {  # the JSON schema of the query parameter
    "description": f"{_COLUMN_MAP} JSON is accepted too, for names with commas or equals signs.",
    "type": "string",
    "examples": ["phone_number=Handy,client_member_id=Kundennummer"],
    "pattern": f"^{_PAIR}(,{_PAIR})*$",
}
ColumnMap = Annotated[
    dict[str, str],
    BeforeValidator(_column_map),
    WithJsonSchema(
        {
            "description": _COLUMN_MAP,
            "type": "object",
            "examples": [{"Handy": "phone_number"}],
            "minProperties": 1,
            "maxProperties": len(NAMES_OF_FIELDS),
            "propertyNames": {"minLength": 1, "maxLength": MAX_NAME, "pattern": r"\S"},
            "additionalProperties": {"enum": sorted(NAMES_OF_FIELDS)},
        }
    ),
]
