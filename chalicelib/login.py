"""Who calls: passwords, tokens and sessions. One request to the table each time, and a write now and then.

The text of a token or a session is `rollcall_<what it is under, in base64>.<secret>`: the first half finds it, and of
the second only the digest is stored.
"""

import base64
import binascii
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from . import passwords
from .access import LONGEST_PASSWORD, Caller, grants_of
from .entries import (
    GROUPS_KEY,
    TOKENS,
    USERS,
    StoredToken,
    StoredUser,
    entry_in,
    entry_key,
    groups_in,
)
from .errors import Forbidden, TooManyAttempts, Unauthorized
from .items import Item
from .listing import batch_get
from .transact import calm

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SESSIONS, ATTEMPTS = "SESSIONS", "ATTEMPTS"
PREFIX = "rollcall_"
SESSION_SECONDS, IDLE_SECONDS = 12 * 3600, 3600
FREE_ATTEMPTS = 5  # wrong passwords in a row, after which a user has one attempt a minute
PAUSE_SECONDS = 60  # as long as the gateway keeps an answer of the authorizer
FORGOTTEN_SECONDS = 24 * 3600  # wrong passwords older than this do not count
# A use is written down when the last one that was is so old.
LOGIN_WRITTEN_SECONDS, TOKEN_WRITTEN_SECONDS, SESSION_WRITTEN_SECONDS = 60, 600, 300


class Session(NamedTuple):
    """A new session: the text to send as Bearer, and its end (seconds of the epoch)."""

    text: str
    ends_at: int


class Login:
    """The credentials of one deployment."""

    def __init__(
        self, client: "DynamoDBClient", table_name: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._client = client
        self._table_name = table_name
        self._clock = clock

    def caller(self, header: str) -> Caller:
        """Who sends this Authorization header, Basic or Bearer. Raises Unauthorized, TooManyAttempts, Busy."""
        scheme, _, credentials = header.strip().partition(" ")
        if scheme.lower() == "basic":
            return self._by_password(*_basic(credentials.strip()))
        if scheme.lower() == "bearer":
            return self._by_secret(credentials.strip())
        raise Unauthorized

    # ---- Users

    def _by_password(self, name: str, password: str) -> Caller:
        user_key, attempts_key = entry_key(USERS, name), entry_key(ATTEMPTS, name)
        found = self._read(user_key, attempts_key, GROUPS_KEY)
        item, tried = found.get((USERS, name)), found.get((ATTEMPTS, name))
        counted = self._may_try(attempts_key, tried)
        user = entry_in(item, StoredUser) if item else None
        right = passwords.matches(password, user.password if user else None)
        if user is None or not right or not user.active:
            if not counted:
                self._count(attempts_key)
            raise Unauthorized
        if tried:
            with calm():
                self._client.delete_item(TableName=self._table_name, Key=attempts_key)
        self._used(user_key, "last_login", user.last_login, LOGIN_WRITTEN_SECONDS)
        grants = grants_of(user.groups, groups_in(found.get(_pair(GROUPS_KEY))).by_name)
        return Caller(kind="user", name=user.name, grants=grants, epoch=user.epoch)

    def _may_try(self, key: Item, tried: Item | None) -> bool:
        """Whether this attempt was counted already: after too many, one at a time may try, and none too soon.

        Raises TooManyAttempts.
        """
        moment = self._clock()
        if tried is None or int(tried["count"]["N"]) < FREE_ATTEMPTS:
            return False
        until = float(tried["until"]["N"])
        if until > moment or not self._count(key, tried["until"]):
            raise TooManyAttempts(moment + PAUSE_SECONDS)  # sooner the gateway would give this answer again
        return True

    def _count(self, key: Item, seen: Item | None = None) -> bool:
        """Counts an attempt; False where `seen` is no longer when the next one may be."""
        moment = self._clock()
        only: dict[str, Any] = {"ConditionExpression": "#until = :seen"} if seen else {}
        return self._write(
            Key=key,
            UpdateExpression="ADD #count :one SET #until = :until, expires_at = :expires",
            ExpressionAttributeNames={"#count": "count", "#until": "until"},
            ExpressionAttributeValues={
                ":one": {"N": "1"},
                ":until": {"N": str(moment + PAUSE_SECONDS)},
                ":expires": {"N": str(int(moment) + FORGOTTEN_SECONDS)},
                **({":seen": seen} if seen else {}),
            },
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
        item = found.get(_pair(key))
        token = entry_in(item, StoredToken) if item else None
        if token is None or not passwords.is_secret(secret, token.secret):
            raise Unauthorized
        if _epoch(token.expires_at) <= self._clock():
            raise Unauthorized
        self._used(key, "last_used", token.last_used, TOKEN_WRITTEN_SECONDS)
        grants = grants_of(token.groups, groups_in(found.get(_pair(GROUPS_KEY))).by_name)
        return Caller(kind="token", name=token.name, grants=grants)

    def _by_session(self, name: str, secret: str) -> Caller:
        key = entry_key(SESSIONS, name)
        user_name = name.rpartition("/")[0]
        found = self._read(key, entry_key(USERS, user_name), GROUPS_KEY)
        item, user_item = found.get(_pair(key)), found.get((USERS, user_name))
        if item is None or user_item is None or not passwords.is_secret(secret, item["secret"]["S"]):
            raise Unauthorized
        user = entry_in(user_item, StoredUser)
        ends_at, idle_at, moment = int(item["ends_at"]["N"]), float(item["idle_at"]["N"]), self._clock()
        if min(ends_at, idle_at) <= moment or not user.active or user.epoch != int(item["epoch"]["N"]):
            raise Unauthorized
        if idle_at - moment < IDLE_SECONDS - SESSION_WRITTEN_SECONDS:
            self._write(
                Key=key,
                UpdateExpression="SET idle_at = :at",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeValues={":at": {"N": str(moment + IDLE_SECONDS)}},
            )
        grants = grants_of(user.groups, groups_in(found.get(_pair(GROUPS_KEY))).by_name)
        return Caller(kind="user", name=user.name, grants=grants, session=name, epoch=user.epoch)

    def begin(self, caller: Caller) -> Session:
        """A session for a user who has just sent a password. Raises Forbidden for whoever has not."""
        if caller.kind != "user" or caller.session:
            raise Forbidden("A session begins with a name and a password.", code="password_needed")
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
        with calm():
            self._client.put_item(
                TableName=self._table_name, Item={**item, "secret": {"S": passwords.digest(secret)}}
            )
        return Session(token_text(SESSIONS, name, secret), ends_at)

    def end(self, caller: Caller) -> None:
        """Ends the caller's session. Raises Forbidden where it came without one."""
        if not caller.session:
            raise Forbidden("You are not in a session.", code="no_session")
        with calm():
            self._client.delete_item(TableName=self._table_name, Key=entry_key(SESSIONS, caller.session))

    # ---- The table

    def _read(self, *keys: Item) -> Mapping[tuple[str, str], Item]:
        return {_pair(item): item for item in batch_get(self._client, self._table_name, list(keys))}

    def _used(self, key: Item, attribute: str, last: str | None, seconds: float) -> None:
        """Writes down that somebody was here, unless that was done a moment ago, or the entry is gone."""
        moment = self._clock()
        if last and moment - _epoch(last) < seconds:
            return
        stamp = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._write(
            Key=key,
            UpdateExpression="SET #used = :now",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeNames={"#used": attribute},
            ExpressionAttributeValues={":now": {"S": stamp}},
        )

    def _write(self, **update: Any) -> bool:
        try:
            with calm():
                self._client.update_item(TableName=self._table_name, **update)
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True


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


def _pair(key: Mapping[str, Any]) -> tuple[str, str]:
    return key["pk"]["S"], key["sk"]["S"]


def _epoch(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
