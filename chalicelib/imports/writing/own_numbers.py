"""The own numbers of members that hold another one for a while, as a large ring is applied in parts. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from chalicelib.members.model import Member, MemberKey


class OwnNumbers:
    """The numbers by member, as of the changes so far. They start with those of the last batch that was written."""

    def __init__(self, written: Mapping[MemberKey, str]) -> None:
        self._written, self._numbers = dict(written), dict(written)

    def keep(self, key: MemberKey, number: str) -> None:
        """Keeps the number that a member has before it gets a temporary one, unless it has one already."""
        self._numbers.setdefault(key, number)

    def drop(self, key: MemberKey) -> None:
        """Forgets the number of a member that has the one it asked for."""
        self._numbers.pop(key, None)

    def of(self, key: MemberKey, member: Member) -> Member:
        """Returns a member with its own number."""
        return replace(member, phone_number=self._numbers.get(key, member.phone_number))

    def all(self) -> dict[MemberKey, str]:
        """Returns the numbers, to be stored with the changes so far."""
        return dict(self._numbers)

    def end_batch(self, stored: Mapping[MemberKey, str], *, failed: bool) -> None:
        """Takes in whether a batch was written; if not, the numbers are those of the batch before it."""
        if failed:
            self._numbers = dict(self._written)
        else:
            self._written = dict(stored)
