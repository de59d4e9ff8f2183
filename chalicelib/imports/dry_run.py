"""The mode validate: finds the outcomes of mode create without writing to a member.

Rows are compared with the members in the table, which are only read, and with the rows before them. Those create
members in a key space of the import, which DynamoDB expires after a day: so clashes are found however far apart the
rows are, in files of any size.
"""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.table import Table
from chalicelib.dynamodb.writes import ConditionalWrite, put_new
from chalicelib.members.items import claim_key, claimed_phone_key, holder_of, member_key_of
from chalicelib.members.model import Member, MemberKey, Origin, PhoneKey
from chalicelib.members.writes import PHONE

from .batch import MemberSpace
from .bulk_writer import BulkWriter
from .model import Mode
from .outcomes import MemberRow, Outcome, existing_member_outcome, taken_outcome

KEPT_SECONDS = 24 * 3600
INDEX_KEYS = ("account_shard", "name_order")


class DryRunSpace(MemberSpace):
    """The key space of one dry run: its members are in no list, and expire."""

    def __init__(self, import_id: str) -> None:
        self._prefix = f"DRY_RUN#{import_id}#"

    def key(self, row: MemberRow) -> Item:
        """Returns the key under which the row's member is created."""
        return self._moved(super().key(row))

    def creation(self, member: Member, origin: Origin) -> list[ConditionalWrite]:
        """Returns the writes that create a member."""
        until = int(time.time()) + KEPT_SECONDS
        writes = super().creation(member, origin)
        return [put_new(write.constraint, self._item(write.body["Item"], until)) for write in writes]

    def _item(self, item: Item, until: int) -> Item:
        """Returns an item as it is in this space until it expires, seconds since the epoch."""
        return {
            **{name: value for name, value in item.items() if name not in INDEX_KEYS},
            **self._moved(item),
            "client_member_id": {"S": member_key_of(item).client_member_id},
            "expires_at": {"N": str(until)},
        }

    def _moved(self, key: Item) -> Item:
        return {"pk": {"S": self._prefix + key["pk"]["S"]}, "sk": key["sk"]}


class DryRun(BulkWriter):
    """Judges the rows of one chunk; arguments and outcomes are those of BulkWriter."""

    def __init__(self, table: Table, import_id: str, mode: Mode, in_flight: int, **options: Any) -> None:
        super().__init__(table, import_id, mode, in_flight, **options, space=DryRunSpace(import_id))

    def write(self, rows: Sequence[MemberRow]) -> dict[int, Outcome]:
        """Returns the outcome of each row by line; created means that it would be. Raises Busy."""
        with ThreadPoolExecutor(self._in_flight) as pool:
            members = self._read_members(pool, rows)
            claims = self._read(pool, [claim_key(*row.phone) for row in rows])
        holders = {claimed_phone_key(claim): claim for claim in claims}
        for row in rows:
            outcome = self._clash(row, members, holders)
            if outcome:
                self._outcomes.setdefault(row.line, outcome)
        return super().write(rows)

    def _clash(
        self, row: MemberRow, members: Mapping[MemberKey, Item], holders: Mapping[PhoneKey, Item]
    ) -> Outcome | None:
        """Returns the outcome of a row whose values are in the table, else None."""
        if row.key in members:
            return existing_member_outcome(row, members[row.key], self._import_id)
        if row.phone in holders:
            return taken_outcome(PHONE, holder_of(holders[row.phone]), self._import_id)
        return None
