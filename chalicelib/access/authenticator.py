"""Authenticates requests by password, token, session, or a token of single sign-on.

Each authentication is one read of the table. A password adds writes of its counts; a use is recorded at
intervals.
"""

import time
from collections.abc import Callable
from datetime import datetime

from chalicelib.clock import iso_time
from chalicelib.dynamodb.items import Item, key_pair
from chalicelib.dynamodb.table import Table
from chalicelib.errors import Unauthorized

from .credentials import PREFIX, parse_basic, parse_bearer
from .issuer import Issuer
from .items import (
    SESSIONS,
    TOKENS,
    USERS,
    StoredToken,
    StoredUser,
    item_key,
    session_from_item,
    stored_from_item,
)
from .made_up import FLOOD, MadeUpCredentials
from .networks import network_of
from .passwords import verify_password, verify_secret
from .permissions import Caller
from .sessions import SESSION_SECONDS, SessionRepository
from .store import AccessStore
from .throttle import PasswordThrottle

LOGIN_INTERVAL_SECONDS, TOKEN_INTERVAL_SECONDS = 60, 600  # a use is written only this long after the last one


class Authenticator:
    """Turns the Authorization header of a request into its caller.

    `verify` returns whether a password has a hash; for the hash None it takes as long, and returns False.
    Without an `issuer` there is no single sign-on.
    """

    def __init__(
        self,
        table: Table,
        sessions: SessionRepository,
        throttle: PasswordThrottle,
        clock: Callable[[], float] = time.time,
        verify: Callable[[str, str | None], bool] = verify_password,
        *,
        issuer: Issuer | None = None,
    ) -> None:
        self._table = table
        self._sessions = sessions
        self._throttle = throttle
        self._clock = clock
        self._verify = verify
        self._issuer = issuer
        self._made_up = MadeUpCredentials(table, clock, max(FLOOD, throttle.per_second))

    def authenticate(self, header: str, source: str = "") -> Caller:
        """Returns the caller for an Authorization header, Basic or Bearer, from this IP address.

        Tokens that are not Rollcall's own are the issuer's.

        Raises Unauthorized, TooManyAttempts, Busy.
        """
        scheme, _, credentials = header.strip().partition(" ")
        if scheme.lower() == "basic":
            return self._by_password(*parse_basic(credentials.strip()), source)
        if scheme.lower() != "bearer":
            raise Unauthorized
        text = credentials.strip()
        if self._issuer and not text.startswith(PREFIX):
            return self._by_issuer(text, self._issuer)
        kind, name, secret = parse_bearer(text)
        self._made_up.check(kind, name, secret)
        if kind == TOKENS:
            return self._by_token(name, secret)
        if kind == SESSIONS:
            return self._by_session(name, secret)
        raise Unauthorized

    def _by_password(self, name: str, password: str, source: str) -> Caller:
        attempt = self._throttle.attempt(name, network_of(source))
        user_key = item_key(USERS, name)
        found = self._read(user_key, *attempt.keys)
        self._throttle.start(attempt, found)
        item = found.get(key_pair(user_key))
        user = stored_from_item(item, StoredUser) if item else None
        matches = self._verify(password, user.password if user else None)
        if user is None or not matches or not user.active:
            raise Unauthorized(user.name if user else None)
        self._throttle.succeed(attempt)
        self._record_use(user_key, "last_login", user.last_login, LOGIN_INTERVAL_SECONDS)
        return _user_caller(user, int(self._clock()))

    def _by_token(self, name: str, secret: str) -> Caller:
        key = item_key(TOKENS, name)
        item = self._read(key).get(key_pair(key))
        token = stored_from_item(item, StoredToken) if item else None
        if token is None or not verify_secret(secret, token.secret):
            raise self._made_up.refusal()
        if _timestamp(token.expires_at) <= self._clock():
            raise Unauthorized
        self._record_use(key, "last_used", token.last_used, TOKEN_INTERVAL_SECONDS)
        return Caller(kind="token", name=token.name, groups=token.groups)

    def _by_session(self, name: str, secret: str) -> Caller:
        user_name = name.rpartition("/")[0]
        if not user_name:
            raise Unauthorized
        keys = item_key(SESSIONS, name), item_key(USERS, user_name)
        found = self._read(*keys)
        item, user_item = (found.get(key_pair(key)) for key in keys)
        session = session_from_item(item) if item else None
        if session is None or user_item is None or not verify_secret(secret, session.secret):
            raise self._made_up.refusal()
        user = stored_from_item(user_item, StoredUser)
        self._sessions.resume(name, session, secret, user)
        return _user_caller(user, session.ends_at - SESSION_SECONDS, session=name)

    def _by_issuer(self, token: str, issuer: Issuer) -> Caller:
        from .single_sign_on import SingleSignOn  # with the library of signatures, which others do not need

        return SingleSignOn(issuer, AccessStore(self._table).groups, self._clock).authenticate(token)

    def _read(self, *keys: Item) -> dict[tuple[str, str], Item]:
        """Returns the items under these keys that exist, by key."""
        return {key_pair(item): item for item in self._table.batch_get(keys)}

    def _record_use(self, key: Item, attribute: str, last: str | None, interval: float) -> None:
        """Writes the time of a use, unless the last one is within the interval or the item is deleted."""
        moment = self._clock()
        if last and moment - _timestamp(last) < interval:
            return
        self._table.update(
            key,
            UpdateExpression="SET #used = :now",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeNames={"#used": attribute},
            ExpressionAttributeValues={":now": {"S": iso_time(int(moment * 1000))}},
        )


def _user_caller(user: StoredUser, password_at: int, session: str | None = None) -> Caller:
    return Caller(
        kind="user",
        name=user.name,
        groups=user.groups,
        session=session,
        credential_version=user.credential_version,
        password_at=password_at,
    )


def _timestamp(moment: str) -> float:
    """Returns an ISO 8601 time as seconds since the epoch."""
    return datetime.fromisoformat(moment).timestamp()
