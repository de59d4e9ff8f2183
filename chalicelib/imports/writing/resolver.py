"""Settles the deferred rows of an import: reads what they depend on, and writes batch after batch.

Each batch is one transaction with an item of its own, which holds the outcomes of its rows, and with the import's
counts. So after the death of a worker the next one knows which rows are settled, and two workers cannot both go on.
"""

import time
from collections.abc import Callable, Container, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import orjson

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.table import BATCH_GET_LIMIT, Table
from chalicelib.dynamodb.writes import ConditionsFailed, put_new
from chalicelib.errors import Busy
from chalicelib.imports.records.repository import detail_key
from chalicelib.imports.records.steps import IMPORT, KEPT_SECONDS, Stopped, add_counts
from chalicelib.imports.rows.outcomes import Outcome, count_outcomes, decode_outcomes, encode_outcomes
from chalicelib.imports.rows.row_context import RowContext
from chalicelib.members.items import claimed_phone_key
from chalicelib.members.model import MemberKey, PhoneKey

from .net_effect import Batch
from .row_rules import rule_of
from .settlement import Settlement

PREFIX = "RESOLVED#"  # of the sort keys of batches
BATCH = "batch"  # constraint: no other worker has written the batch with this number


class Resolver:
    """Settles the deferred rows of one import."""

    def __init__(self, table: Table, context: RowContext, in_flight: int) -> None:
        self._table = table
        self._context = context
        self._import_id = context.import_id
        self._in_flight = in_flight
        self._batches = 0  # that are written
        self.rings: list[list[int]] = []  # of these batches, see Batch.rings
        self._own_numbers: dict[MemberKey, str] = {}  # of the last one of these, see Batch.own_numbers
        self.adds_counts = not context.dry_run  # a dry run writes no batches, with which it could add them

    def settled(self) -> dict[int, Outcome]:
        """Returns the outcomes of the rows that are settled, by line, in the order in which they were."""
        found: dict[int, Outcome] = {}
        self._batches, self.rings = 0, []
        first = detail_key(self._import_id, PREFIX)
        for item in self._table.query_all(
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={":pk": first["pk"], ":prefix": first["sk"]},
        ):
            found |= decode_outcomes(item["outcomes"]["S"])
            self.rings += orjson.loads(item["rings"]["S"]) if "rings" in item else []
            own = orjson.loads(item["own_numbers"]["S"]) if "own_numbers" in item else []
            self._own_numbers = {MemberKey(*key): phone for *key, phone in own}
            self._batches += 1
        return found

    def resolve(
        self, rows: Iterable[bytes], freed: Container[PhoneKey] = ()
    ) -> Iterator[list[tuple[int, Outcome]]]:
        """Settles rows, and yields the outcomes of some at a time, by line. Raises Busy, Stopped.

        `freed` are the numbers that other rows or removals of a dry run would have freed by now. In a sync they will
        be free later: rows that wait for them are left.
        """
        with ThreadPoolExecutor(self._in_flight) as pool:
            written = not self._context.dry_run
            read, held = self._reader(pool, () if written else freed), freed if written else ()
            rule = rule_of(self._table, self._context)
            settlement = Settlement(
                rows, self._context, read, rule, held, written=written, own_numbers=self._own_numbers
            )
            for batch in settlement.batches():
                outcomes = [(queued.line, outcome) for queued, outcome in batch.settled]
                batch.failed = written and not self._write(batch, outcomes)
                if not batch.failed:
                    yield outcomes

    def _write(self, batch: Batch, outcomes: list[tuple[int, Outcome]]) -> bool:
        """Writes a batch, its outcomes and counts; returns False where another writer has changed an item."""
        counts = count_outcomes(outcome for _, outcome in outcomes)
        added = add_counts(self._import_id, counts, "status", "loading")
        try:
            self._table.write([*batch.writes(), put_new(BATCH, self._item(outcomes, batch)), added])
        except ConditionsFailed as error:
            if error.breaks(IMPORT):
                raise Stopped from None
            if error.breaks(BATCH):
                raise Busy from None
            return False
        self._batches += 1
        self.rings += batch.rings
        return True

    def _item(self, outcomes: list[tuple[int, Outcome]], batch: Batch) -> Item:
        """Returns the item of a batch."""
        item = {
            **detail_key(self._import_id, f"{PREFIX}{self._batches:08}"),
            "outcomes": {"S": encode_outcomes(outcomes).decode()},
            "expires_at": {"N": str(int(time.time()) + KEPT_SECONDS)},
        }
        own_numbers = [[*key, phone] for key, phone in batch.own_numbers.items()]
        more = {"rings": batch.rings, "own_numbers": own_numbers}
        return item | {name: {"S": orjson.dumps(one).decode()} for name, one in more.items() if one}

    def _reader(
        self, pool: ThreadPoolExecutor, freed: Container[PhoneKey]
    ) -> Callable[[list[Item]], Iterable[Item]]:
        def read(keys: list[Item]) -> Iterable[Item]:
            parts = [keys[i : i + BATCH_GET_LIMIT] for i in range(0, len(keys), BATCH_GET_LIMIT)]
            found = chain.from_iterable(pool.map(self._table.batch_get, parts))
            return (item for item in found if "phone_number" in item or claimed_phone_key(item) not in freed)

        return read
