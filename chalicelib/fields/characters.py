"""Characters that look like others, or like nothing: which are removed, and which are one spelling. Pure."""

import re
import unicodedata
from functools import cache

# Format characters and fillers show nothing themselves: zero-width spaces and joiners, byte order marks, soft
# hyphens, direction marks (Unicode: Default_Ignorable_Code_Point, and the blank of Braille).
_FORMAT = "\xad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0"
_FORMAT += "\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
# Selectors and tags show nothing either, but choose the form of the character before them.
_SELECTORS = "\u17b4\u17b5\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0000-\U000e0fff"
REPLACEMENT_CHARACTER = "\ufffd"  # replaces each byte that a text's encoding has no character for
INVISIBLE = re.compile(f"[{_FORMAT}{_SELECTORS}]")
# What JSON Schema's patterns need to say that a text shows something.
INVISIBLE_CLASS = _FORMAT + _SELECTORS
_FORMAT_CHARACTER = re.compile(f"[{_FORMAT}]")
_DASHES = dict.fromkeys([*range(0x2010, 0x2016), 0x2212], "-")
# Kinds of compatibility characters that are another character on sight. Folding them would make one id of two.
_DISTINCT = ("<super>", "<sub>", "<fraction>", "<circle>", "<square>")


def trim(text: str) -> str:
    """Returns the text without white space and format characters at its ends."""
    text = text.strip()
    if text.isascii() or not (_FORMAT_CHARACTER.match(text) or _FORMAT_CHARACTER.match(text[-1])):
        return text
    start, end = 0, len(text)
    while start < end and _is_trimmed(text[start]):
        start += 1
    while end > start and _is_trimmed(text[end - 1]):
        end -= 1
    return text[start:end]


def is_blank(text: str) -> bool:
    """Returns whether a text shows nothing."""
    return not text.strip() or (not text.isascii() and not INVISIBLE.sub("", text).strip())


def describe(character: str) -> str:
    """Returns the number and name of a character, such as U+00AD SOFT HYPHEN."""
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()


def fold(text: str) -> str:
    """Returns the one spelling of an id or a phone number whose characters look the same.

    Decimal digits of all scripts become 0-9, spaces U+0020, and hyphens and dashes U+002D. Other compatibility
    characters become what they stand for, as in NFKC, except for those that differ on sight: A² is not A2.
    """
    return unicodedata.normalize("NFC", "".join(map(_folded, unicodedata.normalize("NFD", text))))


@cache
def _folded(character: str) -> str:
    if character.isascii():
        return character
    kind = unicodedata.decomposition(character).partition(" ")[0]
    if kind.startswith("<") and kind not in _DISTINCT:
        plain = unicodedata.normalize("NFKC", character)
        if plain.isspace() or not plain.startswith(" "):  # U+00B4, a spacing accent, is no space
            character = plain
    return "".join(_plain(part) for part in character)


def _plain(character: str) -> str:
    """Returns a digit, space or dash in ASCII, other characters unchanged."""
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    if unicodedata.category(character) == "Zs":
        return " "
    return _DASHES.get(ord(character), character)


def _is_trimmed(character: str) -> bool:
    return character.isspace() or _FORMAT_CHARACTER.match(character) is not None
