"""Reads imports, their reports and the outcomes of their rows for the API. Changes nothing."""

import csv
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from chalicelib.cells.escaping import unescape
from chalicelib.errors import InvalidCursor, NotFound
from chalicelib.imports.records.import_filter import ImportFilter
from chalicelib.imports.records.import_ids import is_import_id
from chalicelib.imports.records.model import ImportRecord
from chalicelib.imports.records.repository import ImportRepository
from chalicelib.imports.records.storage import CHANGES, ImportStorage
from chalicelib.links import Link
from chalicelib.pages import filtered_page
from chalicelib.scope import Scope

from .changes import HEADER as CHANGES_HEADER
from .changes import changes_page, read_change
from .polling import is_settled
from .results import rejected_header, rejected_page
from .row_search import find_row

REPORT = "report.json"
REJECTED = "rejected.csv"
READ_SIZE = 500  # records per query, where the list of all imports is filtered by status while it is read
WAIT_INTERVAL = 0.5  # seconds between two reads of an import that a caller waits for

Rows = list[dict[str, Any]]


class ChangesPage(NamedTuple):
    """Some rows of changes.csv (see changes.changes_page), and the cursor of the next page, None on the last page."""

    rows: Rows
    next_cursor: str | None


class RejectedPage(NamedTuple):
    """Some rejected rows (see results.rejected_page), and the cursor of the next page, None on the last page."""

    columns: list[str]
    rows: Rows
    next_cursor: str | None


ALL_IMPORTS = ImportFilter()


class ImportQueries:
    """The questions that the API asks about imports."""

    def __init__(
        self,
        repository: ImportRepository,
        storage: ImportStorage,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._repository = repository
        self._storage = storage
        self._clock, self._sleep = clock, sleep

    def get(self, import_id: str) -> ImportRecord:
        """Returns the import. Raises NotFound."""
        if not is_import_id(import_id):  # it may exceed DynamoDB's key length
            raise NotFound("No import has this id.", code="import_not_found")
        return self._repository.get(import_id)

    def wait(self, record: ImportRecord, seconds: float) -> ImportRecord:
        """Returns the import as it is once it has ended or waits for approval, or after so many seconds."""
        end = self._clock() + seconds
        while not is_settled(record) and (left := end - self._clock()) > 0:
            self._sleep(min(left, WAIT_INTERVAL))
            record = self._repository.get(record.id)
        return record

    def visible_page(
        self, scope: Scope, limit: int, before: str | None, wanted: ImportFilter = ALL_IMPORTS
    ) -> tuple[list[ImportRecord], str | None]:
        """Returns visible imports, the newest first, and the cursor of the next page, None on the last page.

        A page holds fewer than `limit`, or none, if pages.MAX_READ records contain no more.
        """
        accounts = scope.accounts if wanted.account_id is None else {wanted.account_id}
        if accounts is not None:
            records = self._repository.of_accounts(accounts, limit + 1, before)
        else:
            records = self._newest(limit + 1 if wanted == ALL_IMPORTS else READ_SIZE, before)

        def selects(record: ImportRecord) -> bool:
            return record.visible_to(scope) and wanted.selects(record)

        return filtered_page(records, selects, limit, before)

    def _newest(self, size: int, before: str | None) -> Iterator[ImportRecord]:
        """Yields all imports, the newest first, reading `size` at a time."""
        while records := self._repository.newest(size, before):
            yield from records
            before = records[-1].id

    def upload_origin(self) -> str:
        """Returns scheme and host of upload links."""
        parts = urlsplit(self._storage.upload_link("any").url)
        return f"{parts.scheme}://{parts.netloc}"

    def report(self, record: ImportRecord) -> str:
        """Returns the report of an ended import, as JSON text. Raises NotFound."""
        if not _has_results(record) or not record.notified:
            raise NotFound(f"There is no report: the import is {record.shown().status}.", code="no_results")
        return self._storage.result(record.id, REPORT).decode()

    def rejected_link(self, record: ImportRecord) -> Link:
        """Returns the link to download an ended import's rejected.csv. Raises NotFound."""
        return self._link(record, REJECTED)

    def changes_link(self, record: ImportRecord) -> Link:
        """Returns the link to download an ended import's changes.csv. Raises NotFound."""
        return self._link(record, CHANGES)

    def _link(self, record: ImportRecord, name: str) -> Link:
        _check_rows(record)
        self._storage.result_size(record.id, name)  # raises NotFound: a link itself is never checked
        return self._storage.result_link(record.id, name)

    def changes_page(
        self, record: ImportRecord, limit: int, cursor: str | None, outcome: str | None = None
    ) -> ChangesPage:
        """Returns at most `limit` rows with this outcome, in file order; the cursor is an offset in changes.csv.

        A page holds fewer, or none, if few rows have the outcome. Raises InvalidCursor, NotFound.
        """
        _check_rows(record)
        read = partial(changes_page, limit=limit, outcome=outcome)
        return ChangesPage(*self._page(record, CHANGES, CHANGES_HEADER, cursor, read))

    def changed_row(self, record: ImportRecord, line: int) -> ChangesPage:
        """Returns the row of a line of the file, none if the file has no row there. Raises NotFound."""
        _check_rows(record)
        size = self._storage.result_size(record.id, CHANGES)
        start = len(CHANGES_HEADER.encode())
        found = find_row(lambda at: self._storage.result_lines(record.id, CHANGES, at)[0], start, size, line)
        return ChangesPage([read_change(found.decode())] if found else [], None)

    def rejected_page(
        self, record: ImportRecord, limit: int, cursor: str | None, code: str | None = None
    ) -> RejectedPage:
        """Returns at most `limit` rejected rows with this code, in file order; the cursor is an offset in the file.

        A page holds fewer, or none, if few rows have the code. Raises InvalidCursor, NotFound.
        """
        _check_rows(record)
        header = self._repository.header(record)
        read = partial(rejected_page, header, limit=limit, code=code)
        rows, following = self._page(record, REJECTED, rejected_header(header), cursor, read)
        columns = [unescape(header.columns[i]) for i in header.original_indexes]
        return RejectedPage(columns, rows, following)

    def _page(
        self,
        record: ImportRecord,
        name: str,
        header: str,
        cursor: str | None,
        read: Callable[[Iterator[bytes]], tuple[Rows, int]],
    ) -> tuple[Rows, str | None]:
        """Returns the rows that `read` finds in a result from the cursor on, and the next cursor.

        `read` returns how many bytes they took, too. Raises InvalidCursor, NotFound.
        """
        try:
            start = len(header.encode()) if cursor is None else int(cursor)
            lines, size = self._storage.result_lines(record.id, name, start)
            with closing(lines):
                rows, taken = read(lines)
        except (ValueError, IndexError, csv.Error):
            raise InvalidCursor from None
        end = start + taken
        return rows, str(end) if end < size else None


def _has_results(record: ImportRecord) -> bool:
    """Returns whether the results are written: of an import that waits for approval, those so far."""
    return bool(record.finished_at) or record.status == "awaiting_approval"


def _check_rows(record: ImportRecord) -> None:
    """Raises NotFound for an import without a rejected.csv and changes.csv."""
    if not _has_results(record) or not record.chunks:
        detail = f"There are no rows: the import is {record.shown().status}."
        raise NotFound(detail, code="no_results")
    if record.error and record.error.code == "report_failed":
        raise NotFound("The rows could not be written.", code="no_results")
