"""Writes many members: 50 to a transaction, several transactions in flight, each row with its own outcome.

The result is that of writing the rows one by one in their order: rows that share a phone number or a client member
id are never in flight together, the later one waits for the earlier.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import chain

from chalicelib.dynamodb.items import Item, key_pair
from chalicelib.dynamodb.table import BATCH_GET_LIMIT, Table
from chalicelib.errors import Busy
from chalicelib.members.items import member_key, member_key_of, phone_key_of
from chalicelib.members.model import MemberKey, PhoneKey

from .batch import BATCH_SIZE, BatchWriter, MemberSpace, SettledRow, written_outcome
from .model import Mode
from .outcomes import KnownHolders, MemberRow, Outcome, missing_field_outcome

# Rows of a wave that wait for others; more would make scanning a dependency chain quadratic.
MAX_DEFERRED = 500
PREFETCH_SAMPLE = 10  # rows of a chunk whose members are read before a create


class BulkWriter:
    """Writes the rows of one chunk for one worker at a time. If the worker dies, another may start again.

    Rows go in waves. Rows of one wave share nothing: none affects the outcome of another, and a written row is
    recognised by its member, which stores its import and line. A later row may write over a member on which an
    earlier outcome relies: one that stores its row, or one whose phone number rejected a row. Before that,
    `save_checkpoint` gets all outcomes so far. `known` are the outcomes of an earlier attempt's checkpoint.
    """

    def __init__(
        self,
        table: Table,
        import_id: str,
        mode: Mode,
        in_flight: int,
        *,
        known: Mapping[int, Outcome] | None = None,
        save_checkpoint: Callable[[Mapping[int, Outcome]], None] = lambda _: None,
        space: MemberSpace | None = None,
    ) -> None:
        self._table = table
        self._import_id = import_id
        self._mode = mode
        self._in_flight = in_flight
        self._space = space or MemberSpace()
        self._batch_writer = BatchWriter(table, import_id, mode, self._space)
        self._holders = KnownHolders(import_id)
        self._outcomes = dict(known or {})
        self._save_checkpoint = save_checkpoint

    def write(self, rows: Sequence[MemberRow]) -> dict[int, Outcome]:
        """Writes the rows as if one after the other, and returns the outcomes by line.

        Raises Busy, with the outcomes so far in the checkpoint.
        """
        rows = [row for row in rows if row.line not in self._outcomes]
        with ThreadPoolExecutor(self._in_flight) as pool:
            stored = self._read_members(pool, rows) if self._must_prefetch(pool, rows) else {}
            if self._mode == "upsert":
                self._holders.add_phone_holders(stored.values())
            while rows:
                wave, rows = self._next_wave(rows, stored)
                if self._holders.relied_on and any(row.key in self._holders.relied_on for row in wave):
                    self._save_checkpoint(self._outcomes)
                batches = [wave[i : i + BATCH_SIZE] for i in range(0, len(wave), BATCH_SIZE)]
                write = partial(self._batch_writer.write, stored=stored, with_items=bool(rows))
                settled = self._settle([pool.submit(write, batch) for batch in batches])
                if rows:  # without further rows, nobody asks what was learnt
                    self._learn(wave, settled, stored)
        return self._outcomes

    def _settle(self, batches: Iterable[Future[list[SettledRow]]]) -> list[SettledRow]:
        """Returns the rows of all batches, once each has ended. Raises Busy, with those that were settled noted."""
        settled: list[SettledRow] = []
        busy: Busy | None = None
        for batch in batches:
            try:
                settled += batch.result()
            except Busy as error:
                busy = error
        self._outcomes.update((row.line, outcome) for row, outcome, _ in settled)
        if busy:
            self._save_checkpoint(self._outcomes)
            raise busy
        return settled

    def recall(self, rows: Sequence[MemberRow]) -> dict[int, Outcome]:
        """Returns the outcomes of the rows that an earlier attempt has settled. Writes nothing."""
        with ThreadPoolExecutor(self._in_flight) as pool:
            items = self._read(pool, (self._space.key(row) for row in rows))
        stored = {member_key_of(item): item for item in items}
        found = (
            (row.line, written_outcome(self._import_id, row, stored[row.key]))
            for row in rows
            if row.key in stored
        )
        return {line: outcome for line, outcome in found if outcome} | self._outcomes

    def _must_prefetch(self, pool: ThreadPoolExecutor, rows: Sequence[MemberRow]) -> bool:
        """Returns whether to read the members before they are written: always for an upsert.

        A create reads them if most of a sample exist: then the file was imported before, and each row costs a read
        instead of a refused write.
        """
        sample = rows[:PREFETCH_SAMPLE]
        existing = self._read_members(pool, sample) if self._mode == "create" else {}
        return self._mode == "upsert" or 2 * len(existing) > len(sample)

    def _next_wave(
        self, rows: Sequence[MemberRow], stored: Mapping[MemberKey, Item]
    ) -> tuple[list[MemberRow], list[MemberRow]]:
        """Returns (rows that share nothing, rows that wait for one of them or were not looked at).

        Rows that need no write get their outcome here.
        """
        wave: list[MemberRow] = []
        later: list[MemberRow] = []
        busy: set[tuple[str, MemberKey | PhoneKey]] = set()
        for seen, row in enumerate(rows):
            if len(later) == MAX_DEFERRED:
                return wave, [*later, *rows[seen:]]
            key = row.key
            needs: set[tuple[str, MemberKey | PhoneKey]] = {("member", key)}
            if row.member.phone_number:
                needs.add(("phone", row.phone))
            if self._mode == "upsert" and key in stored:  # the number that this row may free
                needs.add(("phone", phone_key_of(stored[key])))
            if busy & needs:
                later.append(row)
            elif known := self._known_outcome(row, stored):
                self._outcomes[row.line] = known
                self._holders.relied_on.add(key)
                continue
            else:
                wave.append(row)
            busy |= needs
        return wave, later

    def _known_outcome(self, row: MemberRow, stored: Mapping[MemberKey, Item]) -> Outcome | None:
        """Returns the outcome of a row that needs no write, else None."""
        if self._mode == "upsert" and row.key not in stored and row.missing_field:
            return missing_field_outcome(row)
        return self._holders.known_outcome(row, self._mode)

    def _learn(
        self, wave: Iterable[MemberRow], settled: Iterable[SettledRow], stored: dict[MemberKey, Item]
    ) -> None:
        """Takes in the outcomes of a wave, and updates `stored`."""
        self._holders.relied_on.update(row.key for row in wave)
        for row, outcome, item in settled:
            if item:
                self._holders.add_outcome(row, outcome, item, stored.get(row.key))
                if self._mode == "upsert" and outcome.outcome != "rejected":
                    stored[row.key] = item

    def _read_members(self, pool: ThreadPoolExecutor, rows: Iterable[MemberRow]) -> dict[MemberKey, Item]:
        """Returns the existing members of these rows."""
        keys = dict.fromkeys(row.key for row in rows)
        return {member_key_of(item): item for item in self._read(pool, (member_key(*key) for key in keys))}

    def _read(self, pool: ThreadPoolExecutor, keys: Iterable[Item]) -> list[Item]:
        """Returns the items that exist under these keys."""
        unique = list({key_pair(key): key for key in keys}.values())
        parts = [unique[i : i + BATCH_GET_LIMIT] for i in range(0, len(unique), BATCH_GET_LIMIT)]
        return list(chain.from_iterable(pool.map(self._table.batch_get, parts)))
