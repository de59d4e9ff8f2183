"""The mode validate: what mode create would do to each row, without a write to any member.

A row meets the members in the table, which are only read, and the rows before it. Those leave their keys in a space
of the import's own, which the table clears away by itself after a day; so a clash is found however far apart two
rows stand, in a file of any size.
"""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from .bulk import Bulk
from .items import (
    Item,
    Key,
    Origin,
    claim_key,
    claimed,
    holder_of,
    in_trial,
    trial_key,
)
from .outcomes import Entry, Outcome, rejection, there
from .table import PHONE
from .transact import Leg, put_new

KEPT_SECONDS = 24 * 3600


class Trial(Bulk):
    """Judges the rows of one chunk of an import."""

    def write(self, entries: Sequence[Entry]) -> dict[int, Outcome]:
        """What would become of each row, by line: created means that it would be. Raises Busy."""
        with ThreadPoolExecutor(self._in_flight) as pool:
            members = self._stored(pool, entries)
            claims = self._read(pool, [claim_key(*entry.phone) for entry in entries])
        holders = {claimed(item): item for item in claims}
        for entry in entries:
            outcome = self._meets(entry, members, holders)
            if outcome:
                self._outcomes.setdefault(entry.line, outcome)
        return super().write(entries)

    def _meets(
        self, entry: Entry, members: Mapping[Key, Item], holders: Mapping[Key, Item]
    ) -> Outcome | None:
        """The outcome of a row that clashes with the table, or is in it, else None."""
        if entry.key in members:
            return there(entry, members[entry.key], self._import_id)
        if entry.phone in holders:
            return rejection(PHONE, holder_of(holders[entry.phone]), self._import_id)
        return None

    def _written_key(self, entry: Entry) -> Item:
        return trial_key(super()._written_key(entry), self._import_id)

    def _creation(self, entry: Entry, origin: Origin) -> list[Leg]:
        until = int(time.time()) + KEPT_SECONDS
        legs = super()._creation(entry, origin)
        return [put_new(leg.what, in_trial(leg.body["Item"], self._import_id, until)) for leg in legs]
