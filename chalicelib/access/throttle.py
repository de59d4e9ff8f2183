"""Limits how many passwords are checked, each of which takes 0.1 to 0.2 s of CPU.

Counted are wrong passwords of a network for a user (by user alone anyone could lock a user out), those of a network
for all users, and all passwords of a second. A password is counted before it is checked, so that the limits hold
for concurrent ones too; the right ones are taken off the first two counts. What a full count refuses, the process
refuses again without a request to the table.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from chalicelib.dynamodb.items import Item, key_pair
from chalicelib.dynamodb.table import Table
from chalicelib.errors import TooManyAttempts

from .items import attempts_key
from .refusal_lines import RefusalLines

WINDOW_SECONDS = 300
USER_ATTEMPTS, NETWORK_ATTEMPTS = 5, 30  # wrong passwords of a network in a window: for one user, and for all
ALL = "ALL"  # the place of the count of all passwords in a second
KEPT_SECONDS = 3600  # of a count, after its period
CACHED_SECONDS = 60  # for which the gateway caches a refusal
FLOOD = 5  # refusals of a process in a minute; more are a flood
MAX_REMEMBERED = 10_000  # full counts that a process remembers


class Attempt(NamedTuple):
    """One check of a password: who it is for, and the counts of its network and of its second."""

    name: str
    network: Item
    second: Item

    @property
    def keys(self) -> list[Item]:
        """The keys of the counts."""
        return [self.network, self.second]


class PasswordThrottle:
    """The counts of one deployment. Each attempt calls `attempt`, `start`, and then `succeed` if it was right.

    These raise TooManyAttempts for a right and a wrong password alike, so that the answer does not tell them apart.
    `per_second` passwords of all callers are checked in a second, which bounds the functions that are busy with them.
    """

    def __init__(self, table: Table, per_second: int, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self.per_second = per_second
        self._clock = clock
        self._full: dict[tuple[str, ...], float] = {}  # until when, by count
        self._refused = (0, 0)  # a minute, and how many in it
        self._lines = RefusalLines()

    def attempt(self, name: str, network: str) -> Attempt:
        """Returns an attempt. Raises TooManyAttempts where one of its counts is known to be full."""
        moment = self._clock()
        window = attempts_key(network, int(moment // WINDOW_SECONDS))
        attempt = Attempt(name, window, attempts_key(ALL, int(moment)))
        for full in (*map(key_pair, attempt.keys), (*key_pair(window), name)):
            if (until := self._full.get(full, 0)) > moment:
                raise self._refusal(until)
        return attempt

    def start(self, attempt: Attempt, found: Mapping[tuple[str, str], Item]) -> None:
        """Counts an attempt. `found` are the items under the keys of its counts. Raises TooManyAttempts."""
        moment, network, second = self._clock(), key_pair(attempt.network), key_pair(attempt.second)
        window_end = (int(network[1]) + 1) * WINDOW_SECONDS
        counts = found.get(network, {})
        if _number(counts, "all") >= NETWORK_ATTEMPTS:
            raise self._remember(network, window_end)
        if _number(counts, _counter(attempt.name)) >= USER_ATTEMPTS:
            raise self._remember((*network, attempt.name), window_end)
        full = _number(found.get(second, {}), "all") >= self.per_second
        if full or not self._count(attempt.second, {"#all": self.per_second}, {"#all": "all"}):
            raise self._remember(second, moment + 1)
        limits = {"#all": NETWORK_ATTEMPTS, "#user": USER_ATTEMPTS}
        if not self._count(attempt.network, limits, {"#all": "all", "#user": _counter(attempt.name)}):
            raise self._refusal(window_end)  # concurrent ones have filled it

    def succeed(self, attempt: Attempt) -> None:
        """Takes a right password off the counts of its network: it was no guess."""
        self._table.update(
            attempt.network,
            UpdateExpression="ADD #all :minus REMOVE #user",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeNames={"#all": "all", "#user": _counter(attempt.name)},
            ExpressionAttributeValues={":minus": {"N": "-1"}},
        )

    def _count(self, key: Item, limits: Mapping[str, int], names: Mapping[str, str]) -> bool:
        """Adds one to each of these numbers of an item, unless one is at its limit; returns whether it did."""
        values: dict[str, Any] = {f":{name[1:]}": {"N": str(limit)} for name, limit in limits.items()}
        added = ", ".join(f"{name} :one" for name in limits)
        expires_at = int(self._clock()) + WINDOW_SECONDS + KEPT_SECONDS
        counted = self._table.update(
            key,
            UpdateExpression=f"ADD {added} SET expires_at = :expires",
            ConditionExpression=" AND ".join(
                f"(attribute_not_exists({name}) OR {name} < :{name[1:]})" for name in limits
            ),
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={**values, ":one": {"N": "1"}, ":expires": {"N": str(expires_at)}},
        )
        return counted is not None

    def _remember(self, full: tuple[str, ...], until: float) -> TooManyAttempts:
        if len(self._full) >= MAX_REMEMBERED:
            self._full.clear()
        self._full[full] = until
        return self._refusal(until)

    def _refusal(self, until: float) -> TooManyAttempts:
        moment = self._clock()
        minute, count = self._refused
        self._refused = (int(moment // 60), count + 1 if minute == moment // 60 else 1)
        flood = self._refused[1] > FLOOD
        to_log = self._lines.count(flood=flood)
        # The next attempt may be allowed sooner, but the gateway caches this answer.
        return TooManyAttempts(max(until, moment + CACHED_SECONDS), flood=flood, to_log=to_log)


def _counter(name: str) -> str:
    """Returns the attribute that counts the passwords for a user."""
    return f"user {name}"


def _number(item: Mapping[str, Any], name: str) -> int:
    return int(item[name]["N"]) if name in item else 0
