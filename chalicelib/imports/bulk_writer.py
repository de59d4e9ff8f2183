"""Writing many members: 50 to a transaction, several transactions at once, each row with its own outcome.

A transaction with a bad row is refused whole and names the bad legs: those rows are judged by what stood in
their way, the others are written again. The result is that of writing the rows one by one in their order:
rows that share a phone number or a client member id never travel together, the later one waits for the earlier.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from typing import NamedTuple

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.retries import MAX_ATTEMPTS
from chalicelib.dynamodb.table import BATCH_GET_LIMIT, Table
from chalicelib.dynamodb.writes import ConditionalWrite, ConditionsFailed
from chalicelib.errors import Busy
from chalicelib.members.items import from_item, holder_of, member_key, member_key_of, origin_of, phone_key_of
from chalicelib.members.model import MemberKey, Origin, PhoneKey, changed_member, new_member
from chalicelib.members.writes import CLIENT_ID, PHONE, alteration, creation

from .model import Mode
from .outcomes import (
    KnownHolders,
    MemberRow,
    Outcome,
    existing_member_outcome,
    missing_field_outcome,
    rejection,
)

MAX_WRITES = 100  # DynamoDB's limit for one transaction
BATCH = MAX_WRITES // 2  # rows settled together: a new member takes two legs
MAX_DEFERRED = 500  # rows that wait for others; then the wave ends, or a chain takes quadratic time
PREFETCH_SAMPLE = 10  # rows of a chunk whose members are looked for before it is written


class Change(NamedTuple):
    """A row, the legs that write it, and the outcome it has when they are written."""

    entry: MemberRow
    outcome: str
    writes: list[ConditionalWrite]


Settled = tuple[MemberRow, Outcome, Item]  # a row, its outcome, what stands there now


class BulkWriter:
    """Writes the rows of one chunk of an import, for one worker at a time. Cut off anywhere, it may start again.

    Rows go in waves. Those of one wave share nothing: none changes what is true of another, and a written one is
    known by its member, which remembers it. A later one may write over a member on which an outcome rests: it
    remembers, or its number was refused. Before it does, `note` is given all outcomes so far, to be kept. `known`
    is what was kept of an earlier try; those rows are settled.
    """

    def __init__(
        self,
        table: Table,
        import_id: str,
        mode: Mode,
        in_flight: int,
        *,
        known: Mapping[int, Outcome] | None = None,
        note: Callable[[Mapping[int, Outcome]], None] | None = None,
    ) -> None:
        self._table = table
        self._import_id = import_id
        self._by = f"import:{import_id}"
        self._mode = mode
        self._in_flight = in_flight
        self._held = KnownHolders(import_id)
        self._outcomes = dict(known or {})
        self._note = note or (lambda _: None)

    def write(self, entries: Sequence[MemberRow]) -> dict[int, Outcome]:
        """Writes the rows, in effect one after the other, and says by line what became of each. Raises Busy."""
        entries = [entry for entry in entries if entry.line not in self._outcomes]
        with ThreadPoolExecutor(self._in_flight) as pool:
            stored = self._stored(pool, entries) if self._looks_first(pool, entries) else {}
            if self._mode == "upsert":
                self._held.meet(stored.values())
            while entries:
                now, entries = self._next_wave(entries, stored)
                if self._held.relied_on and any(entry.key in self._held.relied_on for entry in now):
                    self._note(self._outcomes)
                batches = [now[i : i + BATCH] for i in range(0, len(now), BATCH)]
                settle = partial(self._settle, stored=stored, shown=bool(entries))
                settled = list(chain.from_iterable(pool.map(settle, batches)))
                self._outcomes.update((entry.line, outcome) for entry, outcome, _ in settled)
                if entries:  # else nobody is left who could ask
                    self._learn(now, settled, stored)
        return self._outcomes

    def _learn(
        self, now: Iterable[MemberRow], settled: Iterable[Settled], stored: dict[MemberKey, Item]
    ) -> None:
        """Takes in what became of a wave, and brings what is `stored` up to date."""
        self._held.relied_on.update(entry.key for entry in now)
        for entry, outcome, item in settled:
            self._held.learn(entry, outcome, item, stored.get(entry.key))
            if self._mode == "upsert" and item and outcome.outcome != "rejected":
                stored[entry.key] = item

    def _looks_first(self, pool: ThreadPoolExecutor, entries: Sequence[MemberRow]) -> bool:
        """Whether to read the members before they are written.

        An upsert must. Where most of the first few are there already, the file was imported before: its rows then
        cost a read each, and not a write that is refused.
        """
        first = entries[:PREFETCH_SAMPLE]
        there = self._stored(pool, first) if self._mode == "create" else {}
        return self._mode == "upsert" or 2 * len(there) > len(first)

    def recall(self, entries: Sequence[MemberRow]) -> dict[int, Outcome]:
        """The outcomes of those rows that an earlier try has settled, without writing anything."""
        with ThreadPoolExecutor(self._in_flight) as pool:
            keys = [self._written_key(entry) for entry in entries]
            stored = {member_key_of(item): item for item in self._read(pool, keys)}
        before = ((e.line, self._done_before(e, stored[e.key])) for e in entries if e.key in stored)
        return {line: outcome for line, outcome in before if outcome} | self._outcomes

    def _written_key(self, entry: MemberRow) -> Item:
        """Where a row's member lies once it is written."""
        return member_key(*entry.key)

    def _next_wave(
        self, entries: Sequence[MemberRow], stored: Mapping[MemberKey, Item]
    ) -> tuple[list[MemberRow], list[MemberRow]]:
        """(rows that share nothing and can be written at once, rows that wait for one of those or were not seen)."""
        now: list[MemberRow] = []
        later: list[MemberRow] = []
        busy: set[tuple[str, MemberKey | PhoneKey]] = set()
        for seen, entry in enumerate(entries):
            if len(later) == MAX_DEFERRED:
                return now, [*later, *entries[seen:]]
            key = entry.key
            needs: set[tuple[str, MemberKey | PhoneKey]] = {("member", key)}
            if entry.member.phone_number:
                needs.add(("phone", entry.phone))
            if self._mode == "upsert" and key in stored:  # the number that this row may free
                needs.add(("phone", phone_key_of(stored[key])))
            if busy & needs:
                later.append(entry)
            elif known := self._known_outcome(entry, stored):
                self._outcomes[entry.line] = known
                self._held.relied_on.add(key)
                continue
            else:
                now.append(entry)
            busy |= needs
        return now, later

    def _known_outcome(self, entry: MemberRow, stored: Mapping[MemberKey, Item]) -> Outcome | None:
        """The outcome of a row that needs no write, by what the load has learnt, else None."""
        if self._mode == "upsert" and entry.key not in stored and entry.lacking:
            return missing_field_outcome(entry)
        return self._held.judge(entry, self._mode)

    def _stored(self, pool: ThreadPoolExecutor, entries: Iterable[MemberRow]) -> dict[MemberKey, Item]:
        """The members that these rows are about, those that exist."""
        keys = dict.fromkeys(entry.key for entry in entries)
        return {member_key_of(item): item for item in self._read(pool, [member_key(*key) for key in keys])}

    def _read(self, pool: ThreadPoolExecutor, keys: Iterable[Item]) -> list[Item]:
        """The items under these keys, those that exist."""
        unique = list({(key["pk"]["S"], key["sk"]["S"]): key for key in keys}.values())
        parts = [unique[i : i + BATCH_GET_LIMIT] for i in range(0, len(unique), BATCH_GET_LIMIT)]
        found = pool.map(self._table.batch_get, parts)
        return [item for items in found for item in items]

    def _changes(self, entries: Iterable[MemberRow], stored: Mapping[MemberKey, Item]) -> Iterator[Change]:
        """What has to be written; rows with nothing to write get their outcome here."""
        for entry in entries:
            change = self._change(entry, stored.get(entry.key) if stored else None)
            if isinstance(change, Outcome):
                self._outcomes[entry.line] = change
            else:
                yield change

    def _change(self, entry: MemberRow, item: Item | None) -> Change | Outcome:
        if item is None:
            if entry.lacking:
                return missing_field_outcome(entry)
            return Change(
                entry, "created", self._creation(entry, Origin(self._import_id, entry.line, "created"))
            )
        earlier = self._done_before(entry, item)
        if earlier:
            return earlier
        if self._mode != "upsert":
            return existing_member_outcome(entry, item, self._import_id)
        old = from_item(item)
        new = entry.over(old)
        if old.same_as(new):
            return Outcome("unchanged")
        origin = Origin(self._import_id, entry.line, "updated")
        return Change(entry, "updated", alteration(item, changed_member(old, new, self._by), str(origin)))

    def _creation(self, entry: MemberRow, origin: Origin) -> list[ConditionalWrite]:
        return creation(new_member(entry.member, self._by), str(origin))

    def _done_before(self, entry: MemberRow, item: Item) -> Outcome | None:
        """The outcome of this very row where an earlier try, cut off later on, has written it."""
        origin = origin_of(item)
        if origin and (origin.import_id, origin.line) == (self._import_id, entry.line):
            return Outcome(origin.outcome)
        return None

    def _settle(
        self, entries: Sequence[MemberRow], stored: Mapping[MemberKey, Item], *, shown: bool
    ) -> list[Settled]:
        """Writes one batch until each row of it is written or judged.

        A member that was written is shown only where that is asked for.
        """
        settled: list[Settled] = []
        together, waiting = list(self._changes(entries, stored)), list[Change]()
        if sum(len(change.writes) for change in together) > MAX_WRITES:
            together, waiting = _transaction(together)
        for _ in range(len(entries) + MAX_ATTEMPTS):
            if not together:
                return settled
            again = []
            try:
                self._table.write([write for change in together for write in change.writes])
                settled += [
                    (c.entry, Outcome(c.outcome), c.writes[0].body["Item"] if shown else {}) for c in together
                ]
            except ConditionsFailed as error:
                stored_by_key = {failed.write.key: failed.stored_item for failed in error.failed_writes}
                for change in together:
                    failed = {
                        write.constraint: stored_by_key[write.key]
                        for write in change.writes
                        if write.key in stored_by_key
                    }
                    verdict = self._judge(change.entry, failed) if failed else change
                    if isinstance(verdict, Change):
                        again.append(verdict)
                    else:
                        settled.append((change.entry, *verdict))
            together, waiting = _transaction(again + waiting)
        raise Busy

    def _judge(self, entry: MemberRow, failed: Mapping[str, Item]) -> tuple[Outcome, Item] | Change:
        """The outcome of a row by what stood in its way, or the change to try now that the member is another."""
        if list(failed) == [PHONE]:
            return rejection(PHONE, holder_of(failed[PHONE]), self._import_id), failed[PHONE]
        item = failed.get(CLIENT_ID)
        if self._mode == "upsert":  # what changed it since it was read is not shown by every leg
            item = self._table.get(member_key(*entry.key))
        change = self._change(entry, item)
        return change if isinstance(change, Change) else (change, item or {})


def _transaction(changes: Iterable[Change]) -> tuple[list[Change], list[Change]]:
    """(changes that one transaction may hold, the others).

    Rows of one batch share nothing when it is made. A member that someone else has changed since may need more
    legs than it did, and items that another row needs.
    """
    together: list[Change] = []
    others: list[Change] = []
    touched: set[tuple[str, str]] = set()
    for change in changes:
        keys = {write.key for write in change.writes}
        if touched & keys or len(touched) + len(keys) > MAX_WRITES:
            others.append(change)
        else:
            together.append(change)
            touched |= keys
    return together, others
