"""Splits a dropped object into chunks: any size, encoding and compression, in bounded memory."""

import secrets
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import islice

from chalicelib.clock import now
from chalicelib.errors import Unreadable

from .chunk_reader import last_trailer_rows, trailer_rows
from .chunking import chunks, detect_delimiter
from .column_names import field_of
from .columns import Header
from .csv_reader import RejectedRow, Row, rows
from .decoding import Decoder, OtherEncoding, unpack
from .joined_files import without_marks
from .model import ImportRecord, Source
from .storage import ImportStorage

PUTS_IN_FLIGHT = 4  # chunks that are stored while the next is read


def split_object(storage: ImportStorage, record: ImportRecord) -> ImportRecord:
    """Stores the chunks of the import's object, and returns the record, ready to load. Raises Unreadable."""
    encoding = _detect_encoding(storage, record.source)
    try:
        return _store_chunks(storage, record, encoding or "utf-8", certain=encoding is not None)
    except OtherEncoding as found:
        # No row is loaded before the whole file is split, so the split can start again.
        return _store_chunks(storage, record, found.encoding, certain=True)


@contextmanager
def _opened(storage: ImportStorage, source: Source) -> Iterator[Iterator[bytes]]:
    """Yields the object's blocks, unpacked; closes the connection even if not all are read."""
    with closing(storage.blocks(source)) as blocks:
        yield unpack(blocks) if source.key.lower().endswith(".gz") else blocks


def _detect_encoding(storage: ImportStorage, source: Source) -> str | None:
    """Returns the encoding that a byte order mark names, None without one. Raises Unreadable for binary files."""
    start = b""
    with _opened(storage, source) as blocks:
        while (
            len(start) < 4 and (block := next(blocks, None)) is not None
        ):  # an archive's blocks may be short
            start += block
    if start.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) and not start.startswith(b"\xff\xfe\0\0"):  # UTF-32
        return "utf-16"
    if b"\0" in start:
        raise Unreadable("This is a binary file, not a CSV.", code="binary_file")
    return None


def _store_chunks(
    storage: ImportStorage, record: ImportRecord, encoding: str, *, certain: bool
) -> ImportRecord:
    """Stores the chunks, and returns the record with its columns and number of chunks.

    Raises Unreadable, and OtherEncoding if the encoding was a guess and is wrong.
    """
    decoder = Decoder(encoding, certain=certain)
    waiting: deque[Future[None]] = deque()
    number, columns, only_header = 0, [], True
    # A new folder for each run: an event may arrive twice, and two runs must not overwrite each other's chunks.
    folder = f"{record.id}/{secrets.token_hex(4)}"
    with _opened(storage, record.source) as raw, ThreadPoolExecutor(PUTS_IN_FLIGHT) as pool:
        delimiter, blocks = detect_delimiter(without_marks(decoder.decode(raw)), field_of)
        for chunk in chunks(blocks, storage.chunk_size, delimiter):
            if not number:
                found = rows(chunk, delimiter)
                columns = _columns(next(found, None), record)
                second = list(islice(found, 2))
                only_header = not second or (len(second) == 1 and trailer_rows(second[0]) is not None)
            waiting.append(pool.submit(storage.put_chunk, folder, number, chunk))
            number += 1
            if len(waiting) > PUTS_IN_FLIGHT:
                waiting.popleft().result()
        for put in waiting:
            put.result()
    if not number:
        raise Unreadable("The file is empty.", code="empty_file")
    if number == 1 and only_header:
        raise Unreadable("The file has a header and no rows.", code="no_rows")
    changes = {"columns": columns, "encoding": encoding, "delimiter": delimiter, "chunks": number}
    changes |= {"invalid_bytes": decoder.invalid_bytes}
    changes |= _trailer(record, last_trailer_rows(chunk, delimiter))
    changes |= {"folder": folder, "status": "loading", "stage": "read" if number > 1 else "load"}
    return record.model_copy(update={**changes, "loading_at": now()})


def _trailer(record: ImportRecord, found: int | None) -> dict[str, object]:
    """Returns what a trailer with this number of rows changes in the record. Raises Unreadable."""
    if found is None:
        return {}
    if record.rows not in (None, found):
        detail = f"The last line says that the file has {found:,} rows, but {record.rows:,} were announced."
        raise Unreadable(detail, code="rows_differ")
    return {"rows": found, "has_trailer": True}


def _columns(header: Row | RejectedRow | None, record: ImportRecord) -> list[str]:
    """Returns the column names of a file by its first row. Raises Unreadable."""
    if header is None:
        raise Unreadable("The file is empty.", code="empty_file")
    if isinstance(header, RejectedRow):
        raise Unreadable(f"The first line cannot be read: {header.reason}", code=header.code)
    Header(header.cells, record.account_id, record.column_map, record.mode).check_length()
    return header.cells
