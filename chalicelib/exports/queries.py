"""Reads exports for the API. Changes nothing."""

from chalicelib.errors import NotFound
from chalicelib.links import Link
from chalicelib.pages import filtered_page
from chalicelib.scope import Scope
from chalicelib.timed_ids import is_timed_id

from .model import ExportRecord
from .repository import ExportRepository
from .storage import ExportStorage


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

        A page holds fewer than `limit`, or none, if pages.MAX_READ records contain no more.
        """
        if scope.accounts is None:
            records = self._repository.newest(before)
        else:
            records = self._repository.of_accounts(scope.accounts, limit + 1, before)
        return filtered_page(records, lambda record: record.visible_to(scope), limit, before)
