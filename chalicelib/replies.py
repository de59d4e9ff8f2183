"""Replies to requests that carry an Idempotency-Key: a repeated request gets the reply of the first one.

A request that dies may have taken effect. So its key is noted before it runs; a later request with the key takes over
when no function can still be at work on it.
"""

import base64
import hashlib
import json
import secrets
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from chalicelib.dynamodb.items import Item, key_of
from chalicelib.dynamodb.table import Table
from chalicelib.errors import KeyReused, StillRunning
from chalicelib.timed_ids import timed_id

KEPT_SECONDS = 24 * 3600
RUN_SECONDS = 35  # longer than a request can run: its function ends after 29 s (.chalice/config.json)
PART_SIZE = 350_000  # characters of a body in one item, which may have 400 kB
REQUEST = "REQUEST"  # sort key


class Reply(NamedTuple):
    """A response: its status, headers and body, and the hashes of the members that it shows."""

    status: int
    headers: Mapping[str, str]
    body: str
    members: Sequence[str] = ()


class Attempt(NamedTuple):
    """A request that may run. `first_at` is when the first one with its key started, in seconds since the epoch.

    `repeated` says that an earlier one may have taken effect.
    """

    pk: str
    name: str
    first_at: int
    repeated: bool = False

    def new_id(self) -> str:
        """Returns the id for what the request starts: that of the first request with its key."""
        return timed_id(datetime.fromtimestamp(self.first_at, UTC), hashlib.sha256(self.pk.encode()).digest())


class Replies:
    """The kept replies in one table."""

    def __init__(self, table: Table, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._clock = clock

    def begin(self, caller: str, key: str, fingerprint: str) -> Attempt | Reply:
        """Returns the reply to the first request of a caller with a key, or the attempt to make it.

        `fingerprint` tells requests apart. Raises KeyReused for another request, StillRunning.
        """
        pk = "REPLY#" + hashlib.sha256(f"{caller}\0{key}".encode()).hexdigest()
        now = self._clock()
        attempt = Attempt(pk, secrets.token_hex(8), int(now))
        if self._is_first(attempt, fingerprint, now):
            return attempt
        item = self._table.get(key_of(pk, REQUEST))
        if item is None:
            raise StillRunning  # it ended without a reply just now
        if item["name"]["S"] == attempt.name:
            return attempt  # the response to our own update was lost
        if item["request"]["S"] != fingerprint:
            raise KeyReused
        if "status" in item:
            return self._kept(item)
        return self._take_over(item, attempt, now)

    def _is_first(self, attempt: Attempt, fingerprint: str, now: float) -> bool:
        """Notes an attempt, and returns whether no other request has its key."""
        noted = self._table.update(
            key_of(attempt.pk, REQUEST),
            UpdateExpression="SET #request = :request, #name = :name, first_at = :first, #until = :until, "
            "expires_at = :expires REMOVE #status, headers, parts, members",
            ConditionExpression="attribute_not_exists(pk) OR expires_at <= :now",
            ExpressionAttributeNames={f"#{one}": one for one in ("request", "name", "until", "status")},
            ExpressionAttributeValues={
                ":request": {"S": fingerprint},
                ":name": {"S": attempt.name},
                ":first": {"N": str(attempt.first_at)},
                ":until": {"N": str(now + RUN_SECONDS)},
                ":expires": {"N": str(attempt.first_at + KEPT_SECONDS)},
                ":now": {"N": str(now)},
            },
        )
        return noted is not None

    def _take_over(self, item: Item, attempt: Attempt, now: float) -> Attempt:
        """Returns the attempt of a request whose first one has died. Raises StillRunning."""
        dead = Attempt(attempt.pk, item["name"]["S"], int(item["first_at"]["N"]))
        values = {":other": {"S": attempt.name}, ":until": {"N": str(now + RUN_SECONDS)}}
        update = "SET #name = :other, #until = :until"
        if float(item["until"]["N"]) > now or self._update(dead, update, {"#until": "until"}, values) is None:
            raise StillRunning
        return Attempt(attempt.pk, attempt.name, dead.first_at, repeated=True)

    def _kept(self, item: Item) -> Reply:
        """Returns the reply of the attempt in an item."""
        keys = (_part(item["pk"]["S"], item["name"]["S"], n) for n in range(int(item["parts"]["N"])))
        texts = [(self._table.get(key) or {})["body"]["S"] for key in keys]
        body = zlib.decompress(base64.b85decode("".join(texts))).decode()
        members = tuple(json.loads(item["members"]["S"])) if "members" in item else ()
        return Reply(int(item["status"]["N"]), json.loads(item["headers"]["S"]), body, members)

    def keep(self, attempt: Attempt, reply: Reply) -> None:
        """Keeps the reply that an attempt has made, for a day."""
        text = base64.b85encode(zlib.compress(reply.body.encode())).decode()
        parts = [text[i : i + PART_SIZE] for i in range(0, len(text), PART_SIZE)]
        for number, part in enumerate(parts):
            self._table.update(
                _part(attempt.pk, attempt.name, number),
                UpdateExpression="SET body = :body, expires_at = :expires",
                ExpressionAttributeValues={
                    ":body": {"S": part},
                    # Later than the item that refers to it.
                    ":expires": {"N": str(int(self._clock()) + KEPT_SECONDS + RUN_SECONDS)},
                },
            )
        self._update(
            attempt,
            "SET #status = :status, headers = :headers, parts = :parts, members = :members",
            {"#status": "status"},
            {
                ":status": {"N": str(reply.status)},
                ":headers": {"S": json.dumps(dict(reply.headers))},
                ":parts": {"N": str(len(parts))},
                ":members": {"S": json.dumps(reply.members)},
            },
        )

    def release(self, attempt: Attempt) -> None:
        """Lets the next request with the key take over at once: this one may or may not have taken effect."""
        self._update(attempt, "SET #until = :zero", {"#until": "until"}, {":zero": {"N": "0"}})

    def forget(self, attempt: Attempt) -> None:
        """Frees the key of an attempt that had no effect."""
        self._table.delete(key_of(attempt.pk, REQUEST), **_of_attempt(attempt, {}, {}))

    def _update(self, attempt: Attempt, update: str, names: dict[str, str], values: Item) -> Item | None:
        """Updates the item of an attempt; returns None if another request has taken over."""
        return self._table.update(
            key_of(attempt.pk, REQUEST), UpdateExpression=update, **_of_attempt(attempt, names, values)
        )


def _of_attempt(attempt: Attempt, names: dict[str, str], values: Item) -> dict[str, Any]:
    """Returns the condition that no other request has taken over, and the names and values of its request."""
    return {
        "ConditionExpression": "#name = :name",
        "ExpressionAttributeNames": {**names, "#name": "name"},
        "ExpressionAttributeValues": {**values, ":name": {"S": attempt.name}},
    }


def _part(pk: str, name: str, number: int) -> Item:
    """Returns the key of a part of the body that an attempt has made."""
    return key_of(pk, f"BODY#{name}#{number}")
