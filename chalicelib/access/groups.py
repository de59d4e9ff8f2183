"""The groups of a deployment."""

from typing import cast

from chalicelib.clock import now
from chalicelib.dynamodb.table import Table
from chalicelib.dynamodb.writes import ConditionalWrite, delete_if, put_if, put_new
from chalicelib.errors import Conflict, FieldError, Invalid
from chalicelib.preconditions import ALWAYS, Precondition

from .history import OPERATOR, Change
from .items import GROUPS, StoredToken, StoredUser, group_item, item_key
from .model import Group, GroupChanges, NewGroup
from .permissions import ALL_ACCOUNTS
from .store import NAME, VERSION, AccessStore, name_taken_error, not_found_error


class GroupRepository:
    """Reads and writes groups. An active admin always remains, once there is one."""

    def __init__(self, table: Table) -> None:
        self._store = AccessStore(table)

    def get(self, name: str) -> Group:
        """Returns one group. Raises NotFound."""
        found = self._store.groups([name])
        if name not in found:
            raise not_found_error("group")
        return found[name]

    def page(self, limit: int, after: str = "") -> list[Group]:
        """Returns at most `limit` groups, sorted by name, from the first one after this name."""
        return self._store.group_page(limit, after)

    def create(self, new: NewGroup, by: str = OPERATOR) -> Group:
        """Adds a group. Raises Conflict if its name exists, Invalid for admins of some accounts only."""
        group = _valid(Group(**new.model_dump(), created_at=now()))

        def decide() -> tuple[ConditionalWrite, Change]:
            if self._store.groups([group.name]):
                raise name_taken_error("group")
            return put_new(NAME, group_item(group)), Change("group", group.name, None, group)

        self._store.write(decide, by)
        return group

    def change(
        self, name: str, changes: GroupChanges, precondition: Precondition = ALWAYS, by: str = OPERATOR
    ) -> Group:
        """Changes the fields that are set.

        Raises NotFound, PreconditionFailed, Invalid, and Conflict for the last admin.
        """

        def decide() -> tuple[ConditionalWrite, Change]:
            old = self.get(name)
            precondition.check(old.etag)
            update = {**changes.model_dump(exclude_unset=True), "version": old.version + 1}
            group = _valid(old.model_copy(update=update))
            self._store.require_admin_without(old, group)
            return put_if(VERSION, group_item(group), _version(old)), Change("group", name, old, group)

        return cast("Group", self._store.write(decide, by).after)

    def delete(self, name: str, precondition: Precondition = ALWAYS, by: str = OPERATOR) -> None:
        """Deletes a group. Raises NotFound, PreconditionFailed, and Conflict while users or tokens are in it."""

        def decide() -> tuple[ConditionalWrite, Change]:
            group = self.get(name)
            precondition.check(group.etag)
            users, tokens = self._store.all(StoredUser), self._store.all(StoredToken)
            if any(name in user.groups for user in users) or any(name in token.groups for token in tokens):
                detail = "Users or tokens are in this group. Remove them from it first."
                raise Conflict(detail, code="group_in_use")
            return delete_if(VERSION, item_key(GROUPS, name), _version(group)), Change(
                "group", name, group, None
            )

        self._store.write(decide, by)


def _version(group: Group) -> dict[str, dict[str, str]]:
    return {"version": {"N": str(group.version)}}


def _valid(group: Group) -> Group:
    """Returns the group. Raises Invalid for admins of some accounts only: they could grant themselves the rest."""
    if "access:admin" in group.permissions and group.accounts != ALL_ACCOUNTS:
        detail = 'accounts: A group with access:admin needs all accounts. Set accounts to "*".'
        raise Invalid([FieldError("#/accounts", "every_account_needed", detail)])
    return group
