"""Who calls: passwords, tokens and sessions. A read of the table each time, and a write now and then or per password.

The text of a token or a session is `rollcall_<what it is under, in base64>.<secret>`: the first half finds it, and of
the second only the digest is stored.
"""

import base64
import binascii
import ipaddress
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from chalicelib.dynamodb.items import Item, key_pair
from chalicelib.dynamodb.table import Table
from chalicelib.errors import Forbidden, TooManyAttempts, Unauthorized

from . import passwords
from .grants import grants_of
from .items import GROUPS_KEY, TOKENS, USERS, StoredToken, StoredUser, entry_in, entry_key, groups_in
from .model import LONGEST_PASSWORD
from .permissions import Caller

SESSIONS, ATTEMPTS = "SESSIONS", "ATTEMPTS"
PREFIX = "rollcall_"
SESSION_SECONDS, IDLE_SECONDS = 12 * 3600, 3600
FREE_ATTEMPTS = 5  # wrong passwords in a row, after which one address has one attempt a minute at a user
PAUSE_SECONDS = 60  # as long as the gateway keeps an answer of the authorizer
FORGOTTEN_SECONDS = 24 * 3600  # wrong passwords older than this do not count
# A use is written down when the last one that was is so old.
LOGIN_WRITTEN_SECONDS, TOKEN_WRITTEN_SECONDS, SESSION_WRITTEN_SECONDS = 60, 600, 300


class Session(NamedTuple):
    """A new session: the text to send as Bearer, and its end (seconds of the epoch)."""

    text: str
    ends_at: int


class Authenticator:
    """The credentials of one deployment."""

    def __init__(self, table: Table, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._clock = clock

    def caller(self, header: str, source: str = "") -> Caller:
        """Who sends this Authorization header, Basic or Bearer, from this IP address.

        Raises Unauthorized, TooManyAttempts, Busy.
        """
        scheme, _, credentials = header.strip().partition(" ")
        if scheme.lower() == "basic":
            return self._by_password(*_basic(credentials.strip()), source)
        if scheme.lower() == "bearer":
            return self._by_secret(credentials.strip())
        raise Unauthorized

    # ---- Users

    def _by_password(self, name: str, password: str, source: str) -> Caller:
        # Counted by address too: else anyone could keep a user out by guessing.
        user_key, attempts_key = entry_key(USERS, name), entry_key(ATTEMPTS, f"{name} {_network(source)}")
        found = self._read(user_key, attempts_key, GROUPS_KEY)
        item, tried = found.get((USERS, name)), found.get(key_pair(attempts_key))
        turn = self._turn(attempts_key, tried)
        user = entry_in(item, StoredUser) if item else None
        right = passwords.verify_password(password, user.password if user else None)
        if user is None or not right or not user.active:
            self._fail(attempts_key, turn)
            raise Unauthorized(user.name if user else None)
        self._succeed(attempts_key, turn)
        self._used(user_key, "last_login", user.last_login, LOGIN_WRITTEN_SECONDS)
        grants = grants_of(user.groups, groups_in(found.get(key_pair(GROUPS_KEY))).by_name)
        return Caller(kind="user", name=user.name, grants=grants, epoch=user.epoch)

    def _turn(self, key: Item, tried: Item | None) -> Item | None:
        """After too many attempts one at a time has its turn, and none too soon: this one's, counted already.

        None while attempts are free. Raises TooManyAttempts.
        """
        if tried is None or int(tried["count"]["N"]) < FREE_ATTEMPTS:
            return None
        turn = self._count(key, tried["until"]) if float(tried["until"]["N"]) <= self._clock() else None
        if turn is None:
            raise self._too_many()
        return turn

    def _fail(self, key: Item, turn: Item | None) -> None:
        """Counts a wrong password. Raises TooManyAttempts where others, at the same time, were too many before it."""
        counted = None if turn else self._count(key)
        if counted and int(counted["count"]["N"]) > FREE_ATTEMPTS:
            raise self._too_many()

    def _succeed(self, key: Item, turn: Item | None) -> None:
        """Forgets the wrong passwords before this right one. Raises TooManyAttempts as `_fail` does.

        A right one among many wrong ones, all sent at once, would else show which it was.
        """
        forgotten = self._table.delete(
            key,
            ConditionExpression="attribute_not_exists(pk) OR #count < :free OR #until = :mine",
            ExpressionAttributeNames={"#count": "count", "#until": "until"},
            ExpressionAttributeValues={
                ":free": {"N": str(FREE_ATTEMPTS)},
                ":mine": turn["until"] if turn else {"NULL": True},
            },
        )
        if forgotten is None:
            raise self._too_many()

    def _too_many(self) -> TooManyAttempts:
        # The next attempt may be sooner, but the gateway would give this answer again.
        return TooManyAttempts(self._clock() + PAUSE_SECONDS)

    def _count(self, key: Item, seen: Item | None = None) -> Item | None:
        """Counts an attempt: the count and when the next may be; None where that is no longer what was `seen`."""
        moment = self._clock()
        only: dict[str, Any] = {"ConditionExpression": "#until = :seen"} if seen else {}
        return self._table.update(
            key,
            UpdateExpression="ADD #count :one SET #until = :until, expires_at = :expires",
            ExpressionAttributeNames={"#count": "count", "#until": "until"},
            ExpressionAttributeValues={
                ":one": {"N": "1"},
                ":until": {"N": str(moment + PAUSE_SECONDS)},
                ":expires": {"N": str(int(moment) + FORGOTTEN_SECONDS)},
                **({":seen": seen} if seen else {}),
            },
            ReturnValues="UPDATED_NEW",
            **only,
        )

    # ---- Tokens and sessions

    def _by_secret(self, text: str) -> Caller:
        identifier, _, secret = text.removeprefix(PREFIX).partition(".")
        try:
            padded = identifier + "=" * (-len(identifier) % 4)
            text_of_key = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
        except (ValueError, binascii.Error):
            raise Unauthorized from None
        kind, _, name = text_of_key.partition("/")
        if not (text.startswith(PREFIX) and secret and 0 < len(name) <= 2 * 64):
            raise Unauthorized
        if kind == TOKENS:
            return self._by_token(name, secret)
        if kind == SESSIONS:
            return self._by_session(name, secret)
        raise Unauthorized

    def _by_token(self, name: str, secret: str) -> Caller:
        key = entry_key(TOKENS, name)
        found = self._read(key, GROUPS_KEY)
        item = found.get(key_pair(key))
        token = entry_in(item, StoredToken) if item else None
        if token is None or not passwords.verify_secret(secret, token.secret):
            raise Unauthorized
        if _timestamp(token.expires_at) <= self._clock():
            raise Unauthorized
        self._used(key, "last_used", token.last_used, TOKEN_WRITTEN_SECONDS)
        grants = grants_of(token.groups, groups_in(found.get(key_pair(GROUPS_KEY))).by_name)
        return Caller(kind="token", name=token.name, grants=grants)

    def _by_session(self, name: str, secret: str) -> Caller:
        key = entry_key(SESSIONS, name)
        user_name = name.rpartition("/")[0]
        if not user_name:
            raise Unauthorized
        found = self._read(key, entry_key(USERS, user_name), GROUPS_KEY)
        item, user_item = found.get(key_pair(key)), found.get((USERS, user_name))
        if item is None or user_item is None or not passwords.verify_secret(secret, item["secret"]["S"]):
            raise Unauthorized
        user = entry_in(user_item, StoredUser)
        ends_at, idle_at, moment = int(item["ends_at"]["N"]), float(item["idle_at"]["N"]), self._clock()
        if min(ends_at, idle_at) <= moment or not user.active or user.epoch != int(item["epoch"]["N"]):
            raise Unauthorized
        if idle_at - moment < IDLE_SECONDS - SESSION_WRITTEN_SECONDS:
            self._table.update(
                key,
                UpdateExpression="SET idle_at = :at",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeValues={":at": {"N": str(moment + IDLE_SECONDS)}},
            )
        grants = grants_of(user.groups, groups_in(found.get(key_pair(GROUPS_KEY))).by_name)
        return Caller(kind="user", name=user.name, grants=grants, session=name, epoch=user.epoch)

    def begin(self, caller: Caller) -> Session:
        """A session for a user who has just sent a password. Raises Forbidden for whoever has not."""
        caller.require_password()
        name = f"{caller.name}/{secrets.token_hex(8)}"
        secret, moment = passwords.new_secret(), self._clock()
        ends_at = int(moment) + SESSION_SECONDS
        numbers = {
            "epoch": caller.epoch,
            "ends_at": ends_at,
            "expires_at": ends_at,
            "idle_at": moment + IDLE_SECONDS,
        }
        item = entry_key(SESSIONS, name) | {k: {"N": str(v)} for k, v in numbers.items()}
        self._table.add({**item, "secret": {"S": passwords.hash_secret(secret)}})
        return Session(token_text(SESSIONS, name, secret), ends_at)

    def end(self, caller: Caller) -> None:
        """Ends the caller's session. Raises Forbidden where it came without one."""
        if not caller.session:
            raise Forbidden("You are not in a session.", code="no_session")
        self._table.delete(entry_key(SESSIONS, caller.session))

    # ---- The table

    def _read(self, *keys: Item) -> Mapping[tuple[str, str], Item]:
        return {key_pair(item): item for item in self._table.batch_get(keys)}

    def _used(self, key: Item, attribute: str, last: str | None, seconds: float) -> None:
        """Writes down that somebody was here, unless that was done a moment ago, or the entry is gone."""
        moment = self._clock()
        if last and moment - _timestamp(last) < seconds:
            return
        stamp = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._table.update(
            key,
            UpdateExpression="SET #used = :now",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeNames={"#used": attribute},
            ExpressionAttributeValues={":now": {"S": stamp}},
        )


def token_text(kind: str, name: str, secret: str) -> str:
    """What a caller sends as Bearer."""
    identifier = base64.urlsafe_b64encode(f"{kind}/{name}".encode()).decode().rstrip("=")
    return f"{PREFIX}{identifier}.{secret}"


def _basic(credentials: str) -> tuple[str, str]:
    """(name, password) of Basic credentials. Raises Unauthorized for what can be nobody's."""
    try:
        text = base64.b64decode(credentials, validate=True).decode()
    except (ValueError, binascii.Error):
        raise Unauthorized from None
    name, colon, password = text.partition(":")
    if not (colon and 0 < len(name) <= 64 and name.isascii() and 0 < len(password) <= LONGEST_PASSWORD):
        raise Unauthorized
    return name, password


def _network(source: str) -> str:
    """The part of an IP address that its sender cannot change: of IPv6 everyone has 2^64 addresses."""
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return ""
    return str(ipaddress.ip_network((address, 32 if address.version == 4 else 64), strict=False))


def _timestamp(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
