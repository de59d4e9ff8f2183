"""Reads exports for the API. Changes nothing."""

from itertools import islice

from chalicelib.errors import NotFound
from chalicelib.links import Link
from chalicelib.scope import Scope
from chalicelib.timed_ids import is_timed_id

from .model import ExportRecord
from .repository import ExportRepository
from .storage import ExportStorage

MAX_READ = 2000  # records per page of the list, which is filtered while it is read


class ExportQueries:
    """The questions that the API asks about exports."""

    def __init__(self, repository: ExportRepository, storage: ExportStorage) -> None:
        self._repository = repository
        self._storage = storage

    def get(self, export_id: str, scope: Scope) -> ExportRecord:
        """Returns an export. Raises NotFound, also for one of an account outside the scope."""
        # Other texts may exceed DynamoDB's key length.
        record = self._repository.get(export_id) if is_timed_id(export_id) else None
        if record is None or not record.visible_to(scope):
            raise NotFound("No export has this id.", code="export_not_found")
        return record

    def link(self, record: ExportRecord) -> Link | None:
        """Returns the link to an export's file, None if there is none. Raises NotFound after it has expired."""
        completed = record.finished_at and not record.error
        return self._storage.link(record) if completed else None

    def visible_page(
        self, scope: Scope, limit: int, before: str | None
    ) -> tuple[list[ExportRecord], str | None]:
        """Returns visible exports, the newest first, and the cursor of the next page, None on the last page.

        A page holds fewer than `limit`, or none, if MAX_READ records contain no more.
        """
        found: list[ExportRecord] = []
        read = 0
        for record in islice(self._repository.newest(before), MAX_READ):
            if record.visible_to(scope):
                if len(found) == limit:
                    return found, found[-1].id
                found.append(record)
            before = record.id
            read += 1
        return found, before if read == MAX_READ else None
