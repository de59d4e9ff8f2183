"""A row that describes a member, and its form in storage. Pure."""

from typing import Any, NamedTuple

import orjson

from chalicelib.members.model import Member, MemberKey, NewMember, PhoneKey

_SIZE = len(NewMember.model_fields)


class Undoes(NamedTuple):
    """The row of an earlier import that a row of an undo takes back: its line, and its outcome.

    `after` is the line of the undo that took back the next row about that member, 0 if there was none.
    """

    line: int
    outcome: str
    after: int = 0


class MemberRow(NamedTuple):
    """A row that describes a member: its line, and the member with "" for each field that an upsert keeps.

    `previous` is the client member id that the member had before, "" if the row names none or the same one.
    A row that `deletes` the member may have names and a phone number, which must be those of the stored member.
    The rows of an undo have `undoes`.
    """

    line: int
    member: NewMember
    previous: str = ""
    deletes: bool = False
    undoes: Undoes | None = None

    @property
    def key(self) -> MemberKey:
        """The key of the member that the row describes."""
        return MemberKey(self.member.account_id, self.member.client_member_id)

    @property
    def previous_key(self) -> MemberKey:
        """The key that the member had before, if the row names a previous id."""
        return MemberKey(self.member.account_id, self.previous)

    @property
    def keys(self) -> tuple[MemberKey, ...]:
        """The keys of the members that the row is about."""
        return (self.key, self.previous_key) if self.previous else (self.key,)

    @property
    def asks_for_phone(self) -> bool:
        """Whether the member shall have the row's phone number."""
        return bool(self.member.phone_number) and not self.deletes

    @property
    def phone(self) -> PhoneKey:
        """The phone number it asks for, within its account."""
        return PhoneKey(self.member.account_id, self.member.phone_number)

    @property
    def missing_field(self) -> str | None:
        """The first blank field, None if all have a value."""
        fields = vars(self.member)
        return next(name for name, value in fields.items() if not value) if "" in fields.values() else None

    def with_stored(self, old: Member) -> NewMember:
        """Returns the row's member with the values of `old` for blank fields."""
        stored = old.writable()
        filled: dict[str, Any] = {name: value or stored[name] for name, value in self.member}
        return NewMember.of_valid(filled)


def encode_row(row: MemberRow) -> bytes:
    """Returns a row as one line of JSON, without a line feed."""
    values = [row.line, *(getattr(row.member, name) for name in NewMember.model_fields)]
    if row.undoes:
        values += [row.previous, int(row.deletes), tuple(row.undoes)]
    elif row.deletes:
        values += [row.previous, 1]
    elif row.previous:
        values.append(row.previous)
    return orjson.dumps(values)


def pack_row(row: MemberRow) -> bytes:
    """Returns what `encode_row` does, in the memory that it needs: orjson keeps a buffer of 4 kB for each result."""
    return b"%s" % encode_row(row)


def decode_row(text: bytes) -> MemberRow:
    """Returns the row that `encode_row` wrote."""
    line, *values = orjson.loads(text)
    rest = values[_SIZE:]
    member = NewMember.of_valid(dict(zip(NewMember.model_fields, values, strict=False)))
    if not rest:
        return MemberRow(line, member)
    undoes = Undoes(*rest[2]) if len(rest) > 2 else None
    return MemberRow(line, member, rest[0], len(rest) > 1 and bool(rest[1]), undoes)
