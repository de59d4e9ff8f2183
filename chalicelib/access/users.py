"""The users of a deployment."""

import time
from contextlib import suppress
from typing import Any, cast

from chalicelib.clock import now
from chalicelib.dynamodb.table import Table
from chalicelib.dynamodb.writes import ConditionalWrite, delete_if, put_if
from chalicelib.errors import NotFound, Unauthorized
from chalicelib.preconditions import ALWAYS, Precondition

from .history import OPERATOR, AccessEvent, Change
from .items import USERS, StoredUser, item_key, stored_item
from .model import NewUser, User, UserChanges
from .password_rules import require_uncommon
from .passwords import hash_password
from .store import VERSION, AccessStore


class UserRepository:
    """Reads and writes users. An active admin always remains, once there is one."""

    def __init__(self, table: Table) -> None:
        self._store = AccessStore(table)

    def get(self, name: str) -> User:
        """Returns one user. Raises NotFound."""
        return self._store.get(StoredUser, name).without_secrets()

    def page(self, limit: int, after: str = "") -> list[User]:
        """Returns at most `limit` users, sorted by name, from the first one after this name."""
        return [user.without_secrets() for user in self._store.page(StoredUser, limit, after)]

    def history(self, limit: int, before: str | None = None) -> list[AccessEvent]:
        """Returns at most `limit` changes of access, the newest first, those older than the change `before`."""
        return self._store.history(limit, before)

    def create(self, new: NewUser, by: str = OPERATOR, *, common_password: bool = False) -> User:
        """Adds a user. Raises Conflict if its name exists, Invalid for an unknown group or a common password.

        With `common_password` any is accepted, for the stage local.
        """
        if not common_password:
            require_uncommon(new.password, new.name)
        user = StoredUser(
            **new.model_dump(exclude={"password"}),
            password=hash_password(new.password),
            # Sessions of a deleted user of the same name have a lower version.
            credential_version=time.time_ns() // 1_000_000,
            created_at=now(),
            last_login=None,
            version=1,
        )
        self._store.add(user, stored_item(user, version=user.version), by)
        return user.without_secrets()

    def change(
        self,
        name: str,
        changes: UserChanges,
        precondition: Precondition = ALWAYS,
        credential_version: int | None = None,
        by: str = OPERATOR,
    ) -> User:
        """Changes the fields that are set.

        With a `credential_version`, only as long as it is the user's: a caller with an old password must not set a
        new one. Raises NotFound, PreconditionFailed, Invalid, Unauthorized, and Conflict for the last admin.
        """
        update = changes.model_dump(exclude_unset=True)
        if "password" in update:
            require_uncommon(update["password"], name)
            update["password"] = hash_password(update["password"])

        def decide() -> tuple[ConditionalWrite, Change]:
            old = self._current(name, credential_version)
            precondition.check(old.etag)
            user = _updated(old, update)
            self._store.require_known(user.groups)
            self._store.require_admin_beside(old, user)
            item = stored_item(user, version=user.version)
            write = put_if(VERSION, item, {"version": {"N": str(old.version)}})
            return write, Change(StoredUser.kind, name, old, user)

        return cast("StoredUser", self._store.write(decide, by).after).without_secrets()

    def delete(self, name: str, precondition: Precondition = ALWAYS, by: str = OPERATOR) -> None:
        """Deletes a user. Raises NotFound, PreconditionFailed, and Conflict for the last admin."""

        def decide() -> tuple[ConditionalWrite, Change]:
            old = self._store.get(StoredUser, name)
            precondition.check(old.etag)
            self._store.require_admin_beside(old, _updated(old, {"active": False}))
            write = delete_if(VERSION, item_key(USERS, name), {"version": {"N": str(old.version)}})
            return write, Change(StoredUser.kind, name, old, None)

        self._store.write(decide, by)

    def _current(self, name: str, credential_version: int | None) -> StoredUser:
        """Returns the user. Raises NotFound; with a version that is not the user's, Unauthorized instead."""
        if credential_version is None:
            return self._store.get(StoredUser, name)
        with suppress(NotFound):
            user = self._store.get(StoredUser, name)
            if user.credential_version == credential_version:
                return user
        raise Unauthorized


def _updated(old: StoredUser, update: dict[str, Any]) -> StoredUser:
    """Returns the user's next version. A new password or a disabled user ends its sessions."""
    ends_sessions = "password" in update or update.get("active") is False
    versions = {"version": old.version + 1, "credential_version": old.credential_version + ends_sessions}
    return old.model_copy(update={**update, **versions})
