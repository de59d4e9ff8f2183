"""`./rollcall user|group|token …`: manages access on any stage, with the caller's own AWS credentials."""

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, get_args

import click

from chalicelib.access.model import GroupChanges, NewGroup, NewToken, NewUser, UserChanges
from chalicelib.access.permissions import ALL_ACCOUNTS, Permission
from chalicelib.fields.validation import validate
from chalicelib.services import Services

from .results import Result, listed
from .stage import Command, with_services

PAGE = 500


def _command(group: click.Group, name: str) -> Callable[[Command], click.Command]:
    """Registers a command that takes the services of a stage."""
    return lambda command: group.command(name)(with_services(command))


_NAME = click.argument("name")
_GROUPS = click.option(
    "--group", "-g", "groups", multiple=True, metavar="NAME", help="A group. Repeat for several."
)
_NO_GROUPS = click.option("--no-groups", is_flag=True, help="No groups, and so no permissions.")
_PERMISSIONS = click.option(
    "--permission",
    "-p",
    "permissions",
    multiple=True,
    type=click.Choice(get_args(Permission)),
    help="A permission. Repeat for several.",
)
_NO_PERMISSIONS = click.option("--no-permissions", is_flag=True, help="No permissions.")
_ACCOUNTS = click.option(
    "--account",
    "-a",
    "accounts",
    multiple=True,
    metavar="ID",
    help="An account. Repeat for several; '*' means all accounts.",
)
_NO_ACCOUNTS = click.option("--no-accounts", is_flag=True, help="No accounts.")
_STDIN = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@click.group("user", help="Manage users, who sign in with a name and a password.")
def users() -> None:
    """Groups the commands for users."""


@_command(users, "add")
@_NAME
@_GROUPS
@_NO_GROUPS
@_STDIN
def add_user(
    services: Services, name: str, groups: Sequence[str], *, no_groups: bool, password_stdin: bool
) -> Result:
    """Add a user. Asks for the password, which has 12 to 256 characters."""
    chosen = _chosen("group", groups, none=no_groups)
    password = _password(stdin=password_stdin)
    new = validate(NewUser, {"name": name, "password": password, "groups": chosen})
    user = services.users.create(new)
    return Result(f"Added user {name}. Groups: {', '.join(groups) or 'none'}.", user.model_dump())


@_command(users, "passwd")
@_NAME
@_STDIN
def change_password(services: Services, name: str, *, password_stdin: bool) -> Result:
    """Set a user's password. Ends the user's sessions."""
    changes = validate(UserChanges, {"password": _password(stdin=password_stdin)})
    user = services.users.change(name, changes)
    return Result(f"Set the password of user {name}.", user.model_dump())


@_command(users, "groups")
@_NAME
@_GROUPS
@_NO_GROUPS
def change_groups(services: Services, name: str, groups: Sequence[str], *, no_groups: bool) -> Result:
    """Set a user's groups. Removes the user from all others."""
    changes = validate(UserChanges, {"groups": _chosen("group", groups, none=no_groups)})
    user = services.users.change(name, changes)
    return Result(f"Set the groups of user {name}: {', '.join(groups) or 'none'}.", user.model_dump())


@_command(users, "disable")
@_NAME
def disable_user(services: Services, name: str) -> Result:
    """Disable a user. Ends the user's sessions; `enable` reverses it."""
    user = services.users.change(name, UserChanges(active=False))
    return Result(f"Disabled user {name}.", user.model_dump())


@_command(users, "enable")
@_NAME
def enable_user(services: Services, name: str) -> Result:
    """Enable a disabled user."""
    user = services.users.change(name, UserChanges(active=True))
    return Result(f"Enabled user {name}.", user.model_dump())


@_command(users, "remove")
@_NAME
def remove_user(services: Services, name: str) -> Result:
    """Remove a user."""
    services.users.delete(name)
    return Result(f"Removed user {name}.", {"name": name, "removed": True})


@_command(users, "list")
def list_users(services: Services) -> Result:
    """List all users."""
    return listed(_all(services.users.page), "name", "groups", "active", "created_at", "last_login")


@click.group("group", help="Manage groups, which grant permissions for accounts.")
def groups() -> None:
    """Groups the commands for groups."""


@_command(groups, "add")
@_NAME
@_PERMISSIONS
@_NO_PERMISSIONS
@_ACCOUNTS
@_NO_ACCOUNTS
def add_group(
    services: Services,
    name: str,
    permissions: Sequence[str],
    accounts: Sequence[str],
    *,
    no_permissions: bool,
    no_accounts: bool,
) -> Result:
    """Add a group with these permissions for these accounts."""
    new = {
        "name": name,
        "permissions": _chosen("permission", permissions, none=no_permissions),
        "accounts": _accounts(_chosen("account", accounts, none=no_accounts)),
    }
    group = services.groups.create(validate(NewGroup, new))
    return Result(f"Added group {name}.", group.model_dump())


@_command(groups, "change")
@_NAME
@_PERMISSIONS
@_NO_PERMISSIONS
@_ACCOUNTS
@_NO_ACCOUNTS
def change_group(
    services: Services,
    name: str,
    permissions: Sequence[str],
    accounts: Sequence[str],
    *,
    no_permissions: bool,
    no_accounts: bool,
) -> Result:
    """Set a group's permissions, its accounts, or both."""
    changes: dict[str, Any] = {}
    if permissions or no_permissions:
        changes["permissions"] = _chosen("permission", permissions, none=no_permissions)
    if accounts or no_accounts:
        changes["accounts"] = _accounts(_chosen("account", accounts, none=no_accounts))
    if not changes:
        raise click.UsageError("Nothing to change. Name a --permission, an --account, or both.")
    group = services.groups.change(name, validate(GroupChanges, changes))
    return Result(f"Changed group {name}.", group.model_dump())


@_command(groups, "remove")
@_NAME
def remove_group(services: Services, name: str) -> Result:
    """Remove a group that has no users and no tokens."""
    services.groups.delete(name)
    return Result(f"Removed group {name}.", {"name": name, "removed": True})


@_command(groups, "list")
def list_groups(services: Services) -> Result:
    """List all groups."""
    return listed(_all(services.groups.page), "name", "permissions", "accounts")


@click.group("token", help="Manage tokens, which authenticate machines.")
def tokens() -> None:
    """Groups the commands for tokens."""


@_command(tokens, "create")
@_NAME
@_GROUPS
@_NO_GROUPS
@click.option("--days", default=365, show_default=True, help="Days until the token expires.")
def create_token(
    services: Services, name: str, groups: Sequence[str], *, no_groups: bool, days: int
) -> Result:
    """Create a token and print it. It cannot be printed again."""
    chosen = _chosen("group", groups, none=no_groups)
    new = validate(NewToken, {"name": name, "groups": chosen, "days": days})
    token, text = services.tokens.create(new)
    note = f"Created token {name}, valid until {token.expires_at}. Send it as: Authorization: Bearer TOKEN"
    return Result(text, token.model_dump() | {"token": text}, note)


@_command(tokens, "revoke")
@_NAME
def revoke_token(services: Services, name: str) -> Result:
    """Revoke a token."""
    services.tokens.revoke(name)
    text = f"Revoked token {name}. A deployed API may accept it for up to 60 more seconds."
    return Result(text, {"name": name, "revoked": True})


@_command(tokens, "list")
def list_tokens(services: Services) -> Result:
    """List all tokens, without their texts."""
    return listed(_all(services.tokens.page), "name", "groups", "created_by", "expires_at", "last_used")


def _password(*, stdin: bool) -> str:
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


def _chosen(kind: str, values: Sequence[str], *, none: bool) -> list[str]:
    """Returns the values of an option. Raises click.UsageError without any, unless --no-… asks for that."""
    if values and none:
        raise click.UsageError(f"Use --{kind} or --no-{kind}s, not both.")
    if not values and not none:
        advice = f"Name one with --{kind}, or confirm with --no-{kind}s."
        raise click.UsageError(f"Without {kind}s, nothing would be allowed. {advice}")
    return list(values)


def _accounts(ids: Sequence[str]) -> list[str] | str:
    return ALL_ACCOUNTS if ALL_ACCOUNTS in ids else list(ids)


def _all(page: Callable[[int, str], list[Any]]) -> Iterator[Any]:
    """Yields the entries of all pages."""
    after = ""
    while found := page(PAGE, after):
        yield from found
        after = found[-1].name
