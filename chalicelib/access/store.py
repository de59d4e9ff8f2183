"""The users, groups and tokens in the table, and the rules that hold among them.

Groups lie together in one item, so that a login reads them with one request. Each write of users and groups moves
that item's revision on: what is decided from all of them (the last admin stays) holds when it is written.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from pydantic import BaseModel

from chalicelib.clock import now
from chalicelib.dynamodb.retries import backoff
from chalicelib.dynamodb.table import Table
from chalicelib.dynamodb.writes import (
    ConditionalWrite,
    ConditionsFailed,
    delete_if,
    put_if,
    put_new,
)
from chalicelib.errors import Busy, Conflict, FieldError, Invalid, NotFound, Unauthorized
from chalicelib.preconditions import Condition, always, check

from . import passwords
from .grants import grants_of
from .items import (
    GROUPS_KEY,
    TOKENS,
    USERS,
    Groups,
    Stored,
    StoredToken,
    StoredUser,
    entry_in,
    entry_key,
    groups_in,
    groups_item,
    token_item,
    user_item,
)
from .model import Group, GroupChanges, NewGroup, NewToken, NewUser, Token, User, UserChanges
from .permissions import ALL_ACCOUNTS

MAX_BYTES = 300_000  # of all groups: an item of DynamoDB's holds 400 kB
TAKEN, VERSION = "taken", "version"
Shown = TypeVar("Shown", bound=BaseModel)
T = TypeVar("T")


class Directory:
    """Users, groups and tokens of one deployment."""

    def __init__(self, table: Table) -> None:
        self._table = table

    # ---- Groups

    def groups(self) -> Groups:
        """All groups; those that every deployment starts with, before the first change."""
        return groups_in(self._table.get(GROUPS_KEY))

    def group(self, name: str) -> Group:
        """One group. Raises NotFound."""
        return _named(self.groups().by_name, name, "group")

    def add_group(self, new: NewGroup) -> Group:
        """Adds a group. Raises Conflict where there is one of this name, Invalid for admins of some accounts."""

        def change(groups: dict[str, Group]) -> Group:
            if new.name in groups:
                raise Conflict("There is a group of this name.", code="name_taken")
            groups[new.name] = _sound(Group(**new.model_dump(), created_at=now()))
            return groups[new.name]

        return self._change_groups(change)

    def change_group(self, name: str, changes: GroupChanges, matches: Condition = always) -> Group:
        """Changes what is set. Raises NotFound, Stale, Invalid, or Conflict for the last admins' permission."""

        def change(groups: dict[str, Group]) -> Group:
            old = _named(groups, name, "group")
            check(matches, old.etag)
            update = {**changes.model_dump(exclude_unset=True), "version": old.version + 1}
            groups[name] = _sound(old.model_copy(update=update))
            return groups[name]

        return self._change_groups(change)

    def remove_group(self, name: str, matches: Condition = always) -> None:
        """Removes a group that nobody is in. Raises NotFound, Stale, Conflict."""

        def change(groups: dict[str, Group]) -> Group:
            group = _named(groups, name, "group")
            check(matches, group.etag)
            users, tokens = self._all(USERS, StoredUser), self._all(TOKENS, StoredToken)
            if any(name in one.groups for one in users) or any(name in one.groups for one in tokens):
                raise Conflict("Users or tokens are in this group.", code="group_in_use")
            return groups.pop(name)

        self._change_groups(change)

    def _change_groups(self, change: Callable[[dict[str, Group]], Group]) -> Group:
        def legs(groups: Groups) -> tuple[list[ConditionalWrite], Group]:
            changed = dict(groups.by_name)
            group = change(changed)
            after = Groups(changed, groups.revision)
            self._keep_an_admin(groups, after)
            return [_groups_leg(after)], group

        return self._write(legs)

    # ---- Users

    def users(self, limit: int, after: str = "") -> list[User]:
        """At most `limit` users by name, those after this one."""
        return [_shown(User, user) for user in self._page(USERS, StoredUser, limit, after)]

    def user(self, name: str) -> User:
        """One user. Raises NotFound."""
        return _shown(User, self._user(name))

    def add_user(self, new: NewUser) -> User:
        """Adds a user. Raises Conflict where there is one of this name, Invalid for an unknown group."""
        user = StoredUser(
            **new.model_dump(exclude={"password"}),
            password=passwords.hash_password(new.password),
            epoch=time.time_ns() // 1_000_000,  # sessions of one that had this name are not the new one's
            created_at=now(),
            last_login=None,
            version=1,
        )

        def legs(groups: Groups) -> tuple[list[ConditionalWrite], User]:
            _known(user.groups, groups)
            return [put_new(TAKEN, user_item(user)), _groups_leg(groups)], _shown(User, user)

        return self._write(legs)

    def change_user(
        self, name: str, changes: UserChanges, matches: Condition = always, epoch: int | None = None
    ) -> User:
        """Changes what is set; with an `epoch` for who came with its password, and for nobody after that.

        Raises NotFound, Stale, Invalid, Unauthorized, or Conflict for the last admin.
        """
        given = changes.model_dump(exclude_unset=True)
        if "password" in given:
            given["password"] = passwords.hash_password(given["password"])

        def legs(groups: Groups) -> tuple[list[ConditionalWrite], User]:
            old = self._user(name) if epoch is None else self._still(name, epoch)
            check(matches, old.etag)
            moved = old.epoch + ("password" in given or given.get("active") is False)
            user = old.model_copy(update={**given, "version": old.version + 1, "epoch": moved})
            _known(user.groups, groups)
            self._keep_an_admin(groups, groups, user)
            leg = put_if(VERSION, user_item(user), {"version": {"N": str(old.version)}})
            return [leg, _groups_leg(groups)], _shown(User, user)

        return self._write(legs)

    def remove_user(self, name: str, matches: Condition = always) -> None:
        """Removes a user. Raises NotFound, Stale, or Conflict for the last admin."""

        def legs(groups: Groups) -> tuple[list[ConditionalWrite], None]:
            old = self._user(name)
            check(matches, old.etag)
            self._keep_an_admin(groups, groups, old.model_copy(update={"active": False}))
            leg = delete_if(VERSION, entry_key(USERS, name), {"version": {"N": str(old.version)}})
            return [leg, _groups_leg(groups)], None

        self._write(legs)

    def _user(self, name: str) -> StoredUser:
        return _found(self._table.get(entry_key(USERS, name)), StoredUser, "user")

    def _still(self, name: str, epoch: int) -> StoredUser:
        """The user whose password is the one of this epoch. Raises Unauthorized."""
        with suppress(NotFound):
            user = self._user(name)
            if user.epoch == epoch:
                return user
        raise Unauthorized

    def _keep_an_admin(self, before: Groups, after: Groups, changed: StoredUser | None = None) -> None:
        """Raises Conflict where the users have an active admin among them now, and would have none."""
        users = {user.name: user for user in self._all(USERS, StoredUser)}
        had = any(_is_admin(user, before) for user in users.values())
        users |= {changed.name: changed} if changed else {}
        if had and not any(_is_admin(user, after) for user in users.values()):
            raise Conflict("This is the last active admin.", code="last_admin")

    # ---- Tokens

    def tokens(self, limit: int, after: str = "") -> list[Token]:
        """At most `limit` tokens by name, those after this one."""
        return [_shown(Token, token) for token in self._page(TOKENS, StoredToken, limit, after)]

    def token(self, name: str) -> Token:
        """One token. Raises NotFound."""
        return _shown(Token, _found(self._table.get(entry_key(TOKENS, name)), StoredToken, "token"))

    def add_token(self, new: NewToken, by: str | None = None) -> tuple[Token, str]:
        """(a new token, its secret, which nobody can read again). Raises Conflict, Invalid."""
        secret = passwords.new_secret()
        expires = datetime.now(UTC) + timedelta(days=new.days)
        token = StoredToken(
            **new.model_dump(exclude={"days"}),
            created_at=now(),
            created_by=by,
            expires_at=expires.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            last_used=None,
            secret=passwords.hash_secret(secret),
        )
        item = token_item(token, int(expires.timestamp()))

        def legs(groups: Groups) -> tuple[list[ConditionalWrite], tuple[Token, str]]:
            _known(token.groups, groups)
            return [put_new(TAKEN, item), _groups_leg(groups)], (_shown(Token, token), secret)

        return self._write(legs)

    def revoke_token(self, name: str) -> None:
        """Removes a token. Raises NotFound."""
        _found(self._table.delete(entry_key(TOKENS, name)) or None, StoredToken, "token")

    # ---- The table

    def _write(self, decide: Callable[[Groups], tuple[list[ConditionalWrite], T]]) -> T:
        """Writes what is decided from the groups of now, again where others write meanwhile."""
        for _ in backoff():
            legs, result = decide(self.groups())
            try:
                self._table.write(legs)
            except ConditionsFailed as error:
                if error.breaks(TAKEN):
                    raise Conflict("There is one of this name.", code="name_taken") from None
                continue
            return result
        raise Busy

    def _all(self, kind: str, model: type[Stored]) -> Iterator[Stored]:
        after = ""
        while page := self._page(kind, model, 1000, after):
            yield from page
            after = page[-1].name

    def _page(self, kind: str, model: type[Stored], limit: int, after: str) -> list[Stored]:
        page = self._table.query(
            KeyConditionExpression="pk = :pk AND sk > :after",
            ExpressionAttributeValues={":pk": {"S": kind}, ":after": {"S": after or " "}},
            ConsistentRead=True,
            Limit=limit,
        )
        return [entry_in(item, model) for item in page["Items"]]


def _groups_leg(groups: Groups) -> ConditionalWrite:
    """The leg that moves the revision on, with the groups as they are to be."""
    item = groups_item(groups)
    if len(item["groups"]["S"].encode()) > MAX_BYTES:
        raise Invalid([FieldError("#/accounts", "too_many_groups", "All groups together are too large.")])
    if not groups.revision:
        return put_new(VERSION, item)
    return put_if(VERSION, item, {"revision": {"N": str(groups.revision)}})


def _sound(group: Group) -> Group:
    """The group. Raises Invalid where it would make admins of some accounts: they can grant themselves all."""
    if "access:admin" in group.permissions and group.accounts != ALL_ACCOUNTS:
        detail = "accounts: access:admin is for every account; whoever has it can grant itself all."
        raise Invalid([FieldError("#/accounts", "every_account_needed", detail)])
    return group


def _is_admin(user: StoredUser, groups: Groups) -> bool:
    return user.active and bool(grants_of(user.groups, groups.by_name).get("access:admin"))


def _known(names: list[str], groups: Groups) -> None:
    if not groups.by_name.keys() >= set(names):
        raise Invalid([FieldError("#/groups", "unknown_group", "groups: There is no such group.")])


def _named(groups: Mapping[str, Group], name: str, kind: str) -> Group:
    if name not in groups:
        raise _not_found(kind)
    return groups[name]


def _found(item: Mapping[str, Any] | None, model: type[Stored], kind: str) -> Stored:
    if item is None:
        raise _not_found(kind)
    return entry_in(item, model)


def _not_found(kind: str) -> NotFound:
    return NotFound(f"There is no {kind} of this name.", code=f"{kind}_not_found")


def _shown(model: type[Shown], stored: BaseModel) -> Shown:
    return model.model_validate(stored.model_dump(include=set(model.model_fields)))
