"""Phone numbers: which are accepted, and their canonical format, E.164. Pure.

phonenumbers is imported where it is needed: most requests send no phone number, and their cold start does without it.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    GetJsonSchemaHandler,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError

from .several_numbers import has_several_numbers, may_be_several
from .text import TEXT_OR_NUMBER_SCHEMA, integer_to_text, normalize_phone

MAX_E164 = len("+") + 15  # ITU-T E.164, 6.2: at most 15 digits; phonenumbers allows more for some countries
DECIMAL = re.compile(r"\+?\d{5,}[.,]0+")  # a phone number that a spreadsheet saved as a number
# A country code without its plus, as the zero after it shows: 49 (0)30 123456.
COUNTRY_CODE = re.compile(r"([1-9]\d{0,2})(?P<bracket> *\(0\))?(?(bracket)|[ ./-]+(?=0))")
LIST_NUMBER = re.compile(r"[1-9]\d?(?:\. |\)) *\(?0")  # 1. 030 123456: parsed as a number that begins with 1


@dataclass(frozen=True, slots=True)
class PhoneRule:
    """How a deployment reads phone numbers: the region of numbers without +, and how strictly.

    `possible` accepts every number of a possible length, `valid` only those in an assigned range.
    """

    region: str = "US"
    check: Literal["possible", "valid"] = "possible"

    def parse(self, text: str) -> str:
        """Returns the number in E.164, such as +13235551234.

        Raises PydanticCustomError: several_numbers, phone_not_a_number, phone_extension, phone_not_possible,
        phone_not_valid, and those of `normalize_phone`.
        """
        text = normalize_phone(text)
        if ("." in text or "," in text) and DECIMAL.fullmatch(text):
            # 3235551234.0 would be parsed as a number with one more digit.
            raise PydanticCustomError(
                "phone_not_a_number", "Must be a phone number without decimals, such as 3235551234."
            )
        if text.isdigit() or text[0] not in "123456789":
            pass  # nothing stands in front of it
        elif (found := COUNTRY_CODE.match(text)) and self._is_country_code(found):
            return self.parse(f"+{text}")
        elif LIST_NUMBER.match(text):
            raise PydanticCustomError(
                "phone_not_a_number", "Must be a phone number without a list number in front."
            )
        if self.check == "possible" and (e164 := parse_common_format(text, self.region)):
            return e164
        return self._parse_any_format(text)

    def _is_country_code(self, found: re.Match[str]) -> bool:
        """Returns whether the digits before a zero are a country code: without brackets only that of the region."""
        return bool(found["bracket"]) or found[1] == _country_code(self.region)

    def _parse_any_format(self, text: str) -> str:
        """Returns what `parse` does, without its shortcut."""
        import phonenumbers
        from phonenumbers import PhoneNumberFormat, ValidationResult

        if has_several_numbers(text, self.region):
            raise PydanticCustomError(
                "several_numbers", "Contains more than one phone number. Keep one of them."
            )
        try:
            number = phonenumbers.parse(text, self.region)
        except phonenumbers.NumberParseException:
            raise PydanticCustomError(
                "phone_not_a_number", "Must be a phone number, such as +13235551234."
            ) from None
        if number.extension:
            raise PydanticCustomError("phone_extension", "Must be a phone number without an extension.")
        if any(char.isalpha() for char in text):
            raise PydanticCustomError("phone_not_a_number", "Must be a phone number without letters.")
        # is_possible_number() would accept local numbers without an area code, which two towns may share.
        if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
            raise PydanticCustomError(
                "phone_not_possible", "Must have the length of a phone number in its country."
            )
        if self.check == "valid" and not phonenumbers.is_valid_number(number):
            raise PydanticCustomError("phone_not_valid", "Must be a phone number in an assigned range.")
        e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        if len(e164) > MAX_E164:
            raise PydanticCustomError(
                "phone_not_possible", "Must have the length of a phone number in its country."
            )
        # +49 (0)030 123456 keeps one zero: parse until stable, or one number would have two formats.
        return e164 if phonenumbers.parse(e164) == number else self.parse(e164)


def parse_common_format(text: str, region: str) -> str | None:
    """Returns the region's own number in E.164 if it is in a common format, else None.

    The result equals that of phonenumbers, which takes ten times as long: most of the time to check a row.
    """
    plan = _numbering_plan(region)
    if plan is None:
        return None
    country, lengths, longest, ambiguous, international = plan
    if len(lengths) > 1 and may_be_several(text, min(lengths)):
        return None
    digits = text if text.isdigit() else text.removeprefix(country).translate(_PUNCTUATION)
    if len(digits) > longest and digits.startswith(country[1:]) and not international.match(digits):
        # Too long for a national number, so these are its country code, unless a + has marked that already.
        digits = digits[len(country) - 1 :] if text[0] != "+" else ""
    if len(digits) in lengths and digits.isascii() and digits.isdigit() and not ambiguous.match(digits):
        return country + digits
    return None


_PUNCTUATION = str.maketrans("", "", " ().-")


@cache
def _country_code(region: str) -> str:
    """Returns the country code of a region, without +. phonenumbers looks it up in a list of all regions."""
    import phonenumbers

    return str(phonenumbers.country_code_for_region(region))


@cache
def _numbering_plan(
    region: str,
) -> tuple[str, frozenset[int], int, re.Pattern[str], re.Pattern[str]] | None:
    """Returns a region's (+country code, national lengths, the longest, ambiguous prefixes, international prefix).

    Returns None if several regions share the country code and this is not the main one.
    """
    import phonenumbers
    from phonenumbers import PhoneMetadata

    country = phonenumbers.country_code_for_region(region)
    plan: Any = PhoneMetadata.metadata_for_region(region)
    if plan is None or phonenumbers.region_code_for_country_code(country) != region:
        return None
    starts = (str(country), plan.international_prefix, plan.national_prefix_for_parsing)
    ambiguous = re.compile("|".join(f"(?:{start})" for start in starts if start))
    international = re.compile(plan.international_prefix or "(?!)")
    lengths = frozenset(n for n in plan.general_desc.possible_length if len(f"+{country}") + n <= MAX_E164)
    return f"+{country}", lengths, max(lengths), ambiguous, international


def is_region(text: str) -> bool:
    """Returns whether phone numbers can be parsed for this region, such as US."""
    return text in _regions()


def _regions() -> Collection[str]:
    """Returns the ISO 3166 codes of all regions, such as US."""
    import phonenumbers

    regions: Collection[str] = phonenumbers.SUPPORTED_REGIONS
    return regions


def _region(text: str) -> str:
    if not is_region(text):
        raise PydanticCustomError("unknown_region", "Must be a known two-letter region code, such as US.")
    return text


def _phone(text: str, info: ValidationInfo) -> str:
    rule = info.context if isinstance(info.context, PhoneRule) else PhoneRule()
    return rule.parse(text)


class _RegionSchema:
    """The JSON schema of a region, which lists all of them."""

    def __get_pydantic_json_schema__(self, _: CoreSchema, __: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "enum": sorted(_regions())}


Phone = Annotated[
    str,
    BeforeValidator(integer_to_text),
    AfterValidator(_phone),
    WithJsonSchema(TEXT_OR_NUMBER_SCHEMA | {"format": "phone"}),
]
Region = Annotated[str, AfterValidator(_region), _RegionSchema()]
