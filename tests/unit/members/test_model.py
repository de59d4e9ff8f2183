"""The fields of members, and their ids."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from chalicelib.errors import Invalid
from chalicelib.fields.phone import PhoneRule
from chalicelib.fields.text import MAX_LENGTH
from chalicelib.fields.validation import validate
from chalicelib.members.model import (
    READ_ONLY,
    MemberChanges,
    NewMember,
    member_id,
    new_member,
    parse_member_id,
)
from tests.support.texts import clean_ids

RALPH = {
    "account_id": "1",
    "client_member_id": "42",
    "first_name": "Ralph",
    "last_name": "Mouse",
    "phone_number": "+13235551234",
}


def rejections(data: object) -> dict[str, str]:
    """Returns the code of each invalid field, by its pointer."""
    with pytest.raises(Invalid) as caught:
        validate(NewMember, data)
    return {error.pointer: error.code for error in caught.value.errors}


@given(
    st.fixed_dictionaries(
        {name: st.one_of(st.just(value), st.text(max_size=70)) for name, value in RALPH.items()}
    )
)
def test_member_from_texts_is_the_validated_one(texts: dict[str, str]) -> None:
    try:
        expected = validate(NewMember, texts)
    except Invalid:
        with pytest.raises(PydanticCustomError):
            NewMember.from_texts(texts, PhoneRule())
    else:
        found = NewMember.from_texts(texts, PhoneRule())
        assert (found, found.model_fields_set) == (expected, expected.model_fields_set)


def test_optional_text_may_be_blank() -> None:
    blank = NewMember.from_texts(RALPH | {"last_name": " \u200b"}, PhoneRule(), ("last_name",))
    assert blank.model_dump() == RALPH | {"last_name": ""}


@given(clean_ids, clean_ids)
def test_member_id_is_parsed_into_its_key(account_id: str, client_member_id: str) -> None:
    token = member_id(account_id, client_member_id)
    assert parse_member_id(token) == (account_id, client_member_id)
    assert token.isascii()
    assert token.replace("-", "").replace("_", "").isalnum()  # needs no encoding in a URL


@given(clean_ids, clean_ids, clean_ids, clean_ids)
def test_two_members_have_different_ids(account_a: str, client_a: str, account_b: str, client_b: str) -> None:
    same = (account_a, client_a) == (account_b, client_b)
    assert (member_id(account_a, client_a) == member_id(account_b, client_b)) == same


@given(st.one_of(st.text(), st.text("ABCxyz019-_="), st.binary().map(lambda b: base64.b64encode(b).decode())))
def test_token_is_the_canonical_id_or_malformed(token: str) -> None:
    parts = parse_member_id(token)
    assert parts is None or member_id(*parts) == token


@pytest.mark.parametrize(
    "text",
    [
        *("", "1", "1\x1f", "\x1f1", "1\x1f2\x1f3", " 1\x1f2", "1\x1f2\n", f"1\x1f{'x' * 65}"),
        # another spelling of an id
        *("1\x1fe\u0301", "1\x1f\u0661\u0662", "1\x1fA\u20111", "1\x1fA\u200b", "1\x1f1\u00a02"),
        "1\x1fA\u00ad1",
    ],
)
def test_id_of_impossible_key_is_malformed(text: str) -> None:
    """A request with it would read a key that no write creates."""
    token = base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
    assert parse_member_id(token) is None


def test_each_invalid_field_is_reported() -> None:
    data = {
        "account_id": " ",
        "first_name": None,
        "last_name": "x" * 65,
        "phone_number": "12",
        "nickname": "R",
    }
    assert rejections(data) == {
        "#/account_id": "blank",
        "#/client_member_id": "missing",
        "#/first_name": "wrong_type",
        "#/last_name": "too_long",
        "#/phone_number": "phone_not_possible",
        "#/nickname": "unknown_field",
    }


@pytest.mark.parametrize("value", [None, True, False, 1.5, -1.0, 1e20, -1, 10**64, [], {}, ["a"]])
@pytest.mark.parametrize("field", NewMember.model_fields)
def test_non_text_value_is_rejected(field: str, value: Any) -> None:
    assert rejections(RALPH | {field: value}) == {f"#/{field}": "wrong_type"}


@pytest.mark.parametrize("field", ["first_name", "last_name"])
def test_number_is_rejected_as_name(field: str) -> None:
    assert rejections(RALPH | {field: 7}) == {f"#/{field}": "wrong_type"}


def test_whole_float_is_accepted_as_id() -> None:
    """JSON has one number type, and some encoders write every number with .0."""
    assert validate(NewMember, RALPH | {"client_member_id": 42.0}).client_member_id == "42"


@given(st.integers(0, 10**MAX_LENGTH - 1))
def test_integer_is_accepted_as_id(number: int) -> None:
    assert validate(NewMember, RALPH | {"client_member_id": number}).client_member_id == str(number)


def test_errors_never_quote_values_of_members() -> None:
    """Errors reach reports and screens; values are personal data."""
    data = dict.fromkeys(NewMember.model_fields, "sentinel\x00")
    with pytest.raises(Invalid) as caught:
        validate(NewMember, data)
    assert "sentinel" not in str(caught.value)
    assert "sentinel" not in repr(caught.value.errors)


def test_shown_member_can_be_sent_back() -> None:
    member = new_member(validate(NewMember, RALPH))
    assert set(READ_ONLY) < member.model_dump().keys()
    assert member.has_values_of(validate(NewMember, member.model_dump()))


def test_change_keeps_omitted_fields() -> None:
    member = new_member(validate(NewMember, RALPH))
    changes = validate(MemberChanges, {"last_name": " Rat "})
    assert changes.applied_to(member).model_dump() == RALPH | {"last_name": "Rat"}


def test_change_to_blank_is_rejected() -> None:
    """All fields of a member are required, so none can be removed."""
    for value in ("", None):
        with pytest.raises(Invalid):
            validate(MemberChanges, {"first_name": value})
