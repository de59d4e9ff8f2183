"""The mode validate: what mode create would do to each row, without a write to any member.

A row meets the members in the table, which are only read, and the rows before it. Those leave their keys in a space
of the import's own, which the table clears away by itself after a day; so a clash is found however far apart two
rows stand, in a file of any size.
"""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.writes import ConditionalWrite, put_new
from chalicelib.members.items import claim_key, claimed_phone_key, holder_of, member_key_of
from chalicelib.members.model import MemberKey, Origin, PhoneKey
from chalicelib.members.writes import PHONE

from .bulk_writer import BulkWriter
from .outcomes import MemberRow, Outcome, existing_member_outcome, rejection

KEPT_SECONDS = 24 * 3600


class DryRun(BulkWriter):
    """Judges the rows of one chunk of an import."""

    def write(self, entries: Sequence[MemberRow]) -> dict[int, Outcome]:
        """What would become of each row, by line: created means that it would be. Raises Busy."""
        with ThreadPoolExecutor(self._in_flight) as pool:
            members = self._stored(pool, entries)
            claims = self._read(pool, [claim_key(*entry.phone) for entry in entries])
        holders = {claimed_phone_key(item): item for item in claims}
        for entry in entries:
            outcome = self._meets(entry, members, holders)
            if outcome:
                self._outcomes.setdefault(entry.line, outcome)
        return super().write(entries)

    def _meets(
        self, entry: MemberRow, members: Mapping[MemberKey, Item], holders: Mapping[PhoneKey, Item]
    ) -> Outcome | None:
        """The outcome of a row that clashes with the table, or is in it, else None."""
        if entry.key in members:
            return existing_member_outcome(entry, members[entry.key], self._import_id)
        if entry.phone in holders:
            return rejection(PHONE, holder_of(holders[entry.phone]), self._import_id)
        return None

    def _written_key(self, entry: MemberRow) -> Item:
        return dry_run_key(super()._written_key(entry), self._import_id)

    def _creation(self, entry: MemberRow, origin: Origin) -> list[ConditionalWrite]:
        until = int(time.time()) + KEPT_SECONDS
        legs = super()._creation(entry, origin)
        return [put_new(leg.constraint, in_dry_run(leg.body["Item"], self._import_id, until)) for leg in legs]


def in_dry_run(item: Item, import_id: str, until: int) -> Item:
    """The item in the space of an import that only tries: in no list, and gone after `until` (epoch seconds)."""
    listed = ("account_shard", "name_order")
    return {
        **{name: value for name, value in item.items() if name not in listed},
        **dry_run_key(item, import_id),
        "client_member_id": {"S": member_key_of(item).client_member_id},
        "expires_at": {"N": str(until)},
    }


def dry_run_key(key: Item, import_id: str) -> Item:
    """The key that stands for `key` in the space of an import that only tries."""
    return {"pk": {"S": f"TRIAL#{import_id}#{key['pk']['S']}"}, "sk": key["sk"]}
