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
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from chalicelib.dynamodb.items import Item, key_of
from chalicelib.dynamodb.table import Table
from chalicelib.errors import KeyReused, StillRunning

KEPT_SECONDS = 24 * 3600
RUN_SECONDS = 35  # longer than a request can run: its function ends after 29 s (.chalice/config.json)
PART_SIZE = 350_000  # characters of a body in one item, which may have 400 kB
REQUEST = "REQUEST"  # sort key


class Reply(NamedTuple):
    """A response: its status, headers and body."""

    status: int
    headers: Mapping[str, str]
    body: str


class Attempt(NamedTuple):
    """A request that may run. `repeated` says that an earlier one with its key may have taken effect."""

    pk: str
    name: str
    repeated: bool


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
        name, now = secrets.token_hex(8), self._clock()
        values: Item = {
            ":request": {"S": fingerprint},
            ":name": {"S": name},
            ":until": {"N": str(now + RUN_SECONDS)},
            ":expires": {"N": str(int(now) + KEPT_SECONDS)},
            ":now": {"N": str(now)},
        }
        old = self._table.update(
            key_of(pk, REQUEST),
            UpdateExpression="SET #request = :request, #name = :name, #until = :until, expires_at = :expires "
            "REMOVE #status, headers, parts",
            ConditionExpression="attribute_not_exists(pk) OR expires_at <= :now OR "
            "(attribute_not_exists(#status) AND #until <= :now AND #request = :request)",
            ExpressionAttributeNames={f"#{one}": one for one in ("request", "name", "until", "status")},
            ExpressionAttributeValues=values,
            ReturnValues="ALL_OLD",
        )
        if old is not None:
            return Attempt(pk, name, bool(old) and int(old["expires_at"]["N"]) > now)
        return self._found(pk, name, fingerprint)

    def _found(self, pk: str, name: str, fingerprint: str) -> Attempt | Reply:
        """Returns the kept reply. Raises KeyReused, StillRunning."""
        item = self._table.get(key_of(pk, REQUEST))
        if item is None:
            raise StillRunning  # it ended without a reply just now
        if item["name"]["S"] == name:
            return Attempt(pk, name, repeated=False)  # the response to our own update was lost
        if item["request"]["S"] != fingerprint:
            raise KeyReused
        if "status" not in item:
            raise StillRunning
        parts = range(int(item["parts"]["N"]))
        texts = [(self._table.get(_part(pk, item["name"]["S"], n)) or {})["body"]["S"] for n in parts]
        body = zlib.decompress(base64.b85decode("".join(texts))).decode()
        return Reply(int(item["status"]["N"]), json.loads(item["headers"]["S"]), body)

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
            "SET #status = :status, headers = :headers, parts = :parts",
            {"#status": "status"},
            {
                ":status": {"N": str(reply.status)},
                ":headers": {"S": json.dumps(dict(reply.headers))},
                ":parts": {"N": str(len(parts))},
            },
        )

    def release(self, attempt: Attempt) -> None:
        """Lets the next request with the key take over at once: this one may or may not have taken effect."""
        self._update(attempt, "SET #until = :zero", {"#until": "until"}, {":zero": {"N": "0"}})

    def forget(self, attempt: Attempt) -> None:
        """Frees the key of an attempt that had no effect."""
        self._table.delete(key_of(attempt.pk, REQUEST), **_of_attempt(attempt, {}, {}))

    def _update(self, attempt: Attempt, update: str, names: dict[str, str], values: Item) -> None:
        self._table.update(
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
