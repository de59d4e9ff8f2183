"""The sessions of users: started with a password, and ended by time, by the user, or by a new password."""

import secrets
import time
from collections.abc import Callable
from typing import NamedTuple

from chalicelib.dynamodb.table import Table
from chalicelib.errors import Forbidden, Unauthorized

from .credentials import bearer_text
from .items import SESSIONS, StoredSession, StoredUser, item_key, session_item
from .passwords import hash_secret, new_secret, verify_secret
from .permissions import Caller

SESSION_SECONDS, IDLE_SECONDS = 12 * 3600, 3600
MAX_SESSIONS = 20  # of one user
USE_INTERVAL_SECONDS = 300  # a use is written only this long after the last written one


class Session(NamedTuple):
    """A new session: the text to send as Bearer, and its end in seconds since the epoch."""

    text: str
    ends_at: int


class SessionRepository:
    """Starts, continues and ends sessions. The name of a session is `<user name>/<random>`."""

    def __init__(self, table: Table, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._clock = clock

    def start(self, caller: Caller) -> Session:
        """Starts a session, and ends the user's oldest ones past MAX_SESSIONS.

        Raises Forbidden unless a password authenticated the caller's request.
        """
        caller.require_password()
        self._end_oldest(caller.name)
        name = f"{caller.name}/{secrets.token_hex(8)}"
        secret, moment = new_secret(), self._clock()
        ends_at = int(moment) + SESSION_SECONDS
        session = StoredSession(
            hash_secret(secret), caller.credential_version, ends_at, moment + IDLE_SECONDS
        )
        self._table.add(session_item(name, session))
        return Session(bearer_text(SESSIONS, name, secret), ends_at)

    def _end_oldest(self, user: str) -> None:
        """Leaves one place among the sessions of a user."""
        found = self._table.query_all(
            KeyConditionExpression="pk = :pk AND begins_with(sk, :user)",
            ExpressionAttributeValues={":pk": {"S": SESSIONS}, ":user": {"S": f"{user}/"}},
            ConsistentRead=True,
        )
        oldest = sorted(found, key=lambda item: int(item["ends_at"]["N"]))
        for item in oldest[: -(MAX_SESSIONS - 1)]:
            self._table.delete(item_key(SESSIONS, item["sk"]["S"]))

    def resume(self, name: str, session: StoredSession, secret: str, user: StoredUser) -> None:
        """Checks a session of this user, and records its use. Raises Unauthorized for one that has ended."""
        moment = self._clock()
        if not verify_secret(secret, session.secret) or min(session.ends_at, session.idle_at) <= moment:
            raise Unauthorized
        if not user.active or user.credential_version != session.credential_version:
            raise Unauthorized
        if session.idle_at - moment < IDLE_SECONDS - USE_INTERVAL_SECONDS:
            self._table.update(
                item_key(SESSIONS, name),
                UpdateExpression="SET idle_at = :at",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeValues={":at": {"N": str(moment + IDLE_SECONDS)}},
            )

    def end(self, caller: Caller) -> None:
        """Ends the session that authenticated the caller's request. Raises Forbidden if none did."""
        if not caller.session:
            raise Forbidden(
                "This request has no session. Send the token of the session to end.", code="no_session"
            )
        self._table.delete(item_key(SESSIONS, caller.session))
