"""Removes the members of an account that the file of a sync does not name, several transactions at once."""

from collections.abc import Container, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.retries import MAX_ATTEMPTS
from chalicelib.dynamodb.table import Table
from chalicelib.dynamodb.writes import ConditionsFailed
from chalicelib.errors import Busy
from chalicelib.imports.rows.outcomes import CHANGED_SINCE, was_changed_since
from chalicelib.imports.rows.removal import NO_LINE, REMOVED
from chalicelib.imports.rows.row_context import RowContext
from chalicelib.members.history_repository import MemberHistory
from chalicelib.members.items import from_item, member_key, member_key_of
from chalicelib.members.model import MemberKey, Origin
from chalicelib.members.writes import deletion

GROUP_SIZE = 33  # members of one transaction: each is deleted with its claim, and recorded
GONE = "gone"  # the code of a member that somebody else has deleted or moved
NAMED = "named_since"  # by a newer file


class Remover:
    """Removes the members of one account; threads may share it.

    `named_since` are the members that newer files name. `repeated` says whether an earlier attempt may have removed
    some. With `kept_code` no more are removed: it says why.
    """

    def __init__(
        self,
        table: Table,
        context: RowContext,
        account_id: str,
        in_flight: int,
        named_since: Container[str] = (),
        *,
        repeated: bool = False,
        kept_code: str = "",
    ) -> None:
        self._table = table
        self._context = context
        self._account_id = account_id
        self._in_flight = in_flight
        self._named_since = named_since
        self._repeated = repeated
        self._kept_code = kept_code
        self._history = MemberHistory(table)

    @contextmanager
    def removing(self, ids: Sequence[str]) -> Iterator[Iterator[list[str]]]:
        """Yields an iterator over the codes of some members at a time, in their order: "" if it was removed.

        Iterating raises Busy. At the end, also an early one, no transaction is in flight any more.
        """
        groups = [ids[i : i + GROUP_SIZE] for i in range(0, len(ids), GROUP_SIZE)]
        with ThreadPoolExecutor(self._in_flight) as pool:
            futures = [pool.submit(self._remove, group) for group in groups]
            try:
                yield (future.result() for future in futures)
            finally:
                pool.shutdown(cancel_futures=True)

    def _remove(self, ids: Sequence[str]) -> list[str]:
        """Removes members that nobody has changed since the file arrived. Raises Busy."""
        for _ in range(MAX_ATTEMPTS):
            stored = self._read(ids)
            codes = {name: self._code(name, stored.get(name)) for name in ids}
            origin = str(Origin(self._context.import_id, NO_LINE, REMOVED, self._context.arrived_at))
            writes = [
                write
                for name, item in stored.items()
                if not codes[name]
                for write in deletion(item, self._context.by, origin, self._context.history_days)
            ]
            try:
                if writes:
                    self._table.write(writes)
                return list(codes.values())
            except ConditionsFailed:
                continue  # somebody has changed one of them: read all again
        raise Busy

    def _read(self, ids: Sequence[str]) -> dict[str, Item]:
        """Returns the members as they are in the table, by client member id."""
        items = self._table.batch_get([member_key(self._account_id, name) for name in ids])
        return {member_key_of(item).client_member_id: item for item in items}

    def _code(self, client_member_id: str, item: Item | None) -> str:
        """Returns why a member is kept, "" if it is to be removed, or was by an earlier attempt."""
        if client_member_id in self._named_since:
            return NAMED
        if item and self._kept_code:
            return self._kept_code
        if item:
            return CHANGED_SINCE if was_changed_since(item, from_item(item), self._context) else ""
        key = MemberKey(self._account_id, client_member_id)
        return "" if self._repeated and self._history.was_deleted(key, self._context.by) else GONE
