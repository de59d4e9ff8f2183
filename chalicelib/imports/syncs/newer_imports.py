"""Which members newer files of an account name: they are no longer to be removed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chalicelib.errors import Busy
from chalicelib.imports.records.model import UPLOAD_SECONDS, ImportRecord
from chalicelib.imports.records.repository import ImportRepository
from chalicelib.imports.records.storage import ImportStorage

from .sync_parts import SyncParts

PAGE_SIZE = 500  # imports of one query
CLOCK_SECONDS = 3600  # that clocks may differ


@dataclass(frozen=True, slots=True)
class NewerImports:
    """The imports whose files arrived after that of another one."""

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
        position = (record.row_context.arrived_at, record.id)
        for newer in self._since(earliest_id(record.row_context.arrived_at)):
            if (newer.row_context.arrived_at, newer.id) <= position:
                continue
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

    def _since(self, first: str) -> Iterator[ImportRecord]:
        """Yields the imports from an id on, the newest first."""
        before = None
        while found := self.repository.newest(PAGE_SIZE, before):
            for record in found:
                if record.id < first:
                    return
                yield record
            before = found[-1].id


def earliest_id(arrived_at: str) -> str:
    """Returns an id before those of all imports whose files arrived after a time: it may be announced before that."""
    announced = datetime.fromisoformat(arrived_at) - timedelta(seconds=UPLOAD_SECONDS + CLOCK_SECONDS)
    return f"{announced.astimezone(UTC):%Y%m%dT%H%M%SZ}"
