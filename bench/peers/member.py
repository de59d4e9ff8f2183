"""A member as the peers validate it: pydantic, with phone numbers parsed by the library phonenumbers.

The limits and the spelling of phone numbers (E.164) are Rollcall's. It does not do what Rollcall does besides:
Unicode normalisation, control characters, extensions, decimals, and one code a fault.
"""

from typing import Annotated

import phonenumbers
from phonenumbers import PhoneNumberFormat, ValidationResult
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]


def _e164(text: str) -> str:
    try:
        number = phonenumbers.parse(text, "US")
    except phonenumbers.NumberParseException:
        raise ValueError("must be a phone number") from None
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        raise ValueError("must have the length of a phone number")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


class NewMember(BaseModel):
    """The fields that a caller sends."""

    model_config = ConfigDict(extra="forbid")

    account_id: Text
    client_member_id: Text
    first_name: Text
    last_name: Text
    phone_number: Annotated[Text, AfterValidator(_e164)]


class Member(BaseModel):
    """A member as it is stored and shown."""

    account_id: str
    client_member_id: str
    first_name: str
    last_name: str
    phone_number: str
    created_at: str
    last_modified: str
    version: int


class MemberPage(BaseModel):
    """Some members of an account in name order, and the cursor of the next page."""

    items: list[Member]
    next: str | None
