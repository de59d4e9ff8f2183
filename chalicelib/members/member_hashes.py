"""Keyed hashes of the ids of members, for logs: who holds an id finds its lines, and nobody reads ids from them."""

import hmac
import secrets
from collections.abc import Iterable
from functools import cached_property

from chalicelib.dynamodb.items import key_of
from chalicelib.dynamodb.table import Table

KEY = key_of("SETTINGS", "MEMBER_HASHES")
HASH_BYTES = 12  # of a line; two of a billion members share one with a probability of 1 in 10^11


class MemberHashes:
    """The hashes of one deployment. Their key is in its table, from the first use on."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def of(self, member_ids: Iterable[str]) -> list[str]:
        """Returns the hash of each id, in hex. Raises Busy."""
        found = []
        for member_id in member_ids:
            one = self._start.copy()  # half the time of a new one
            one.update(member_id.encode())
            found.append(one.hexdigest()[: 2 * HASH_BYTES])
        return found

    @cached_property
    def _start(self) -> hmac.HMAC:
        """The start of each hash: HMAC-SHA256 with a key of 256 random bits."""
        item = self._table.get(KEY)
        if item is None:
            item = {**KEY, "secret": {"S": secrets.token_hex(32)}}
            if not self._table.add(item):  # another process has
                item = self._table.get(KEY) or item
        return hmac.new(bytes.fromhex(item["secret"]["S"]), digestmod="sha256")
