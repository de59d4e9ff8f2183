"""A table in memory for the settlement of rows."""

from collections import Counter
from collections.abc import Iterable

from chalicelib.clock import now
from chalicelib.dynamodb.items import Item, key_pair
from chalicelib.dynamodb.writes import ConditionalWrite
from chalicelib.imports.rows.member_row import MemberRow, encode_row
from chalicelib.imports.rows.outcomes import Outcome
from chalicelib.imports.rows.row_context import Mode, RowContext
from chalicelib.imports.writing.net_effect import MAX_BATCH_WRITES
from chalicelib.imports.writing.row_rules import row_rule
from chalicelib.imports.writing.settlement import Settlement
from chalicelib.members.history import Entry, entry_of
from chalicelib.members.items import from_item
from chalicelib.members.model import Member, MemberKey, NewMember, changed_member, new_member
from chalicelib.members.writes import alteration, creation
from tests.support.clock import SteppedTime
from tests.support.history import check_history

CLOCK = SteppedTime()  # of the writes to tables in memory


class MemoryTable:
    """Items by key, with the conditional writes of a batch."""

    def __init__(self, members: Iterable[NewMember] = ()) -> None:
        self.items: dict[tuple[str, str], Item] = {}
        self.reads = 0  # keys
        self.requests = 0
        for member in members:
            self._apply(creation(new_member(member)))
        _advance_clock()

    def read(self, keys: list[Item]) -> list[Item]:
        """Returns the items that exist under these keys."""
        assert len({key_pair(key) for key in keys}) == len(keys)
        self.reads += len(keys)
        self.requests += 1
        return [self.items[key_pair(key)] for key in keys if key_pair(key) in self.items]

    def entries(self, key: MemberKey) -> list[Entry]:
        """Returns the changes of the members under a key, newest first."""
        found = [entry for entry in self._history() if entry.key == key]
        return sorted(found, key=lambda entry: entry.position, reverse=True)

    def write(self, writes: Iterable[ConditionalWrite]) -> bool:
        """Applies all writes, or none where a condition fails."""
        writes = list(writes)
        assert len(writes) <= MAX_BATCH_WRITES
        assert all(count == 1 for count in Counter(write.key for write in writes).values())
        if not all(self._holds(write) for write in writes):
            return False
        _advance_clock()
        self._apply(writes)
        return True

    def _apply(self, writes: Iterable[ConditionalWrite]) -> None:
        for write in writes:
            if write.verb == "Put":
                self.items[write.key] = write.body["Item"]
            elif write.verb == "Update":  # of an entry of history
                values = write.body["ExpressionAttributeValues"]
                more = {"restored": values[":restored"], "restored_line": values[":line"]}
                self.items[write.key] = self.items[write.key] | more
            else:
                del self.items[write.key]

    def _holds(self, write: ConditionalWrite) -> bool:
        stored, body = self.items.get(write.key), write.body
        if body["ConditionExpression"] == "attribute_not_exists(pk)":
            return stored is None
        if write.verb == "Update":
            return stored is not None and "restored" not in stored
        expected = body["ExpressionAttributeValues"]
        return stored is not None and all(stored.get(name[1:]) == value for name, value in expected.items())

    def change_name(self, client_member_id: str, name: str) -> None:
        """Changes a member, if it exists, as a caller of the API does."""
        for key, item in list(self.items.items()):
            if key[0] == f"CLIENT#{client_member_id}":
                old = from_item(item)
                new = NewMember.of_valid(old.writable() | {"first_name": name})
                self.write(alteration(item, changed_member(old, new)))

    def members(self) -> dict[str, Member]:
        """Returns the members by client member id. Fails unless each has exactly the claim on its number."""
        items = {key: item for key, item in self.items.items() if key[0].startswith("CLIENT#")}
        claims = {key: item for key, item in self.items.items() if key[0].startswith("PHONE#")}
        found = {member.client_member_id: member for member in map(from_item, items.values())}
        holders = {key[0]: claim["client_member_id"]["S"] for key, claim in claims.items()}
        assert len(holders) == len(claims)
        assert holders == {f"PHONE#{member.phone_number}": name for name, member in found.items()}
        check_history(found.values(), self._history(), one_writer=True)
        return found

    def _history(self) -> list[Entry]:
        return [entry_of(item) for key, item in self.items.items() if key[0].startswith("HISTORY#")]


def _advance_clock() -> None:
    """A request takes longer than a tick of the clock: what it writes is later than what was written before."""
    before = now()
    CLOCK.step()
    assert now() > before, "tests with this table use the fixture table_clock"


def context(mode: Mode) -> RowContext:
    """Returns the context of a file that arrives now."""
    return RowContext("import", mode, now())


def settlement(table: MemoryTable, rows: Iterable[MemberRow], mode: Mode | RowContext) -> Settlement:
    """Returns the settlement of rows in a table."""
    of_file = context(mode) if isinstance(mode, str) else mode
    return Settlement(map(encode_row, rows), of_file, table.read, row_rule(of_file, table.entries))


def settle(table: MemoryTable, rows: Iterable[MemberRow], mode: Mode | RowContext) -> dict[int, Outcome]:
    """Settles rows in a table, and returns their outcomes by line, in the order in which they are settled."""
    outcomes: dict[int, Outcome] = {}
    for batch in settlement(table, rows, mode).batches():
        batch.failed = not table.write(batch.writes())
        if not batch.failed:
            outcomes |= {queued.line: outcome for queued, outcome in batch.settled}
    return outcomes
