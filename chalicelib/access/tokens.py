"""The tokens of a deployment's machines."""

import time
from itertools import islice
from typing import NamedTuple

from chalicelib.clock import iso_time, now
from chalicelib.dynamodb.table import Table
from chalicelib.dynamodb.writes import ConditionalWrite, delete_if

from .credentials import bearer_text
from .history import OPERATOR, Change
from .items import TOKENS, StoredToken, item_key, stored_from_item, stored_item
from .model import NewToken, Token
from .passwords import hash_secret, new_secret
from .store import VERSION, AccessStore, not_found_error

DAY_SECONDS = 24 * 3600


class IssuedToken(NamedTuple):
    """A new token, and the text to send as Bearer, which is not stored."""

    token: Token
    text: str


class TokenRepository:
    """Reads, creates and revokes tokens."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._store = AccessStore(table)

    def get(self, name: str) -> Token:
        """Returns one token. Raises NotFound."""
        return self._store.get(StoredToken, name).without_secrets()

    def page(self, limit: int, after: str = "", created_by: str | None = None) -> list[Token]:
        """Returns at most `limit` tokens, sorted by name, from the first one after this name.

        With `created_by`, such as user:ann, those that this caller has created.
        """
        if created_by is None:
            found = self._store.page(StoredToken, limit, after)
        else:
            every = self._store.all(StoredToken, after)
            found = list(islice((token for token in every if token.created_by == created_by), limit))
        return [token.without_secrets() for token in found]

    def create(self, new: NewToken, by: str | None = None) -> IssuedToken:
        """Adds a token. Raises Conflict if its name exists, Invalid for an unknown group."""
        secret = new_secret()
        expires_at = time.time() + new.days * DAY_SECONDS
        token = StoredToken(
            **new.model_dump(exclude={"days"}),
            created_at=now(),
            created_by=by,
            expires_at=iso_time(int(expires_at * 1000)),
            last_used=None,
            secret=hash_secret(secret),
        )
        self._store.add(token, stored_item(token, expires_at=int(expires_at)), by or OPERATOR)
        return IssuedToken(token.without_secrets(), bearer_text(TOKENS, token.name, secret))

    def revoke(self, name: str, by: str = OPERATOR) -> None:
        """Deletes a token. Raises NotFound."""

        def decide() -> tuple[ConditionalWrite, Change]:
            key = item_key(TOKENS, name)
            item = self._table.get(key)
            if item is None:
                raise not_found_error("token")
            # Its uses change another attribute.
            write = delete_if(VERSION, key, {"expires_at": item["expires_at"]})
            return write, Change("token", name, stored_from_item(item, StoredToken), None)

        self._store.write(decide, by)
