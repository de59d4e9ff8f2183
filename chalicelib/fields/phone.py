"""The phone rule: which numbers there are, and how each is written. No AWS, no Chalice."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberFormat, ValidationResult
from pydantic import AfterValidator, BeforeValidator, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from .text import _WHOLE, _digits, clean

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)  # that numbers can be read for, such as US
DECIMAL = re.compile(r"\+?\d{5,}\.0+")  # what a spreadsheet makes of a phone number


@dataclass(frozen=True, slots=True)
class PhoneRule:
    """How a deployment reads phone numbers: the region of numbers without +, and how strict it is.

    `possible` takes every number of a possible length, `valid` only those within an assigned range.
    """

    region: str = "US"
    check: Literal["possible", "valid"] = "possible"

    def parse(self, text: str) -> str:
        """The number in E.164, such as +13235551234.

        Raises PydanticCustomError: phone_not_a_number, phone_extension, phone_not_possible, phone_not_valid.
        """
        if DECIMAL.fullmatch(text):  # 3235551234.0 would be read as another number, ten times as large
            raise PydanticCustomError("phone_not_a_number", "A phone number has no decimals.")
        if self.check == "possible" and (usual := parse_common_form(text, self.region)):
            return usual
        try:
            number = phonenumbers.parse(text, self.region)
        except phonenumbers.NumberParseException:
            raise PydanticCustomError("phone_not_a_number", "This is not a phone number.") from None
        if number.extension:
            raise PydanticCustomError(
                "phone_extension", "An extension is not part of a member's phone number."
            )
        if any(char.isalpha() for char in text):
            raise PydanticCustomError("phone_not_a_number", "A phone number has no letters.")
        # is_possible_number() also takes local numbers without an area code; two towns may share one of those.
        if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
            raise PydanticCustomError("phone_not_possible", "No phone number has this length.")
        if self.check == "valid" and not phonenumbers.is_valid_number(number):
            raise PydanticCustomError("phone_not_valid", "This number is not in an assigned range.")
        e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        # Of +49 (0)030 123456 one zero is left. What is stored must read as itself, or one line had two numbers.
        return e164 if phonenumbers.parse(e164) == number else self.parse(e164)


def parse_common_form(text: str, region: str) -> str | None:
    """The number in E.164 where it is one of the region's own in a usual spelling, else None.

    It says what phonenumbers would, which takes ten times as long: most of what checking a row cost.
    """
    plan = _numbering_plan(region)
    if plan is None:
        return None
    country, lengths, prefix, abroad = plan
    digits = text.removeprefix(country).translate(_PUNCTUATION)
    if len(digits) > max(lengths) and digits.startswith(country[1:]) and not abroad.match(digits):
        # Too long for a number of the region's, it is one with the country code, unless that was there already.
        digits = digits[len(country) - 1 :] if text[0] != "+" else ""
    if len(digits) in lengths and digits.isascii() and digits.isdigit() and not prefix.match(digits):
        return country + digits
    return None


_PUNCTUATION = str.maketrans("", "", " ().-")


@cache
def _numbering_plan(region: str) -> tuple[str, frozenset[int], re.Pattern[str], re.Pattern[str]] | None:
    """A region's (+country code, lengths of a number, what one starts with that needs a closer look, or goes abroad).

    None where several regions share a country code and this is not the one that stands for them.
    """
    country = phonenumbers.country_code_for_region(region)
    plan: Any = PhoneMetadata.metadata_for_region(region)
    if plan is None or phonenumbers.region_code_for_country_code(country) != region:
        return None
    starts = (str(country), plan.international_prefix, plan.national_prefix_for_parsing)
    prefix = re.compile("|".join(f"(?:{start})" for start in starts if start))
    abroad = re.compile(plan.international_prefix or "(?!)")
    return f"+{country}", frozenset(plan.general_desc.possible_length), prefix, abroad


def is_region(text: str) -> bool:
    """Whether this is a region that phone numbers can be read for, such as US."""
    return text in phonenumbers.SUPPORTED_REGIONS


def _region(text: str) -> str:
    if not is_region(text):
        raise PydanticCustomError("unknown_region", "There is no such region; US is one.")
    return text


def _phone(text: str, info: ValidationInfo) -> str:
    rule = info.context if isinstance(info.context, PhoneRule) else PhoneRule()
    return rule.parse(clean(text))


Phone = Annotated[
    str, BeforeValidator(_digits), AfterValidator(_phone), WithJsonSchema(_WHOLE | {"format": "phone"})
]
Region = Annotated[
    str,
    AfterValidator(_region),
    WithJsonSchema({"type": "string", "enum": REGIONS}),
]
