"""The names of encodings that a file may be declared in. Pure."""

import codecs
import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, JsonValue, WithJsonSchema
from pydantic_core import PydanticCustomError

from .alphabets import LANGUAGES

UNKNOWN = (
    "Not an encoding that is known here. Use a name such as utf-8, windows-1252, windows-1251 or shift_jis."
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,39}")
# Python has codecs that are no encodings of files, or that files are never in.
_REFUSED = {"charmap", "idna", "mbcs", "oem", "palmos", "punycode", "undefined", "utf-7"}
# Files in these are in their supersets, as https://encoding.spec.whatwg.org/#names-and-labels has it.
_SUPERSETS = {
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
}
_SHOWN = {"mac_roman": "macintosh", "mac-roman": "macintosh", "cp932": "shift_jis", "cp949": "euc-kr"}


def encoding_name(text: str) -> str:
    """Returns the name of an encoding as imports store it. Raises LookupError if it is unknown."""
    name = text.strip()
    if not _NAME.fullmatch(name):
        raise LookupError
    found = codecs.lookup(name).name
    if found in _REFUSED or "escape" in found or not codecs.lookup(name)._is_text_encoding:  # noqa: SLF001
        raise LookupError
    return shown_name(_SUPERSETS.get(found, found))


def shown_name(codec: str) -> str:
    """Returns the usual name of one of Python's codecs; Python understands it too."""
    if codec in _SHOWN:
        return _SHOWN[codec]
    if re.fullmatch("cp125[0-8]", codec):
        return f"windows-{codec.removeprefix('cp')}"
    return re.sub("^iso8859[-_]", "iso-8859-", codec).replace("_", "-")


def _validated(text: str) -> str:
    try:
        return encoding_name(text)
    except LookupError:
        raise PydanticCustomError("unknown_encoding", "{reason}", {"reason": UNKNOWN}) from None


# To choose from, with the languages of their files; Python knows other names of these and other encodings.
FILE_ENCODINGS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("utf-8", "utf-16", "utf-16-le", "utf-16-be"), ()),
    **{shown_name(codec): languages for codec, languages in LANGUAGES.items()},
}
_SCHEMA: dict[str, JsonValue] = {
    "description": "The encoding of the file, such as windows-1252. Without it, it is detected.",
    "type": "string",
    "enum": list(FILE_ENCODINGS),
}
Encoding = Annotated[str, AfterValidator(_validated), WithJsonSchema(_SCHEMA)]
