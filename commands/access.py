"""`python rollcall.py user|group|token …`: who may do what, on any stage, with the caller's own AWS credentials."""

import functools
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, get_args

import click
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from chalicelib.access.authenticator import token_text
from chalicelib.access.items import TOKENS
from chalicelib.access.model import GroupChanges, NewGroup, NewToken, NewUser, UserChanges
from chalicelib.access.permissions import ALL_ACCOUNTS, Permission
from chalicelib.errors import RegistryError
from chalicelib.fields.validation import validate
from infra.package import LOCAL

from .stage import AWS_ERRORS, find

PAGE = 500
Command = Callable[..., None]


def _command(group: click.Group, name: str) -> Callable[[Command], Command]:
    """A command on the users, groups and tokens of a stage; what goes wrong is told in one line."""

    def register(command: Command) -> Command:
        @functools.wraps(command)
        def run(stage: str, **given: Any) -> None:
            try:
                command(find(stage).directory, **given)
            except RegistryError as error:
                raise click.ClickException(error.detail) from None
            except AWS_ERRORS as error:
                raise click.ClickException(str(error)) from None

        stage = click.option(
            "--stage", default=LOCAL, show_default=True, help="local, or a deployed one: prod."
        )
        group.command(name)(stage(run))
        return command

    return register


_NAME = click.argument("name")
_GROUPS = click.option(
    "--group", "-g", "groups", multiple=True, metavar="NAME", help="A group to be in. May be given again."
)
_PERMISSIONS = click.option(
    "--permission",
    "-p",
    "permissions",
    multiple=True,
    type=click.Choice(get_args(Permission)),
    help="May be given again.",
)
_ACCOUNTS = click.option(
    "--account",
    "-a",
    "accounts",
    multiple=True,
    metavar="ID",
    help="May be given again; '*' is every account.",
)
_STDIN = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@click.group("user", help="Users: people with a name and a password.")
def users() -> None:
    """The commands about users."""


@_command(users, "add")
@_NAME
@_GROUPS
@_STDIN
def add_user(directory: Any, name: str, groups: Sequence[str], *, password_stdin: bool) -> None:
    """Add a user, and ask for its password: 12 characters or more."""
    password = _password(stdin=password_stdin)
    directory.add_user(validate(NewUser, {"name": name, "password": password, "groups": list(groups)}))
    click.echo(f"{name} is added; it is in {', '.join(groups) or 'no group yet'}.")


@_command(users, "passwd")
@_NAME
@_STDIN
def change_password(directory: Any, name: str, *, password_stdin: bool) -> None:
    """Give a user a new password. Its sessions end."""
    directory.change_user(name, validate(UserChanges, {"password": _password(stdin=password_stdin)}))
    click.echo(f"{name} has a new password.")


@_command(users, "groups")
@_NAME
@_GROUPS
def change_groups(directory: Any, name: str, groups: Sequence[str]) -> None:
    """Put a user in these groups, and in no others."""
    directory.change_user(name, validate(UserChanges, {"groups": list(groups)}))
    click.echo(f"{name} is in {', '.join(groups) or 'no group'}.")


@_command(users, "disable")
@_NAME
def disable_user(directory: Any, name: str) -> None:
    """Keep a user out. `enable` lets it in again."""
    directory.change_user(name, UserChanges(active=False))
    click.echo(f"{name} is disabled.")


@_command(users, "enable")
@_NAME
def enable_user(directory: Any, name: str) -> None:
    """Let a disabled user in again."""
    directory.change_user(name, UserChanges(active=True))
    click.echo(f"{name} is active.")


@_command(users, "remove")
@_NAME
def remove_user(directory: Any, name: str) -> None:
    """Remove a user."""
    directory.remove_user(name)
    click.echo(f"{name} is removed.")


@_command(users, "list")
def list_users(directory: Any) -> None:
    """Show all users."""
    _show(_all(directory.users), "name", "groups", "active", "created_at", "last_login")


@click.group("group", help="Groups: what their users and tokens may do, and for which accounts.")
def groups() -> None:
    """The commands about groups."""


@_command(groups, "add")
@_NAME
@_PERMISSIONS
@_ACCOUNTS
def add_group(directory: Any, name: str, permissions: Sequence[str], accounts: Sequence[str]) -> None:
    """Add a group with these permissions for these accounts."""
    given = {"name": name, "permissions": list(permissions), "accounts": _accounts(accounts)}
    directory.add_group(validate(NewGroup, given))
    click.echo(f"{name} is added.")


@_command(groups, "change")
@_NAME
@_PERMISSIONS
@_ACCOUNTS
def change_group(directory: Any, name: str, permissions: Sequence[str], accounts: Sequence[str]) -> None:
    """Change a group's permissions, its accounts, or both."""
    given: dict[str, Any] = {"permissions": list(permissions)} if permissions else {}
    given |= {"accounts": _accounts(accounts)} if accounts else {}
    directory.change_group(name, validate(GroupChanges, given))
    click.echo(f"{name} is changed.")


@_command(groups, "remove")
@_NAME
def remove_group(directory: Any, name: str) -> None:
    """Remove a group that nobody is in."""
    directory.remove_group(name)
    click.echo(f"{name} is removed.")


@_command(groups, "list")
def list_groups(directory: Any) -> None:
    """Show all groups."""
    found = directory.groups().by_name
    _show((found[name] for name in sorted(found)), "name", "permissions", "accounts")


@click.group("token", help="Tokens: what machines send in place of a name and a password.")
def tokens() -> None:
    """The commands about tokens."""


@_command(tokens, "create")
@_NAME
@_GROUPS
@click.option("--days", default=365, show_default=True, help="How long it is good.")
def create_token(directory: Any, name: str, groups: Sequence[str], days: int) -> None:
    """Create a token and print it: nobody can read it again."""
    new = validate(NewToken, {"name": name, "groups": list(groups), "days": days})
    token, secret = directory.add_token(new)
    click.echo(f"{name} is good until {token.expires_at}. Send it as: Authorization: Bearer …", err=True)
    click.echo(token_text(TOKENS, name, secret))


@_command(tokens, "revoke")
@_NAME
def revoke_token(directory: Any, name: str) -> None:
    """Revoke a token."""
    directory.revoke_token(name)
    click.echo(f"{name} is revoked; a deployed API takes it for a minute at most.")


@_command(tokens, "list")
def list_tokens(directory: Any) -> None:
    """Show all tokens, without their texts."""
    _show(_all(directory.tokens), "name", "groups", "created_by", "expires_at", "last_used")


def _password(*, stdin: bool) -> str:
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


def _accounts(given: Sequence[str]) -> list[str] | str:
    return ALL_ACCOUNTS if ALL_ACCOUNTS in given else list(given)


def _all(page: Callable[[int, str], list[Any]]) -> Iterable[Any]:
    """Everything of a list that comes in pages."""
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
