"""Text fields: names and identifiers, trimmed, normalized and bounded. Pure."""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from .characters import INVISIBLE, INVISIBLE_CLASS, describe, fold, is_blank, trim

MAX_LENGTH = 64
SEPARATOR = "\x1f"  # joins the parts of ids and sort keys; FORBIDDEN keeps it out of all texts
MAX_EXACT = 2**53  # larger floats represent more than one integer each
# Control characters, halves of surrogate pairs, line separators, and the noncharacters that mark the end of a
# sort range.
FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\ufffe\uffff\U0010fffe\U0010ffff]")
_LINE_BREAKS = re.compile("[\n\r\x0b\x0c\x85\u2028\u2029]+")


def integer_to_text(value: object) -> object:
    """Returns the digits of a JSON integer that is sent as an id or phone number; other values unchanged.

    42.0 is an integer too, as in JSON Schema, as long as a float is exact.
    """
    if isinstance(value, str):
        return value  # the common case
    if isinstance(value, float) and value.is_integer() and value < MAX_EXACT:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**MAX_LENGTH:
        return str(value)
    return value


def normalize_text(text: str) -> str:
    """Returns a name trimmed and in NFC. Joiners and direction marks within it stay: names and emoji need them.

    Raises PydanticCustomError: blank (nothing to see), too_long (over 64 characters), control_character.
    """
    text = text.strip()
    if 0 < len(text) <= MAX_LENGTH and text.isascii() and text.isprintable():
        return text  # the common case
    return _normalized_short(text) if len(text) <= MAX_LENGTH else _normalized(text)


def _normalized(text: str) -> str:
    return _checked(_respelled(text, partial(unicodedata.normalize, "NFC")))


_normalized_short = lru_cache(maxsize=8192)(_normalized)  # names repeat


def normalize_id(text: str) -> str:
    """Returns an id trimmed and in its one spelling (`fold`).

    Raises PydanticCustomError: invisible_character, and those of `normalize_text`.
    """
    text = text.strip()
    if 0 < len(text) <= MAX_LENGTH and text.isascii() and text.isprintable():
        return text  # the common case
    text = _checked(_respelled(text, fold))
    if found := INVISIBLE.search(text):
        raise PydanticCustomError(
            "invisible_character",
            "Contains the invisible character {character}. Remove it, or type the value again.",
            {"character": describe(found[0])},
        )
    return text


def normalize_phone(text: str) -> str:
    """Returns a phone number without invisible characters, in the spelling of ids; line breaks become semicolons.

    Raises the errors of `normalize_text`.
    """
    text = text.strip()
    if 0 < len(text) <= MAX_LENGTH and text.isascii() and text.isprintable():
        return text  # the common case
    if not text.isascii() and len(text) <= 4 * MAX_LENGTH:
        text = fold(INVISIBLE.sub("", text)).strip()
    return _checked(_LINE_BREAKS.sub("; ", text))


def _respelled(text: str, respell: Callable[[str], str]) -> str:
    """Returns a text without invisible characters at its ends, "" if nothing can be seen, in another spelling."""
    if INVISIBLE.search(text):
        text = "" if is_blank(text) else trim(text)
    # Each spelling joins at most four characters into one, so a longer text stays too long. It takes a second for
    # 60 kB of accents.
    return respell(text) if len(text) <= 4 * MAX_LENGTH and not text.isascii() else text


def _checked(text: str) -> str:
    """Returns a text that keeps the rules of all texts. Raises PydanticCustomError."""
    if not text:
        raise PydanticCustomError("blank", "Must not be blank.")
    if len(text) > MAX_LENGTH:
        raise PydanticCustomError("too_long", "Must have at most 64 characters.")
    if FORBIDDEN.search(text):
        raise PydanticCustomError("control_character", "Must not contain control characters.")
    return text


# The same rules as JSON Schema, which cannot express that surrounding white space is trimmed first. Without the
# characters beyond U+FFFF: in a set they need a flag of regular expressions that many programs do not set.
_FORBIDDEN = r"\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff"
_HIDDEN = "".join(
    f"\\u{ord(c):04x}" if c > "\x7f" else c
    for c in re.sub("[\U00010000-\U0010ffff](-[\U00010000-\U0010ffff])?", "", INVISIBLE_CLASS)
)
TEXT_SCHEMA = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_LENGTH,
    "pattern": f"^[^{_FORBIDDEN}]*[^\\s{_HIDDEN}{_FORBIDDEN}][^{_FORBIDDEN}]*$",
}
# A whole number is accepted too; a schema of both types becomes a class of its own in generated clients.
TEXT_OR_NUMBER_SCHEMA = {"type": "string", "description": "A JSON integer is accepted too."}
Name = Annotated[str, AfterValidator(normalize_text), WithJsonSchema(TEXT_SCHEMA)]
ID_SCHEMA = TEXT_SCHEMA | {
    "pattern": f"^[^{_HIDDEN}{_FORBIDDEN}]*[^\\s{_HIDDEN}{_FORBIDDEN}][^{_HIDDEN}{_FORBIDDEN}]*$"
}
Identifier = Annotated[
    str,
    BeforeValidator(integer_to_text),
    AfterValidator(normalize_id),
    WithJsonSchema(ID_SCHEMA | TEXT_OR_NUMBER_SCHEMA),
]
Timestamp = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
