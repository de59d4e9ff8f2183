"""What a worker that writes chunks keeps from one step to the next.

When a step is done, the worker that did it is usually the only one without work, so it gets the message that follows.
"""

from concurrent.futures import Future, ThreadPoolExecutor

from chalicelib.imports.records.model import ImportRecord
from chalicelib.imports.records.storage import ImportStorage
from chalicelib.imports.rows.member_row import MemberRow
from chalicelib.imports.rows.row_hashes import Dependencies

from .parts import ImportParts


class ReadAhead:
    """The rows of the chunk that comes next, read while another is written, and the dependencies of one import."""

    def __init__(self, storage: ImportStorage) -> None:
        self._storage = storage
        self._pool = ThreadPoolExecutor(1)  # its thread starts with the first chunk
        self._next: tuple[str, int] | None = None
        self._rows: Future[bytes] | None = None
        self._import_id = ""
        self._dependencies: Dependencies | None = None

    def start(self, record: ImportRecord, number: int) -> None:
        """Starts to read the rows of a chunk, if the import has it."""
        if number < record.chunks:
            parts = ImportParts(self._storage, record)
            self._next, self._rows = (record.id, number), self._pool.submit(parts.rows_text, number)

    def rows(self, record: ImportRecord, number: int) -> list[MemberRow]:
        """Returns the rows of a chunk."""
        text = self._take(record, number)
        parts = ImportParts(self._storage, record)
        return parts.rows(parts.rows_text(number) if text is None else text)

    def dependencies(self, record: ImportRecord) -> Dependencies:
        """Returns which rows of an import may concern each other: 4 bytes or more for each row."""
        if self._dependencies is None or self._import_id != record.id:
            self._dependencies = ImportParts(self._storage, record).dependencies()
            self._import_id = record.id
        return self._dependencies

    def _take(self, record: ImportRecord, number: int) -> bytes | None:
        """Returns what was read, None if that was another chunk, or failed: Lambda stops threads between messages."""
        rows, self._rows = self._rows, None
        if rows is None or self._next != (record.id, number) or rows.exception():
            return None
        return rows.result()
