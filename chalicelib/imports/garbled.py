"""Recognizes letters that another program has lost or written as codes: ZoÃ«, Zo?, Zo&euml;. Pure."""

import re

from .decoding import REPLACEMENT_CHARACTER

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
_SUSPECT = re.compile("[#&<?%=]")  # most texts have none of these


def garbled_text(cell: str, *, is_name: bool) -> str | None:
    """Returns how a name or an id was garbled and what to do, None if it was not. An id may have question marks."""
    if _READ_WRONGLY.search(cell):
        return "Was read in a wrong encoding, as ZoÃ« for Zoë. Save it anew where it is right, in UTF-8."
    if _CODE.search(cell):
        return "Contains a code for a character, such as &amp; or %C3%AB. Write the character itself."
    if is_name and _LOST.search(cell):
        return "A letter was lost and is a question mark now. Correct it, or save the file as UTF-8."
    return None


def may_be_damaged(text: str) -> bool:
    """Returns whether a text needs the checks for damage, which few do."""
    if text.isascii() and text.isalnum():
        return False  # the common case
    if _SUSPECT.search(text) or "Err:" in text:
        return True
    return not text.isascii() and (REPLACEMENT_CHARACTER in text or _READ_WRONGLY.search(text) is not None)
