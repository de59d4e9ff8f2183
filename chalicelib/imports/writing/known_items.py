"""The items that unsettled rows depend on: their members, and the claims on the numbers they ask for. Pure."""

from collections.abc import Callable, Collection, Iterable

import orjson

from chalicelib.dynamodb.items import Item
from chalicelib.members.items import claim_key, claimed_phone_key, from_item, member_key, member_key_of
from chalicelib.members.model import Member, MemberKey, PhoneKey

from .row_queues import QueuedRow

Read = Callable[[list[Item]], Iterable[Item]]  # returns the items that exist under these keys
_UNUSED = b""


class KnownItems:
    """Members and claims as they are in the table with all effects so far: as JSON, a tenth of the size."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._members: dict[MemberKey, bytes] = {}
        self._claims: dict[PhoneKey, bytes] = {}

    def load(self, members: Collection[MemberKey], phones: Collection[PhoneKey]) -> None:
        """Reads the members and claims that are not known yet."""
        unknown = [key for key in dict.fromkeys(members) if key not in self._members]
        unclaimed = [phone for phone in dict.fromkeys(phones) if phone not in self._claims]
        if not unknown and not unclaimed:
            return
        self._members.update(dict.fromkeys(unknown, _UNUSED))
        self._claims.update(dict.fromkeys(unclaimed, _UNUSED))
        keys = [member_key(*key) for key in unknown] + [claim_key(*phone) for phone in unclaimed]
        for item in self._read(keys):
            if "phone_number" in item:
                self._members[member_key_of(item)] = _dumps(item)
            else:
                self._claims[claimed_phone_key(item)] = _dumps(item)

    def knows(self, row: QueuedRow) -> bool:
        """Returns whether the items of a row are loaded."""
        return all(key in self._members for key in row.members) and (
            row.phone is None or row.phone in self._claims
        )

    def has_member(self, key: MemberKey) -> bool:
        """Returns whether a loaded member exists."""
        return bool(self._members[key])

    def member(self, key: MemberKey) -> Item | None:
        """Returns a loaded member's item, None if it does not exist."""
        return _loads(self._members[key])

    def stored(self, key: MemberKey) -> Member:
        """Returns a loaded member that exists."""
        return from_item(self.member(key) or {})

    def claim(self, phone: PhoneKey) -> Item | None:
        """Returns a loaded claim, None if the number is free."""
        return _loads(self._claims[phone])

    def holder(self, phone: PhoneKey) -> MemberKey | None:
        """Returns the member that holds a number whose claim is loaded."""
        claim = self.claim(phone)
        return member_key_of(claim) if claim else None

    def expect_claim(self, phone: PhoneKey, claim: Item) -> None:
        """Takes in a claim that must exist, because its member does, unless it is loaded."""
        self._claims.setdefault(phone, _dumps(claim))

    def put_member(self, key: MemberKey, item: Item | None) -> None:
        """Takes in a written member, None for one that moved to another key."""
        self._members[key] = _dumps(item) if item else _UNUSED

    def put_claim(self, phone: PhoneKey, claim: Item | None) -> None:
        """Takes in a written claim, None for one that was freed."""
        self._claims[phone] = _dumps(claim) if claim else _UNUSED

    def forget(self, members: Iterable[MemberKey], phones: Iterable[PhoneKey]) -> None:
        """Removes members and claims: they are read again when a row needs them."""
        for key in members:
            self._members.pop(key, None)
        for phone in phones:
            self._claims.pop(phone, None)


def _dumps(item: Item) -> bytes:
    """Returns an item as JSON, in the memory that it needs: orjson keeps a buffer of 4 kB for each result."""
    return b"%s" % orjson.dumps(item)


def _loads(text: bytes) -> Item | None:
    if not text:
        return None
    item: Item = orjson.loads(text)
    return item
