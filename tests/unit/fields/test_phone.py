"""Phone numbers are parsed into E.164 or rejected with a code."""

import phonenumbers
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic_core import PydanticCustomError

from chalicelib.errors import Invalid
from chalicelib.fields.phone import Phone, PhoneRule, Region, is_region, parse_common_format
from chalicelib.fields.validation import validate
from tests.support import CASES_DIR, EXAMPLES

PHONES = yaml.safe_load((CASES_DIR / "phones.yaml").read_text(encoding="utf-8"))


class Contact(BaseModel):
    """A body with a phone number."""

    phone_number: Phone


class Options(BaseModel):
    """A body with a region."""

    region: Region


def parsed(text: object, rule: PhoneRule | None = None) -> str:
    return validate(Contact, {"phone_number": text}, rule).phone_number


@pytest.mark.parametrize("case", PHONES, ids=lambda case: case["why"])
def test_phone_number_is_parsed_as_its_case_says(case: dict[str, str]) -> None:
    rule = PhoneRule(case.get("region", "US"), "valid" if case.get("check") == "valid" else "possible")
    if "stored" in case:
        assert parsed(case["text"], rule) == case["stored"]
        # A stored number is the same everywhere: a GET can be PUT back, an export imported.
        assert parsed(case["stored"], PhoneRule("DE")) == case["stored"]
    else:
        with pytest.raises(Invalid) as caught:
            parsed(case["text"], rule)
        assert [(e.pointer, e.code) for e in caught.value.errors] == [("#/phone_number", case["refused"])]


@given(st.text())
def test_any_text_is_parsed_or_rejected_with_a_code(text: str) -> None:
    try:
        stored = PhoneRule().parse(text)
    except PydanticCustomError:
        return
    assert stored.startswith("+")
    assert PhoneRule("DE").parse(stored) == stored


@given(
    st.sampled_from(
        ["US", "GB", "DE", "IT", "AR", "MX", "BR", "FR", "CA", "JP", "AU", "IN", "RU", "ZA", "HU", "CI"]
    ),
    st.sampled_from(
        ["", "+", "0", "00", "1", "11", "+1", "+11", "44", "440", "+44", "49", "+49", "8", "06", "7", "011"]
    ),
    st.text(alphabet="0123456789", min_size=3, max_size=15),
    st.sampled_from(["", " ", "-", ".", "()"]),
)
@settings(max_examples=10 * EXAMPLES)
def test_common_forms_are_parsed_as_phonenumbers_does(
    region: str, start: str, digits: str, mark: str
) -> None:
    text = start + (f"({digits[:3]}) {digits[3:]}" if mark == "()" else mark.join((digits[:3], digits[3:])))
    e164 = parse_common_format(text, region)
    if e164 is None:
        return
    number = phonenumbers.parse(text, region)
    assert phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
    assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == e164


@given(
    st.sampled_from(("US", "GB", "DE", "AU", "BR", "CN", "IN", "NG", "AR", "IT")),
    st.sampled_from(("", "0", "00", "(0)", "+49 0", "+49 (0)0", "+44 (0)0", "+61 00", "1", "8 0")),
    st.text("0123456789", min_size=5, max_size=13),
)
def test_stored_number_is_parsed_as_itself(region: str, start: str, digits: str) -> None:
    """A search for the number that a member shows finds it, and a GET can be PUT back."""
    try:
        stored = PhoneRule(region).parse(start + digits)
    except PydanticCustomError:
        return
    assert PhoneRule("US").parse(stored) == stored


def test_whole_number_is_accepted_as_phone_number() -> None:
    assert parsed(3235551234) == "+13235551234"
    assert parsed(3235551234.0) == "+13235551234"


@pytest.mark.parametrize("region", ["XX", "us", "", "USA", "001"])
def test_unknown_region_is_rejected(region: str) -> None:
    assert not is_region(region)
    with pytest.raises(Invalid) as caught:
        validate(Options, {"region": region})
    assert caught.value.errors[0].code == "unknown_region"


def test_known_region_is_accepted() -> None:
    assert validate(Options, {"region": "GB"}).region == "GB"
