"""The rules of a member: pure, and so in milliseconds."""

import base64
import unicodedata
from typing import Any

import phonenumbers
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from chalicelib.errors import Invalid
from chalicelib.fields.phone import PhoneRule, parse_common_form
from chalicelib.fields.text import MAX_LENGTH, clean
from chalicelib.fields.validation import validate
from chalicelib.members.model import (
    READ_ONLY,
    MemberChanges,
    NewMember,
    member_id,
    new_member,
    parse_member_id,
)
from tests.support import CASES_DIR

PHONES = yaml.safe_load((CASES_DIR / "phones.yaml").read_text(encoding="utf-8"))
RALPH = {
    "account_id": "1",
    "client_member_id": "42",
    "first_name": "Ralph",
    "last_name": "Mouse",
    "phone_number": "+13235551234",
}


def accepted(text: str) -> bool:
    """Whether `clean` leaves a text as it is."""
    try:
        return clean(text) == text
    except PydanticCustomError:
        return False


texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=MAX_LENGTH).filter(
    accepted
)


def refusals(data: object, rule: PhoneRule | None = None) -> dict[str, str]:
    """The code of each field that is refused."""
    with pytest.raises(Invalid) as caught:
        validate(NewMember, data, rule or PhoneRule())
    return {error.pointer: error.code for error in caught.value.errors}


# Phone numbers


@pytest.mark.parametrize("case", PHONES, ids=lambda case: case["why"])
def test_a_phone_number_is_read_as_its_case_says(case: dict[str, str]) -> None:
    rule = PhoneRule(case.get("region", "US"), "valid" if case.get("check") == "valid" else "possible")
    data = RALPH | {"phone_number": case["text"]}
    if "stored" in case:
        stored = validate(NewMember, data, rule).phone_number
        assert stored == case["stored"]
        # What is stored reads as itself, everywhere: a GET can be PUT back, an export imported.
        assert validate(NewMember, RALPH | {"phone_number": stored}, PhoneRule("DE")).phone_number == stored
    else:
        assert refusals(data, rule) == {"#/phone_number": case["refused"]}


@given(st.text())
def test_any_text_is_a_phone_number_or_refused_by_name(text: str) -> None:
    try:
        stored = PhoneRule().parse(text)
    except PydanticCustomError:
        return
    assert stored.startswith("+")
    assert PhoneRule("DE").parse(stored) == stored


# Text


@pytest.mark.parametrize(
    ("text", "result"),
    [
        (" Ralph\n", "Ralph"),
        ("Jose\u0301", "José"),  # one name, one spelling, however a keyboard composes it
        ("e\u0301" * 64, "é" * 64),  # the length is that of what is stored
        ("\u1f80" * 64, "\u1f80" * 64),
        (unicodedata.normalize("NFD", "\u1f87" * 64), "\u1f87" * 64),  # the longest that fits: 256 come as 64
        ("🐭", "🐭"),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),  # the joiners within an emoji are no control characters
        ("רונית", "רונית"),
        ("\u200fשרה", "\u200fשרה"),  # nor are marks of direction
        ("Mary  Ann", "Mary  Ann"),  # what is inside stays
        ("x" * 64, "x" * 64),
    ],
)
def test_text_is_trimmed_and_composed(text: str, result: str) -> None:
    assert clean(text) == result


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "blank"),
        (" \t\u00a0\u3000", "blank"),
        ("x" * 65, "too_long"),
        ("é" * 65, "too_long"),
        ("a\tb", "control_character"),
        ("a\nb", "control_character"),
        ("a\x00b", "control_character"),
        ("a\x1fb", "control_character"),  # what joins the parts of ids and sort keys
        ("a\x7fb", "control_character"),
        ("a\u2028b", "control_character"),
        ("a\ud800b", "control_character"),
        ("\U0010ffffa", "control_character"),  # sorts behind the end of every list
    ],
)
def test_text_that_breaks_a_rule_is_refused(text: str, code: str) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        clean(text)
    assert caught.value.type == code


def test_a_long_text_of_accents_is_refused_before_it_is_composed() -> None:
    """Composing orders the accents, in time that grows with their square: a minute for a megabyte of them."""
    with pytest.raises(PydanticCustomError):
        clean("a" + "\u0315\u0327" * 500_000)


@given(texts)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)


# Ids


@given(texts, texts)
def test_an_id_is_read_back_as_what_it_was_made_of(account_id: str, client_member_id: str) -> None:
    token = member_id(account_id, client_member_id)
    assert parse_member_id(token) == (account_id, client_member_id)
    assert token.isascii()
    assert token.replace("-", "").replace("_", "").isalnum()  # it stands in a URL as it is


@given(texts, texts, texts, texts)
def test_two_members_have_two_ids(account_a: str, client_a: str, account_b: str, client_b: str) -> None:
    same = (account_a, client_a) == (account_b, client_b)
    assert (member_id(account_a, client_a) == member_id(account_b, client_b)) == same


@given(st.one_of(st.text(), st.text("ABCxyz019-_="), st.binary().map(lambda b: base64.b64encode(b).decode())))
def test_any_token_is_a_members_only_id_or_none(token: str) -> None:
    parts = parse_member_id(token)
    assert parts is None or member_id(*parts) == token


@pytest.mark.parametrize(
    "text",
    ["", "1", "1\x1f", "\x1f1", "1\x1f2\x1f3", " 1\x1f2", "1\x1f2\n", f"1\x1f{'x' * 65}", "1\x1fe\u0301"],
)
def test_an_id_of_no_possible_member_is_none(text: str) -> None:
    """One of them would read an item under a key that no write can make."""
    token = base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
    assert parse_member_id(token) is None


# Bodies


@pytest.mark.parametrize("data", [None, True, 1, 1.5, "text", [], [RALPH]])
def test_what_has_no_named_fields_is_no_member(data: object) -> None:
    assert refusals(data) == {"#": "wrong_type"}


def test_every_field_at_fault_is_named() -> None:
    data = {
        "account_id": " ",
        "first_name": None,
        "last_name": "x" * 65,
        "phone_number": "12",
        "nickname": "R",
    }
    assert refusals(data) == {
        "#/account_id": "blank",
        "#/client_member_id": "missing",
        "#/first_name": "wrong_type",
        "#/last_name": "too_long",
        "#/phone_number": "phone_not_possible",
        "#/nickname": "unknown_field",
    }


@pytest.mark.parametrize("value", [None, True, False, 1.5, -1.0, 1e20, -1, 10**64, [], {}, ["a"]])
@pytest.mark.parametrize("field", NewMember.model_fields)
def test_a_field_takes_text_alone(field: str, value: Any) -> None:
    assert refusals(RALPH | {field: value}) == {f"#/{field}": "wrong_type"}


@pytest.mark.parametrize("field", ["first_name", "last_name"])
def test_a_name_is_no_number(field: str) -> None:
    assert refusals(RALPH | {field: 7}) == {f"#/{field}": "wrong_type"}


def test_a_whole_number_may_come_as_a_float() -> None:
    """JSON knows one kind of number; some writers end every one of them in .0."""
    assert validate(NewMember, RALPH | {"client_member_id": 42.0}, PhoneRule()).client_member_id == "42"


@given(st.integers(0, 10**MAX_LENGTH - 1))
def test_an_id_may_be_a_whole_number(number: int) -> None:
    assert validate(NewMember, RALPH | {"client_member_id": number}, PhoneRule()).client_member_id == str(
        number
    )


@pytest.mark.parametrize(
    ("name", "pointer"),
    [
        ("a/b~c", "#/a~1b~0c"),
        ("", "#/"),
        ("x/", "#/x~1"),
        ("y" * 10_000, "#/" + "y" * 64),
    ],
)
def test_an_unknown_field_is_pointed_at_whatever_its_name(name: str, pointer: str) -> None:
    assert refusals(RALPH | {name: "value"}) == {pointer: "unknown_field"}


def test_a_field_whose_name_is_no_text_is_refused() -> None:
    """Half of a surrogate pair: JSON can say it, no encoding can."""
    assert refusals(RALPH | {"\ud800": "value"}) == {"#": "control_character"}


def test_an_error_never_quotes_a_value() -> None:
    """Errors reach reports and screens; what a caller sent may be somebody's data."""
    data = dict.fromkeys(NewMember.model_fields, "sentinel\x00")
    with pytest.raises(Invalid) as caught:
        validate(NewMember, data, PhoneRule())
    assert "sentinel" not in str(caught.value)
    assert "sentinel" not in repr(caught.value.errors)


def test_a_member_as_it_is_shown_can_be_sent_back() -> None:
    member = new_member(validate(NewMember, RALPH, PhoneRule()))
    assert set(READ_ONLY) < member.model_dump().keys()
    assert member.same_as(validate(NewMember, member.model_dump(), PhoneRule()))


def test_a_change_leaves_the_other_fields_alone() -> None:
    member = new_member(validate(NewMember, RALPH, PhoneRule()))
    changes = validate(MemberChanges, {"last_name": " Rat "}, PhoneRule())
    assert changes.applied_to(member).model_dump() == RALPH | {"last_name": "Rat"}


def test_a_change_to_nothing_is_refused() -> None:
    """No field of a member is optional, so none can be taken away."""
    for value in ("", None):
        with pytest.raises(Invalid):
            validate(MemberChanges, {"first_name": value}, PhoneRule())


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
@settings(max_examples=1000)
def test_the_quick_way_to_read_a_number_says_what_the_library_says(
    region: str, start: str, digits: str, mark: str
) -> None:
    text = start + (f"({digits[:3]}) {digits[3:]}" if mark == "()" else mark.join((digits[:3], digits[3:])))
    quick = parse_common_form(text, region)
    if quick is None:
        return
    number = phonenumbers.parse(text, region)
    assert phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
    assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == quick


@given(
    st.sampled_from(("US", "GB", "DE", "AU", "BR", "CN", "IN", "NG", "AR", "IT")),
    st.sampled_from(("", "0", "00", "(0)", "+49 0", "+49 (0)0", "+44 (0)0", "+61 00", "1", "8 0")),
    st.text("0123456789", min_size=5, max_size=13),
)
def test_a_number_read_from_what_was_stored_is_the_stored_one(region: str, start: str, digits: str) -> None:
    """A search finds it by the number it shows, and a GET can be PUT back."""
    try:
        stored = PhoneRule(region).parse(start + digits)
    except PydanticCustomError:
        return
    assert PhoneRule("US").parse(stored) == stored


def test_a_text_that_is_too_long_is_told_how_long_it_may_be() -> None:
    with pytest.raises(Invalid) as error:
        validate(NewMember, {**RALPH, "first_name": "x" * 65})
    assert error.value.detail == "first_name: Must have at most 64 characters."
