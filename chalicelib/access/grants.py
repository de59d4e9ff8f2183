"""What groups grant together, and the groups that every deployment starts with. Pure."""

from collections.abc import Iterable, Mapping
from typing import Literal

from .model import Group
from .permissions import ALL_ACCOUNTS, Permission


def grants_of(
    groups: Iterable[str], known: Mapping[str, Group]
) -> dict[Permission, list[str] | Literal["*"]]:
    """The accounts by permission that these groups grant together."""
    granted: dict[Permission, list[str] | Literal["*"]] = {}
    for group in (known[name] for name in groups if name in known):
        for permission in group.permissions:
            before = granted.get(permission, [])
            if ALL_ACCOUNTS in (before, group.accounts):
                granted[permission] = ALL_ACCOUNTS
            else:
                granted[permission] = sorted({*before, *group.accounts})
    return granted


BUILT_IN = {
    group.name: group
    for group in (
        Group(
            name="admins",
            permissions=["members:read", "members:write", "imports:read", "imports:write", "access:admin"],
            accounts=ALL_ACCOUNTS,
        ),
        Group(
            name="editors",
            permissions=["members:read", "members:write", "imports:read", "imports:write"],
            accounts=ALL_ACCOUNTS,
        ),
        Group(name="viewers", permissions=["members:read", "imports:read"], accounts=ALL_ACCOUNTS),
    )
}
