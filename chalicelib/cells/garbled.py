"""Recognizes what another program has made of a name or an id: ZoÃ«, Zo?, Zo&euml;, „Zoë“. Pure."""

import re

from chalicelib.fields.characters import REPLACEMENT_CHARACTER, trim

# UTF-8 that was read as windows-1252, Mac Roman or a DOS encoding: a letter with an accent before a sign that stands
# beside no letter in names; and signs that stand in no name at all.
_SIGNS = "€‚ƒ„†‡‰‹•™›ˆˇ\u02d8-\u02dd¡-©¬-³¶¸¹¼-¿"
_READ_WRONGLY = re.compile(
    rf"[\u00c2-\u00f4\u0102\u0139\u0370-\u04ff][{_SIGNS}]|Ã[ŠŒŽšœžŸ‘’“”…ªµº´«»]|Ã[–—](?=[a-z])"
    r"|[ĂГ]«|Ă[ĽłźśąŤŠ]|[√≈◊\u2500-\u259f]"
)
_CODE = re.compile(
    r"&(?:[a-z]{2,8}[0-9]{0,2}|#[0-9]{1,6}|#x[0-9a-f]{1,5});|</?[a-z][^<>]*>|[%=][c-f][0-9a-f][%=][89ab][0-9a-f]",
    re.IGNORECASE,
)
_LOST = re.compile(r"[^\W\d_]\?|\?[^\W\d_]")
# Quotes besides those of the file: around a cell, or in front of an id, where they seem to keep its zeros.
_OTHER_QUOTES = '"`´‘‚‛“”„‟«»‹›「『'  # than apostrophes
_OPENING, _CLOSING = f"{_OTHER_QUOTES}’", '"`´‘’“”«»‹›」』'
_IN_QUOTES = re.compile(rf"[{_OPENING}].*[{_CLOSING}]|'.*'", re.DOTALL)
_QUOTE_IN_FRONT = re.compile(rf"(?:''+|[{_OPENING}])[^\W_]")
# Most texts have none of the first, and fewer have one of the second: names in some languages have the rest.
_HINT = re.compile(rf"[#&<?%='{_OPENING}{REPLACEMENT_CHARACTER}{_SIGNS}ŠŒŽšœžŸ…ªµº–—ĽłźśąŤ√≈◊\u2500-\u259f]")
# An apostrophe between letters is part of a name, such as O'Neil.
_LETTER = "[A-Za-zÀ-ɏЀ-ӿ]"
APOSTROPHE_AT_END = re.compile(rf"(?<!{_LETTER})['’]|['’](?!{_LETTER})")  # of a word
_SUSPECT = re.compile(rf"[#&<?%={_OTHER_QUOTES}{REPLACEMENT_CHARACTER}]|{APOSTROPHE_AT_END.pattern}")


def garbled_text(cell: str, *, is_name: bool) -> str | None:
    """Returns how a name or an id was garbled and what to do, None if it was not. An id may have question marks."""
    if _READ_WRONGLY.search(cell):
        return "Was read in a wrong encoding, as ZoÃ« for Zoë. Save it anew where it is right, in UTF-8."
    if _CODE.search(cell):
        return "Contains a code for a character, such as &amp; or %C3%AB. Write the character itself."
    if is_name and _LOST.search(cell):
        return "A letter was lost and is a question mark now. Correct it, or save the file as UTF-8."
    return None


def has_stray_quotes(cell: str, *, is_name: bool) -> bool:
    """Returns whether quotes around a cell, or in front of an id, are no part of it.

    Names may begin and end with an apostrophe: 's Gravesande'.
    """
    text = trim(cell)
    if is_name:
        return not text.startswith("'") and _IN_QUOTES.fullmatch(text) is not None
    return bool(_IN_QUOTES.fullmatch(text) or _QUOTE_IN_FRONT.match(text))


def may_be_damaged(text: str) -> bool:
    """Returns whether cells, one a line, need the checks for damage, which few do."""
    if not _HINT.search(text):
        return "Err" in text or "Loading" in text
    return bool(_SUSPECT.search(text) or _READ_WRONGLY.search(text))
