"""Which members newer files of an account name: they are no longer to be removed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chalicelib.errors import Busy

from .model import ImportRecord
from .repository import ImportRepository
from .storage import ImportStorage
from .sync_parts import SyncParts

PAGE_SIZE = 500  # imports of one query


@dataclass(frozen=True, slots=True)
class NewerImports:
    """The imports that started after another one."""

    repository: ImportRepository
    storage: ImportStorage

    def named(
        self,
        record: ImportRecord,
        account_id: str,
        wanted: set[str],
        check_time: Callable[[], None],
    ) -> set[str]:
        """Returns those of the client member ids of an account that accepted rows of newer files name.

        Raises Busy while such a file is loaded, and what `check_time` raises.
        """
        found: set[str] = set()
        for newer in self._newer(record):
            if newer.only_account not in (None, account_id) or newer.dry_run or newer.mode == "delete":
                continue
            if newer.status in ("splitting", "loading"):
                raise Busy
            parts = SyncParts(self.storage, newer)
            for number in range(newer.chunks):
                check_time()
                keys = parts.rows_of(number)
                found |= {key.client_member_id for key in keys if key.account_id == account_id} & wanted
        return found

    def _newer(self, record: ImportRecord) -> Iterator[ImportRecord]:
        """Yields the imports whose files arrived later."""
        before = None
        while found := self.repository.newest(PAGE_SIZE, before):
            for newer in found:
                if newer.id <= record.id:
                    return
                yield newer
            before = found[-1].id
