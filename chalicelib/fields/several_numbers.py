"""Recognizes two phone numbers in one cell, which would otherwise be read as a third one. Pure.

phonenumbers ignores separators. Where numbers have different lengths, as in Germany, nearly any digits are a number.
"""

import re
from collections.abc import Iterator
from typing import Any

# These never stand within a number. Line breaks are semicolons here (text.normalize_phone).
_WORDS = "and|or|und|oder|bzw\\.?|et|ou|ed|en|of|og|eller|och|lub"
_SEPARATORS = rf"[;,&|*]|(?<![^\W\d_])(?:{_WORDS})(?![^\W\d_])|(?<=\s)(?:[eoyi]|[uo]\.|u)(?=\s)"
_ONE_NUMBER = re.compile(r"\+?[\d ().-]+")  # or two, separated by spaces
_LISTED = re.compile(rf"\d[^\w;,&|+(]*(?:{_SEPARATORS})\W*\d", re.IGNORECASE)
_PLUS_WITHIN = re.compile(r"\d[\W\d_]*\+")  # not in 3.23E+09
_REPEATED_GROUP = re.compile(r"\A\W*(0\d+)(?!\d).*(?<!\d)\1(?!\d)")
_GAP = re.compile(r"(?<=[\d)])[\s.-]*\s[\s.-]*(?=[\d(])")
_LATER_ZERO = re.compile(r"\d[ ().-]+(0[\d ().-]*)")
_LAST_GROUP = re.compile(r"(?P<number>.*?(?P<group>\d+)) *(?:- *(?P<line>\d+)|\(\d+\))\Z")
MAX_STEP = 9  # from a line to the next ones, as in 123450-51; more is a direct dial, as in 12345-67
MAX_AREA_CODE = 5  # digits, without the national prefix


def may_be_several(text: str, shortest: int) -> bool:
    """Returns whether digits and punctuation could be two numbers, in a region of numbers of different lengths.

    `shortest` is the shortest length of its numbers, without the national prefix.
    """
    if ("-" in text or "(" in text) and _before_second_line(text):
        return True
    found = _LATER_ZERO.search(text)
    return found is not None and len(re.sub(r"\D", "", found[1])) > shortest


def has_several_numbers(text: str, region: str) -> bool:
    """Returns whether a text lists more than one phone number, or may do so."""
    if not _ONE_NUMBER.fullmatch(text) and (
        _LISTED.search(text)
        or _PLUS_WITHIN.search(text)
        or ("/" in text and not _is_after_area_code(text, region))
    ):
        return True
    if _LATER_ZERO.search(text) and _REPEATED_GROUP.search(text):
        return True
    first = _before_second_line(text)
    if first and _is_number(first, region):
        return True
    return any(
        _is_number(left, region) and _is_number(right, region) for left, right in _halves(text, region)
    )


def _before_second_line(text: str) -> str:
    """Returns the number before digits at the end that may stand for the end of a second one, "" without such digits.

    They are in brackets, as in 123456 (57), or are a hyphen and the end of one of the next lines, as in 123450-51.
    """
    found = _LAST_GROUP.match(text)
    if not found:
        return ""
    if line := found["line"]:
        end = found["group"][-len(line) :]
        if len(end) < len(line) or not 0 < int(line) - int(end) <= MAX_STEP:
            return ""
    return found["number"]


def _is_after_area_code(text: str, region: str) -> bool:
    """Returns whether the last slash of a text is between an area code and the number within that area."""
    import phonenumbers

    before, _, after = text.rpartition("/")
    if not re.search(r"\d", before) or not re.search(r"\d", after):
        return True
    country = phonenumbers.country_code_for_region(region)
    groups = re.findall(r"\d+", before)
    marked = False  # by a country code or a national prefix
    prefix = re.match(r"\+|00", before.strip())
    if prefix and groups:
        country, groups[0] = _without_country(groups[0], prefix[0])
        marked = True
    national: Any = phonenumbers.PhoneMetadata.metadata_for_region(
        phonenumbers.region_code_for_country_code(country)
    )
    trunk = (national and national.national_prefix) or ""
    if trunk and (group := next(filter(None, groups), "")).startswith(trunk):
        groups[groups.index(group)] = group.removeprefix(trunk)
        marked = True
    area = [group for group in groups if group]
    rest = re.sub(r"\D", "", after)
    if trunk == "0" and (not marked or rest.startswith("0")):
        return False
    return len(area) <= 1 and len("".join(area)) <= MAX_AREA_CODE - 2 * (not marked) and len(rest) > 2


def _without_country(group: str, prefix: str) -> tuple[int, str]:
    """Returns (the country code at the start of a group of digits, the rest of the group); (0, group) if unknown."""
    import phonenumbers

    digits = group.removeprefix("00") if prefix == "00" else group
    for length in (1, 2, 3):
        if (code := int(digits[:length] or 0)) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            return code, digits[length:]
    return 0, group


def _halves(text: str, region: str) -> Iterator[tuple[str, str]]:
    """Yields the two parts of a text at each gap that may separate numbers of the region."""
    lengths = _lengths(region)
    if len(text) < 2 * min(lengths) or (len(lengths) > 1 and not _LATER_ZERO.search(text)):
        return
    for gap in _GAP.finditer(text):
        left, right = text[: gap.start()], text[gap.end() :]
        if len(lengths) == 1 or right.lstrip("(").startswith("0"):
            yield left, right


def _is_number(text: str, region: str) -> bool:
    """Returns whether a part of a text is a whole phone number."""
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return False
    if len(_lengths(region)) == 1:
        possible = phonenumbers.is_possible_number_with_reason(number)
        return possible == phonenumbers.ValidationResult.IS_POSSIBLE
    return phonenumbers.is_valid_number(number)


def _lengths(region: str) -> tuple[int, ...]:
    """Returns the lengths of the region's numbers, without the national prefix."""
    import phonenumbers

    plan: Any = phonenumbers.PhoneMetadata.metadata_for_region(region)
    return tuple(plan.general_desc.possible_length)
