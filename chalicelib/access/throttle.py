"""Counts wrong passwords, and throttles further attempts.

The count is by user name and network: a count by name alone would let anyone lock a user out. After FREE_ATTEMPTS
wrong passwords in a row, a network has one attempt per PAUSE_SECONDS for that user.
"""

import ipaddress
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.table import Table
from chalicelib.errors import TooManyAttempts

from .items import ATTEMPTS, item_key

FREE_ATTEMPTS = 5
PAUSE_SECONDS = 60  # as long as the gateway caches an answer of the authorizer
COUNT_SECONDS = 24 * 3600  # a count expires so long after its last attempt


class Attempt(NamedTuple):
    """One check of a password: the key of its count, and the `until` that reserves it, None for a free attempt."""

    key: Item
    reserved: Item | None


class PasswordThrottle:
    """The counts of one deployment. Each attempt calls `start`, and then either `fail` or `succeed`.

    These raise TooManyAttempts for a right and a wrong password alike, so that the answer does not tell them apart.
    """

    def __init__(self, table: Table, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._clock = clock

    def start(self, key: Item, count: Item | None) -> Attempt:
        """Starts an attempt. `count` is the item under the key of its count, None for no wrong passwords.

        After the free attempts, reserves the one attempt that is allowed in a pause.
        """
        if count is None or int(count["count"]["N"]) < FREE_ATTEMPTS:
            return Attempt(key, None)
        reserved = self._count(key, count["until"]) if float(count["until"]["N"]) <= self._clock() else None
        if reserved is None:
            raise self._too_many()
        return Attempt(key, reserved["until"])

    def fail(self, attempt: Attempt) -> None:
        """Counts a wrong password, unless `start` counted the attempt. Checks again for concurrent attempts."""
        counted = None if attempt.reserved else self._count(attempt.key)
        if counted and int(counted["count"]["N"]) > FREE_ATTEMPTS:
            raise self._too_many()

    def succeed(self, attempt: Attempt) -> None:
        """Deletes the count. Checks again for concurrent attempts, which may have used up the free ones."""
        deleted = self._table.delete(
            attempt.key,
            ConditionExpression="attribute_not_exists(pk) OR #count < :free OR #until = :reserved",
            ExpressionAttributeNames={"#count": "count", "#until": "until"},
            ExpressionAttributeValues={
                ":free": {"N": str(FREE_ATTEMPTS)},
                ":reserved": attempt.reserved or {"NULL": True},
            },
        )
        if deleted is None:
            raise self._too_many()

    def _too_many(self) -> TooManyAttempts:
        # The next attempt may be allowed sooner, but the gateway caches this answer for as long.
        return TooManyAttempts(self._clock() + PAUSE_SECONDS)

    def _count(self, key: Item, expected_until: Item | None = None) -> Item | None:
        """Counts an attempt and returns the new count and `until`; None if `until` is not the expected one."""
        moment = self._clock()
        values: Item = {
            ":one": {"N": "1"},
            ":until": {"N": str(moment + PAUSE_SECONDS)},
            ":expires": {"N": str(int(moment) + COUNT_SECONDS)},
        }
        condition: dict[str, Any] = {}
        if expected_until:
            values[":expected"] = expected_until
            condition = {"ConditionExpression": "#until = :expected"}
        return self._table.update(
            key,
            UpdateExpression="ADD #count :one SET #until = :until, expires_at = :expires",
            ExpressionAttributeNames={"#count": "count", "#until": "until"},
            ExpressionAttributeValues=values,
            ReturnValues="UPDATED_NEW",
            **condition,
        )


def attempts_key(name: str, source: str) -> Item:
    """Returns the key of the count for a user name and an IP address."""
    return item_key(ATTEMPTS, f"{name} {_network(source)}")


def _network(source: str) -> str:
    """Returns the network that one sender can use: the address, of IPv6 the /64; "" for a malformed address."""
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return ""
    return str(ipaddress.ip_network((address, 32 if address.version == 4 else 64), strict=False))
