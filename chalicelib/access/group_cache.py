"""The groups that requests need, kept in the process for seconds."""

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from chalicelib.dynamodb.table import Table

from .model import Group, Groups
from .permissions import Grants
from .store import AccessStore

GROUP_SECONDS = 5.0  # for which a change of a group may go unnoticed
MAX_GROUPS = 2_000  # 50 MB at most


class _Kept(NamedTuple):
    """A group, None if it does not exist, and until when it is kept."""

    group: Group | None
    until: float


class GroupCache:
    """What groups grant. A process reads each group that its callers are in once in some seconds."""

    def __init__(self, table: Table, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = AccessStore(table)
        self._clock = clock
        self._kept: dict[str, _Kept] = {}

    def grants_of(self, names: Iterable[str]) -> Grants:
        """Returns the union of what these groups grant. Unknown names grant nothing."""
        moment, wanted = self._clock(), list(names)
        stale = [name for name in wanted if name not in self._kept or self._kept[name].until <= moment]
        if stale:
            found = self._store.groups(stale)
            if len(self._kept) + len(stale) > MAX_GROUPS:
                self._kept = {name: self._kept[name] for name in wanted if name in self._kept}
            self._kept |= {name: _Kept(found.get(name), moment + GROUP_SECONDS) for name in stale}
        groups = {name: group for name in wanted if (group := self._kept[name].group)}
        return Groups(groups, 0).grants_of(wanted)
