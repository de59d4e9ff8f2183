"""Combines what groups grant, and defines the built-in groups. Pure."""

from collections.abc import Iterable, Mapping

from .model import Group
from .permissions import ALL_ACCOUNTS, Grants


def grants_of(names: Iterable[str], groups: Mapping[str, Group]) -> Grants:
    """Returns the union of what these groups grant. Unknown names grant nothing."""
    granted: Grants = {}
    for group in (groups[name] for name in names if name in groups):
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
