"""A member, the bodies that callers send, and member ids."""

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import orjson
from pydantic import BaseModel, ConfigDict, model_validator

from chalicelib.clock import now
from chalicelib.fields.characters import is_blank
from chalicelib.fields.phone import Phone, PhoneRule
from chalicelib.fields.text import SEPARATOR, Identifier, Name, Timestamp, normalize_id, normalize_text
from chalicelib.preconditions import entity_tag

READ_ONLY = ("id", "created_at", "created_by", "last_modified", "modified_by", "version")


class _Body(BaseModel, defer_build=True):
    """A request body. Read-only fields are ignored, so that a GET can be PUT back; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_read_only(cls, data: Any) -> Any:
        if isinstance(data, dict) and not data.keys().isdisjoint(READ_ONLY):
            return {name: value for name, value in data.items() if name not in READ_ONLY}
        return data


class NewMember(_Body):
    """All fields of a member that a caller sets."""

    account_id: Identifier
    client_member_id: Identifier
    first_name: Name
    last_name: Name
    phone_number: Phone

    @classmethod
    def from_texts(cls, texts: Mapping[str, str], rule: PhoneRule, optional: Collection[str] = ()) -> Self:
        """Returns the member of these texts, with "" for each blank one that is `optional`.

        Raises PydanticCustomError for the first invalid text, by the rules of the fields: `validate`, which lists
        all of them, takes twice as long.
        """
        blank = [name for name in optional if is_blank(texts.get(name, ""))] if optional else ()
        values = {
            name: "" if name in blank else normalize(texts.get(name, "")) for name, normalize in _TEXT_RULES
        }
        values["phone_number"] = "" if "phone_number" in blank else rule.parse(texts.get("phone_number", ""))
        return cls.of_valid(values)

    @classmethod
    def of_valid(cls, values: dict[str, str]) -> Self:
        """Returns the member with these values, which are valid: `model_construct` takes ten times as long."""
        member = cls.__new__(cls)
        _set(member, "__dict__", values)
        _set(member, "__pydantic_fields_set__", _ALL_FIELDS)
        _set(member, "__pydantic_extra__", None)
        _set(member, "__pydantic_private__", None)
        return member

    @property
    def id(self) -> str:
        """Returns the id that this member has, or will have."""
        return member_id(self.account_id, self.client_member_id)


_TEXT_RULES = (
    ("account_id", normalize_id),
    ("client_member_id", normalize_id),
    ("first_name", normalize_text),
    ("last_name", normalize_text),
)

_ALL_FIELDS = set(NewMember.model_fields)
_set = object.__setattr__  # as pydantic's own `__setstate__` does: the model is frozen


class MemberChanges(_Body):
    """Some of a member's fields; omitted fields stay unchanged."""

    account_id: Identifier = ""
    client_member_id: Identifier = ""
    first_name: Name = ""
    last_name: Name = ""
    phone_number: Phone = ""

    def applied_to(self, member: "Member") -> NewMember:
        """Returns the member after these changes."""
        return NewMember.of_valid(member.writable() | self.model_dump(exclude_unset=True))


@dataclass(kw_only=True)
class Member:
    """A member as it is stored and shown. Times are ISO 8601 in UTC; `version` counts the writes, from 1.

    `created_by` and `modified_by` are `user:<name>`, `token:<name>`, `import:<id>`, or `operator` for
    the command line with AWS credentials.
    """

    account_id: str
    client_member_id: str
    first_name: str
    last_name: str
    phone_number: str
    created_at: Timestamp
    created_by: str | None = None
    last_modified: Timestamp
    modified_by: str | None = None
    version: int

    @property
    def id(self) -> str:
        """Its id, computed when it is asked for: an import that creates a member does not need it."""
        return member_id(self.account_id, self.client_member_id)

    @property
    def etag(self) -> str:
        """The ETag of this state.

        `created_at` would not do: an import creates many members in one millisecond, and any of them may move to an
        id that another had.
        """
        return entity_tag(self.version, self.last_modified)

    def model_dump(self) -> dict[str, Any]:
        """Returns the fields, as a pydantic model does: it would take four times as long to build."""
        return {"id": self.id, **vars(self)}

    def writable(self) -> dict[str, str]:
        """Returns the fields that a caller sets."""
        return {name: getattr(self, name) for name in NewMember.model_fields}

    def has_values_of(self, other: NewMember) -> bool:
        """Returns whether writing `other` would change nothing."""
        return all(getattr(self, name) == getattr(other, name) for name in NewMember.model_fields)


def member_id(account_id: str, client_member_id: str) -> str:
    """Returns a member's id: its key, encoded for URLs. `parse_member_id` decodes it."""
    return encode_parts(account_id, client_member_id)


def parse_member_id(token: str) -> tuple[str, str] | None:
    """Returns (account id, client member id), or None for a malformed id."""
    try:
        account_id, client_member_id = map(normalize_id, decode_parts(token))
    except ValueError:
        return None
    key = account_id, client_member_id
    # base64 and normalize_id() map several texts to one key; only the canonical one is an id.
    return key if member_id(*key) == token else None


def encode_parts(*parts: str) -> str:
    """Returns the parts as one text for URLs."""
    return base64.urlsafe_b64encode(SEPARATOR.join(parts).encode()).rstrip(b"=").decode()


def decode_parts(text: str) -> list[str]:
    """Returns the parts given to `encode_parts`. Raises ValueError for another text."""
    padded = text + "=" * (-len(text) % 4)
    return base64.b64decode(padded, altchars=b"-_", validate=True).decode().split(SEPARATOR)


class MemberKey(NamedTuple):
    """The values that identify a member. Its id encodes them."""

    account_id: str
    client_member_id: str


def key_of(member: Member | NewMember) -> MemberKey:
    """Returns the key of a member."""
    return MemberKey(member.account_id, member.client_member_id)


class PhoneKey(NamedTuple):
    """The values that identify a claim: a phone number (E.164) belongs to one member of an account."""

    account_id: str
    phone_number: str


Values = tuple[tuple[str, str], ...]  # some of a member's fields, each with its value


class Origin(NamedTuple):
    """The row that wrote an item: its import, its line in the file (from 1), and its outcome.

    `arrived_at` is the time when the file arrived; items that an earlier version wrote have none. `before` are the
    values that the row has replaced.
    """

    import_id: str
    line: int
    outcome: str
    arrived_at: str = ""
    before: Values = ()

    def __str__(self) -> str:
        return origin_text(*self)


def origin_text(import_id: str, line: int, outcome: str, arrived_at: str, before: Values = ()) -> str:
    """Returns the text that an Origin of these values is stored as: imports of new members need no more of it."""
    text = f"{import_id}#{line}:{outcome}@{arrived_at}"
    return f"{text}|{orjson.dumps(before).decode()}" if before else text


def new_member(new: NewMember, by: str | None = None, moment: str = "") -> Member:
    """Returns the member that creating `new` results in, at a moment, by default now."""
    moment = moment or now()
    return Member(
        **new.__dict__,
        created_at=moment,
        created_by=by,
        last_modified=moment,
        modified_by=by,
        version=1,
    )


def changed_member(old: Member, new: NewMember, by: str | None = None, moment: str = "") -> Member:
    """Returns `old` after writing `new` over it, at a moment, by default now."""
    return Member(
        **new.__dict__,
        created_at=old.created_at,
        created_by=old.created_by,
        last_modified=max(
            moment or now(), old.last_modified
        ),  # clocks differ, and history is in the order of time
        modified_by=by,
        version=old.version + 1,
    )


def restored_member(old: Member, by: str | None = None, moment: str = "") -> Member:
    """Returns a deleted member as it is after its restoration, at a moment, by default now.

    Its deletion took a version number too.
    """
    at = max(moment or now(), old.last_modified)
    return replace(old, last_modified=at, modified_by=by, version=old.version + 2)
