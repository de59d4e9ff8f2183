"""Text fields: names and identifiers, trimmed, normalised and bounded. Pure."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

MAX_LENGTH = 64
SEPARATOR = "\x1f"  # joins the parts of ids and sort keys; no text may hold it (see UNWANTED)
MAX_EXACT = 2**53  # from here on a float stands for more than one integer
# Control characters, halves of surrogate pairs, line separators, and the noncharacters that a listing sorts
# behind every name. Format characters (joiners, direction marks) stay: names and emoji are written with them.
UNWANTED = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\ufffe\uffff\U0010fffe\U0010ffff]")


def _digits(value: object) -> object:
    """A JSON integer where an id or a phone belongs is taken as its digits.

    42.0 is one too, as JSON Schema sees it and Python's json does not, while a float is exact.
    """
    if isinstance(value, float) and value.is_integer() and value < MAX_EXACT:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**MAX_LENGTH:
        return str(value)
    return value


def clean(text: str) -> str:
    """`text` trimmed and in NFC.

    Raises PydanticCustomError: blank, too_long (over 64 characters), control_character.
    """
    text = text.strip()
    if 0 < len(text) <= MAX_LENGTH and text.isascii() and text.isprintable():
        return text  # as nearly all are
    # NFC makes one character of four at most, and takes a second for 60 kB of accents: a text longer than this
    # is too long either way.
    if len(text) <= 4 * MAX_LENGTH and not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if not text:
        raise PydanticCustomError("blank", "This must not be blank.")
    if len(text) > MAX_LENGTH:
        raise PydanticCustomError("too_long", "This is longer than 64 characters.")
    if UNWANTED.search(text):
        raise PydanticCustomError("control_character", "This has a control character in it.")
    return text


# What the API's description says of these rules, as far as JSON Schema can; blanks around a text may come on top.
_NEVER = r"\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff" + "\U0010fffe\U0010ffff"
TEXT_SCHEMA = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_LENGTH,
    "pattern": f"^[^{_NEVER}]*[^\\s{_NEVER}][^{_NEVER}]*$",
}
_WHOLE = {"type": ["string", "integer"], "minimum": 0}
Name = Annotated[str, AfterValidator(clean), WithJsonSchema(TEXT_SCHEMA)]
Identifier = Annotated[
    str, BeforeValidator(_digits), AfterValidator(clean), WithJsonSchema(TEXT_SCHEMA | _WHOLE)
]
Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
