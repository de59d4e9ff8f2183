"""A member, what a caller may send of one, and ids. No AWS, no Chalice."""

import base64
import binascii
import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from .errors import FieldError, Invalid
from .phones import REGIONS, PhoneRule, is_region

MAX_LENGTH = 64
SEPARATOR = "\x1f"  # joins the parts of ids and sort keys; no text may hold it (see UNWANTED)
MAX_EXACT = 2**53  # from here on a float stands for more than one integer
READ_ONLY = ("id", "created_at", "created_by", "last_modified", "modified_by", "version")

# Control characters, halves of surrogate pairs, line separators, and the noncharacters that a listing sorts
# behind every name. Format characters (joiners, direction marks) stay: names and emoji are written with them.
UNWANTED = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\ufffe\uffff\U0010fffe\U0010ffff]")


def _region(text: str) -> str:
    if not is_region(text):
        raise PydanticCustomError("unknown_region", "There is no such region; US is one.")
    return text


def _digits(value: object) -> object:
    """A JSON integer where an id or a phone belongs is taken as its digits.

    42.0 is one too, as JSON Schema sees it and Python's json does not, while a float is exact.
    """
    if isinstance(value, float) and value.is_integer() and value < MAX_EXACT:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**MAX_LENGTH:
        return str(value)
    return value


def clean(text: str) -> str:
    """`text` trimmed and in NFC.

    Raises PydanticCustomError: blank, too_long (over 64 characters), control_character.
    """
    text = text.strip()
    if 0 < len(text) <= MAX_LENGTH and text.isascii() and text.isprintable():
        return text  # as nearly all are
    # NFC makes one character of four at most, and takes a second for 60 kB of accents: a text longer than this
    # is too long either way.
    if len(text) <= 4 * MAX_LENGTH and not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if not text:
        raise PydanticCustomError("blank", "This must not be blank.")
    if len(text) > MAX_LENGTH:
        raise PydanticCustomError("too_long", "This is longer than 64 characters.")
    if UNWANTED.search(text):
        raise PydanticCustomError("control_character", "This has a control character in it.")
    return text


def _phone(text: str, info: ValidationInfo) -> str:
    rule = info.context if isinstance(info.context, PhoneRule) else PhoneRule()
    return rule.parse(clean(text))


# What the API's description says of these rules, as far as JSON Schema can; blanks around a text may come on top.
_NEVER = r"\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff" + "\U0010fffe\U0010ffff"
TEXT_SCHEMA = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_LENGTH,
    "pattern": f"^[^{_NEVER}]*[^\\s{_NEVER}][^{_NEVER}]*$",
}
_WHOLE = {"type": ["string", "integer"], "minimum": 0}

Name = Annotated[str, AfterValidator(clean), WithJsonSchema(TEXT_SCHEMA)]
Identifier = Annotated[
    str, BeforeValidator(_digits), AfterValidator(clean), WithJsonSchema(TEXT_SCHEMA | _WHOLE)
]
Phone = Annotated[
    str, BeforeValidator(_digits), AfterValidator(_phone), WithJsonSchema(_WHOLE | {"format": "phone"})
]
Region = Annotated[
    str,
    AfterValidator(_region),
    WithJsonSchema({"type": "string", "enum": REGIONS}),
]
Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class _Body(BaseModel):
    """What a caller sends: read-only fields are ignored, so that a GET can be PUT back; unknown ones refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_read_only(cls, data: Any) -> Any:
        if isinstance(data, dict) and not data.keys().isdisjoint(READ_ONLY):
            return {name: value for name, value in data.items() if name not in READ_ONLY}
        return data


class NewMember(_Body):
    """All that a caller decides about a member."""

    account_id: Identifier
    client_member_id: Identifier
    first_name: Name
    last_name: Name
    phone_number: Phone

    @property
    def id(self) -> str:
        """The id this member has, or will have."""
        return member_id(self.account_id, self.client_member_id)


class MemberChanges(_Body):
    """Some of a member's fields; those left out stay as they are."""

    account_id: Identifier = ""
    client_member_id: Identifier = ""
    first_name: Name = ""
    last_name: Name = ""
    phone_number: Phone = ""

    def applied_to(self, member: "Member") -> NewMember:
        """The member as it is after these changes."""
        return NewMember.model_construct(**(member.writable() | self.model_dump(exclude_unset=True)))


class Member(BaseModel):
    """A member as it is stored and shown. Times are ISO 8601 in UTC; `version` counts the writes, from 1.

    Who wrote it is `user:<name>`, `token:<name>` or `import:<id>`.
    """

    id: str
    account_id: str
    client_member_id: str
    first_name: str
    last_name: str
    phone_number: str
    created_at: Moment
    created_by: str | None = None
    last_modified: Moment
    modified_by: str | None = None
    version: int

    @property
    def etag(self) -> str:
        """The ETag of this state.

        `created_at` would not do: an import creates many members in one millisecond, and any of them may move to an
        id that another had.
        """
        return entity_tag(self.version, self.last_modified)

    def writable(self) -> dict[str, str]:
        """The fields a caller decides."""
        return {name: getattr(self, name) for name in NewMember.model_fields}

    def same_as(self, other: NewMember) -> bool:
        """Whether `other` would change nothing."""
        return all(getattr(self, name) == getattr(other, name) for name in NewMember.model_fields)


def entity_tag(version: int, moment: str | None) -> str:
    """Returns the ETag of a version, with the `moment` (ISO 8601) of its writing or of the resource's creation.

    Versions start from 1 again when a resource is deleted and created again, so the version alone repeats.
    """
    digits = re.sub("[^0-9]", "", moment or "0")  # console/api.js derives the same for the items of a list
    return f'"{version}-{digits}"'


def member_id(account_id: str, client_member_id: str) -> str:
    """The URL-safe token of a member's key; `parse_member_id` reads it back."""
    text = account_id + SEPARATOR + client_member_id
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def parse_member_id(token: str) -> tuple[str, str] | None:
    """(account id, client member id), or None where `token` is no member's id."""
    try:
        text = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode()
        account_id, client_member_id = text.split(SEPARATOR)
        key = clean(account_id), clean(client_member_id)
    except (ValueError, binascii.Error, PydanticCustomError):
        return None
    # base64 spells some texts in several ways, as people do; a member has one id.
    return key if member_id(*key) == token else None


Body = TypeVar("Body", bound=BaseModel)


def read(model: type[Body], data: object, rule: PhoneRule | None = None) -> Body:
    """`data` (of JSON, a form or a CSV row) as `model`. Raises Invalid, with one error a field."""
    if not isinstance(data, Mapping):
        raise Invalid([FieldError("#", "wrong_type", "This must be an object with named fields.")])
    try:
        return model.model_validate(data, context=rule)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        raise Invalid([_field_error(problem) for problem in problems]) from None


_PLAIN_WORDS = {
    "missing": ("missing", "This field is required."),
    "literal_error": ("unknown_value", "There is no such choice."),
    "string_pattern_mismatch": ("wrong_form", "This does not have the right form."),
    "extra_forbidden": ("unknown_field", "There is no such field."),
    "string_type": ("wrong_type", "This must be a text."),
    "bool_type": ("wrong_type", "This must be true or false."),
    "int_type": ("wrong_type", "This must be a whole number."),
    "list_type": ("wrong_type", "This must be a list."),
    "greater_than_equal": ("out_of_range", "This is too small."),
    "less_than_equal": ("out_of_range", "This is too large."),
    "string_unicode": ("control_character", "This has a character in it that is not text."),
}


def _field_error(problem: Mapping[str, Any]) -> FieldError:
    """Pydantic's finding in our words, without the value: errors reach logs, values must not."""
    code, detail = _PLAIN_WORDS.get(problem["type"], (problem["type"], problem["msg"]))
    if not problem["loc"]:  # a field whose name is no text
        return FieldError("#", code, detail)
    name = str(problem["loc"][0])[:MAX_LENGTH]  # an unknown field's name is the caller's, of any length
    pointer = name.replace("~", "~0").replace("/", "~1")  # RFC 6901
    return FieldError(f"#/{pointer}", code, f"{name}: {detail}")
