"""Splits and reads one file in memory: no bucket, no table."""

import io
from collections.abc import Generator
from typing import Any

from chalicelib.clock import now
from chalicelib.fields.phone import PhoneRule
from chalicelib.imports.records.import_ids import new_import_id
from chalicelib.imports.records.model import ImportRecord, Source
from chalicelib.imports.records.storage import ImportStorage
from chalicelib.imports.rows.chunk_reader import data_rows, read_chunk
from chalicelib.imports.rows.columns import Header
from chalicelib.imports.splitting.splitter import split_object
from chalicelib.imports.text.csv_reader import Chunk
from chalicelib.members.model import NewMember


class _SeekableFile(io.BytesIO):
    """What storage.ObjectFile is to its readers."""

    limit: int | None = None


class MemoryStorage(ImportStorage):
    """Holds one file and its chunks."""

    def __init__(self, body: bytes) -> None:
        self.chunk_size = 300
        self.body = body
        self.chunks: dict[tuple[str, int], Chunk] = {}

    def blocks(self, source: Source) -> Generator[bytes]:  # noqa: ARG002 (it holds one file)
        """Yields the file."""
        yield from (self.body[i : i + 100] for i in range(0, len(self.body), 100))

    def seekable(self, source: Source) -> Any:  # noqa: ARG002 (it holds one file)
        """Returns the file."""
        return _SeekableFile(self.body)

    def put_chunk(self, folder: str, number: int, chunk: Chunk) -> None:
        """Keeps the chunk."""
        self.chunks[folder, number] = chunk


def members(body: bytes, encoding: str | None = None, key: str = "drops/x.csv") -> list[NewMember]:
    """Returns the members that an import of this file would write. Raises Unreadable."""
    storage, source = MemoryStorage(body), Source(bucket="b", key=key)
    record = ImportRecord(
        id=new_import_id(),
        status="splitting",
        mode="create",
        source=source,
        created_at=now(),
        encoding=encoding,
    )
    record = split_object(storage, record)
    found = []
    for number in range(record.chunks):
        chunk = storage.chunks[record.folder, number]
        rows = data_rows(chunk, record.dialect, record.header_line, first=number == 0, trailer=False)
        found += [
            row.member
            for row in read_chunk(
                rows, Header(record.columns), PhoneRule(), record.scope, literal=bool(record.dialect.escape)
            ).rows
        ]
    return found
