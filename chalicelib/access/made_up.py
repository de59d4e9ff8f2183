"""Refuses made-up tokens and sessions without a read each, while many are sent.

A read keeps a function busy for some milliseconds, so a flood of them would take an account's concurrent executions.
While it lasts, a process compares credentials with all that there are, which it reads once in some seconds.
"""

from collections.abc import Callable, Iterator

from chalicelib.dynamodb.table import Table
from chalicelib.errors import Unauthorized

from .items import SESSIONS, TOKENS, secret_of
from .passwords import verify_secret
from .refusal_lines import RefusalLines

FLOOD = 20  # refusals of a process in a second, each after a read, or as many as passwords; more are a flood
FLOOD_SECONDS = 60  # for which credentials are then compared
KNOWN_SECONDS = 10  # for which a process uses what it has read; it refuses newer credentials


class MadeUpCredentials:
    """The tokens and sessions that one process refuses: more than `flood` in a second are a flood.

    `clock` returns seconds since the epoch.
    """

    def __init__(self, table: Table, clock: Callable[[], float], flood: int = FLOOD) -> None:
        self._table = table
        self._clock = clock
        self._flood = flood
        self._refused = (0, 0)  # a second, and how many in it
        self._flood_ends_at = self._read_at = float("-inf")
        self._known: dict[tuple[str, str], str] = {}  # the stored secret by kind and name
        self._lines = RefusalLines()

    def check(self, kind: str, name: str, secret: str) -> None:
        """Raises Unauthorized for a credential that does not exist. Knows that in a flood only."""
        moment = self._clock()
        if moment >= self._flood_ends_at:
            return
        if moment - self._read_at >= KNOWN_SECONDS:
            self._known, self._read_at = dict(self._read()), moment
        stored = self._known.get((kind, name))
        if stored is None or not verify_secret(secret, stored):
            raise Unauthorized(to_log=self._lines.count(flood=True))

    def refusal(self) -> Unauthorized:
        """Returns the error for a credential that was looked up in vain. Many in a second are a flood."""
        moment = self._clock()
        second, count = self._refused
        self._refused = (int(moment), count + 1 if second == int(moment) else 1)
        if self._refused[1] > self._flood:
            self._flood_ends_at = moment + FLOOD_SECONDS
        return Unauthorized(to_log=self._lines.count(flood=False))

    def _read(self) -> Iterator[tuple[tuple[str, str], str]]:
        for kind in (TOKENS, SESSIONS):
            items = self._table.query_all(
                KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": kind}}
            )
            yield from (((kind, item["sk"]["S"]), secret_of(item)) for item in items)
