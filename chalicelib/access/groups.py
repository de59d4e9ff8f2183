"""The groups of a deployment."""

from collections.abc import Callable, Mapping

from chalicelib.clock import now
from chalicelib.dynamodb.table import Table
from chalicelib.dynamodb.writes import ConditionalWrite
from chalicelib.errors import Conflict, FieldError, Invalid
from chalicelib.preconditions import ALWAYS, Precondition

from .items import StoredToken, StoredUser
from .model import Group, GroupChanges, Groups, NewGroup
from .permissions import ALL_ACCOUNTS
from .store import AccessStore, groups_write, name_taken_error, not_found_error

GroupsByName = Mapping[str, Group]


class GroupRepository:
    """Reads and writes groups. An active admin always remains, once there is one."""

    def __init__(self, table: Table) -> None:
        self._store = AccessStore(table)

    def get(self, name: str) -> Group:
        """Returns one group. Raises NotFound."""
        return _named(self._store.groups().by_name, name)

    def page(self, limit: int, after: str = "") -> list[Group]:
        """Returns at most `limit` groups, sorted by name, from the first one after this name."""
        by_name = self._store.groups().by_name
        return [by_name[name] for name in sorted(by_name) if name > after][:limit]

    def create(self, new: NewGroup) -> Group:
        """Adds a group. Raises Conflict if its name exists, Invalid for admins of some accounts only."""

        def decide(groups: GroupsByName) -> tuple[GroupsByName, Group]:
            if new.name in groups:
                raise name_taken_error("group")
            group = _valid(Group(**new.model_dump(), created_at=now()))
            return {**groups, group.name: group}, group

        return self._write(decide)

    def change(self, name: str, changes: GroupChanges, precondition: Precondition = ALWAYS) -> Group:
        """Changes the fields that are set.

        Raises NotFound, PreconditionFailed, Invalid, and Conflict for the last admin.
        """

        def decide(groups: GroupsByName) -> tuple[GroupsByName, Group]:
            old = _named(groups, name)
            precondition.check(old.etag)
            update = {**changes.model_dump(exclude_unset=True), "version": old.version + 1}
            group = _valid(old.model_copy(update=update))
            return {**groups, name: group}, group

        return self._write(decide)

    def delete(self, name: str, precondition: Precondition = ALWAYS) -> None:
        """Deletes a group. Raises NotFound, PreconditionFailed, and Conflict while users or tokens are in it."""

        def decide(groups: GroupsByName) -> tuple[GroupsByName, Group]:
            group = _named(groups, name)
            precondition.check(group.etag)
            users, tokens = self._store.all(StoredUser), self._store.all(StoredToken)
            if any(name in user.groups for user in users) or any(name in token.groups for token in tokens):
                detail = "Users or tokens are in this group. Remove them from it first."
                raise Conflict(detail, code="group_in_use")
            return {other: groups[other] for other in groups if other != name}, group

        self._write(decide)

    def _write(self, decide: Callable[[GroupsByName], tuple[GroupsByName, Group]]) -> Group:
        def writes(before: Groups) -> tuple[list[ConditionalWrite], Group]:
            by_name, group = decide(before.by_name)
            after = before._replace(by_name=by_name)
            self._store.require_admin(before, after)
            return [groups_write(after)], group

        return self._store.write("group", writes)


def _named(groups: GroupsByName, name: str) -> Group:
    if name not in groups:
        raise not_found_error("group")
    return groups[name]


def _valid(group: Group) -> Group:
    """Returns the group. Raises Invalid for admins of some accounts only: they could grant themselves the rest."""
    if "access:admin" in group.permissions and group.accounts != ALL_ACCOUNTS:
        detail = 'accounts: A group with access:admin needs all accounts. Set accounts to "*".'
        raise Invalid([FieldError("#/accounts", "every_account_needed", detail)])
    return group
