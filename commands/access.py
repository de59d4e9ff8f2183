"""`python rollcall.py user|group|token …`: manages access on any stage, with the caller's own AWS credentials."""

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, get_args

import click
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from chalicelib.access.model import GroupChanges, NewGroup, NewToken, NewUser, UserChanges
from chalicelib.access.permissions import ALL_ACCOUNTS, Permission
from chalicelib.fields.validation import validate
from chalicelib.services import Services

from .stage import Command, with_services

PAGE = 500


def _command(group: click.Group, name: str) -> Callable[[Command], click.Command]:
    """Registers a command that takes the services of a stage."""
    return lambda command: group.command(name)(with_services(command))


_NAME = click.argument("name")
_GROUPS = click.option(
    "--group", "-g", "groups", multiple=True, metavar="NAME", help="A group. Repeat for several."
)
_PERMISSIONS = click.option(
    "--permission",
    "-p",
    "permissions",
    multiple=True,
    type=click.Choice(get_args(Permission)),
    help="A permission. Repeat for several.",
)
_ACCOUNTS = click.option(
    "--account",
    "-a",
    "accounts",
    multiple=True,
    metavar="ID",
    help="An account. Repeat for several; '*' means all accounts.",
)
_STDIN = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@click.group("user", help="Manage users, who sign in with a name and a password.")
def users() -> None:
    """Groups the commands for users."""


@_command(users, "add")
@_NAME
@_GROUPS
@_STDIN
def add_user(services: Services, name: str, groups: Sequence[str], *, password_stdin: bool) -> None:
    """Add a user. Asks for the password, which has 12 to 256 characters."""
    password = _password(stdin=password_stdin)
    services.users.create(validate(NewUser, {"name": name, "password": password, "groups": list(groups)}))
    click.echo(f"Added user {name}. Groups: {', '.join(groups) or 'none'}.")


@_command(users, "passwd")
@_NAME
@_STDIN
def change_password(services: Services, name: str, *, password_stdin: bool) -> None:
    """Set a user's password. Ends the user's sessions."""
    services.users.change(name, validate(UserChanges, {"password": _password(stdin=password_stdin)}))
    click.echo(f"Set the password of user {name}.")


@_command(users, "groups")
@_NAME
@_GROUPS
def change_groups(services: Services, name: str, groups: Sequence[str]) -> None:
    """Set a user's groups. Removes the user from all others."""
    services.users.change(name, validate(UserChanges, {"groups": list(groups)}))
    click.echo(f"Set the groups of user {name}: {', '.join(groups) or 'none'}.")


@_command(users, "disable")
@_NAME
def disable_user(services: Services, name: str) -> None:
    """Disable a user. Ends the user's sessions; `enable` reverses it."""
    services.users.change(name, UserChanges(active=False))
    click.echo(f"Disabled user {name}.")


@_command(users, "enable")
@_NAME
def enable_user(services: Services, name: str) -> None:
    """Enable a disabled user."""
    services.users.change(name, UserChanges(active=True))
    click.echo(f"Enabled user {name}.")


@_command(users, "remove")
@_NAME
def remove_user(services: Services, name: str) -> None:
    """Remove a user."""
    services.users.delete(name)
    click.echo(f"Removed user {name}.")


@_command(users, "list")
def list_users(services: Services) -> None:
    """List all users."""
    _show(_all(services.users.page), "name", "groups", "active", "created_at", "last_login")


@click.group("group", help="Manage groups, which grant permissions for accounts.")
def groups() -> None:
    """Groups the commands for groups."""


@_command(groups, "add")
@_NAME
@_PERMISSIONS
@_ACCOUNTS
def add_group(services: Services, name: str, permissions: Sequence[str], accounts: Sequence[str]) -> None:
    """Add a group with these permissions for these accounts."""
    new = {"name": name, "permissions": list(permissions), "accounts": _accounts(accounts)}
    services.groups.create(validate(NewGroup, new))
    click.echo(f"Added group {name}.")


@_command(groups, "change")
@_NAME
@_PERMISSIONS
@_ACCOUNTS
def change_group(services: Services, name: str, permissions: Sequence[str], accounts: Sequence[str]) -> None:
    """Set a group's permissions, its accounts, or both."""
    changes: dict[str, Any] = {"permissions": list(permissions)} if permissions else {}
    changes |= {"accounts": _accounts(accounts)} if accounts else {}
    services.groups.change(name, validate(GroupChanges, changes))
    click.echo(f"Changed group {name}.")


@_command(groups, "remove")
@_NAME
def remove_group(services: Services, name: str) -> None:
    """Remove a group that has no users and no tokens."""
    services.groups.delete(name)
    click.echo(f"Removed group {name}.")


@_command(groups, "list")
def list_groups(services: Services) -> None:
    """List all groups."""
    _show(_all(services.groups.page), "name", "permissions", "accounts")


@click.group("token", help="Manage tokens, which authenticate machines.")
def tokens() -> None:
    """Groups the commands for tokens."""


@_command(tokens, "create")
@_NAME
@_GROUPS
@click.option("--days", default=365, show_default=True, help="Days until the token expires.")
def create_token(services: Services, name: str, groups: Sequence[str], days: int) -> None:
    """Create a token and print it. It cannot be printed again."""
    new = validate(NewToken, {"name": name, "groups": list(groups), "days": days})
    token, text = services.tokens.create(new)
    click.echo(
        f"Created token {name}, valid until {token.expires_at}. Send it as: Authorization: Bearer TOKEN",
        err=True,
    )
    click.echo(text)


@_command(tokens, "revoke")
@_NAME
def revoke_token(services: Services, name: str) -> None:
    """Revoke a token."""
    services.tokens.revoke(name)
    click.echo(f"Revoked token {name}. A deployed API may accept it for up to 60 more seconds.")


@_command(tokens, "list")
def list_tokens(services: Services) -> None:
    """List all tokens, without their texts."""
    _show(_all(services.tokens.page), "name", "groups", "created_by", "expires_at", "last_used")


def _password(*, stdin: bool) -> str:
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


def _accounts(ids: Sequence[str]) -> list[str] | str:
    return ALL_ACCOUNTS if ALL_ACCOUNTS in ids else list(ids)


def _all(page: Callable[[int, str], list[Any]]) -> Iterable[Any]:
    """Yields the entries of all pages."""
    after = ""
    while found := page(PAGE, after):
        yield from found
        after = found[-1].name


def _show(entries: Iterable[BaseModel], *columns: str) -> None:
    table = Table(*(column.replace("_", " ") for column in columns), box=None, pad_edge=False)
    for entry in entries:
        table.add_row(*(_text(getattr(entry, column)) for column in columns))
    Console().print(table, markup=False)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return {True: "yes", False: "no", None: ""}.get(value, str(value))
