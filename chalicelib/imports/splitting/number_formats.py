"""Decides what a spreadsheet shows of a value by the number format of its cell, where that is certain. Pure."""

import re
from functools import lru_cache

EXACT_DIGITS = (
    15  # "Number precision" in "Excel specifications and limits": it replaces further ones by zeros
)
GENERAL = "General"
_AS_DIGITS = frozenset(("general", "@", "0"))
_DECORATION = re.compile(
    r"\[\$-[0-9a-f]+\]|\[(?:black|blue|cyan|green|magenta|red|white|yellow)\]", re.IGNORECASE
)
_CONDITION = re.compile(r"\[<=([0-9]{1,15})\](.*)")  # of formats for phone numbers: [<=9999999]###-####;…
_TOKEN = re.compile(r'(?P<digit>[0#])|\\(?P<escaped>.)|"(?P<quoted>[^"]*)"|(?P<plain>[-+() ])')
_BLANKS = re.compile(r"[_*].")  # as wide as a character; a character that fills the cell
_DATE_LETTER = re.compile(r"(?<![_\\])[dmhys]", re.IGNORECASE)
_LITERAL = re.compile(r'"[^"]*"|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)
_ISO = "yyyy-mm-dd"


def displayed_number(value: float, code: str) -> str | None:
    """Returns what a cell with this number and format code shows, None if that is not certain.

    Certain are whole numbers in General, which get all their digits however narrow the column is, and in formats of
    digits and fixed characters, such as 00000, 000-00-0000 and the formats for phone numbers. Decimals, percentages,
    currencies and separators depend on the language of the spreadsheet.
    """
    if value != value // 1 or abs(value) >= 10**EXACT_DIGITS:  # also not a number
        return None
    whole = int(value)
    if code.lower() in _AS_DIGITS:
        return str(whole)
    return None if whole < 0 else _filled(_section(_DECORATION.sub("", code), whole), whole)


def _section(code: str, whole: int) -> str:
    """Returns the section of a format code that holds for a number."""
    sections = code.split(";")
    if found := _CONDITION.fullmatch(sections[0]):
        return found[2] if whole <= int(found[1]) else sections[-1]
    return sections[2] if whole == 0 and len(sections) > 2 else sections[0]


def _filled(section: str, whole: int) -> str | None:
    """Returns the format section with the digits of a number in place of 0 and #, None for other sections."""
    tokens = list(_TOKEN.finditer(section))
    places = sum(one.lastgroup == "digit" for one in tokens)
    if "".join(one[0] for one in tokens) != section or not places:
        return None
    digits = str(whole) if whole else ""
    if len(digits) < places and "#" in section:
        return None  # nothing is shown for the missing digits, and the characters between them stay
    digits = digits.rjust(places, "0")
    first, rest = digits[: len(digits) - places + 1], iter(digits[len(digits) - places + 1 :])
    shown, is_first = [], True
    for one in tokens:
        if one.lastgroup != "digit":
            shown.append(one[one.lastgroup or 0])
        else:
            shown.append(first if is_first else next(rest))
            is_first = False
    return "".join(shown)


@lru_cache(maxsize=1024)
def shows_text(code: str) -> bool:
    """Returns whether a cell with this format code shows its text as it is: formats may hide or extend it."""
    sections = code.split(";")
    if len(sections) < 4 and "@" not in code:
        return True
    return _BLANKS.sub("", _DECORATION.sub("", sections[-1])) == "@"


@lru_cache(maxsize=1024)
def is_date(code: str) -> bool:
    """Returns whether a format code shows numbers as dates or times."""
    return _DATE_LETTER.search(_LITERAL.sub("", code.split(";", 1)[0])) is not None


@lru_cache(maxsize=1024)
def is_iso_date(code: str) -> bool:
    """Returns whether a format code shows dates in the form 2026-02-03, in any language."""
    plain = re.sub(r'[\\"]', "", _DECORATION.sub("", code)).lower()
    return plain.removesuffix(";@") == _ISO
