"""From a dropped object to chunks: any size, encoding and packing, in bounded memory."""

import secrets
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager

from chalicelib.clock import now
from chalicelib.errors import Unreadable
from chalicelib.fields.phone import is_region

from .columns import Header, field_of
from .csv_reader import Row, delimited, pieces, rows, unpacked
from .decoding import Decoder, OtherEncoding
from .drop_key import check_key
from .model import ImportRecord, Source
from .storage import ImportStorage

PUTS_IN_FLIGHT = 4  # chunks being stored while the next is cut


def split_object(store: ImportStorage, record: ImportRecord) -> ImportRecord:
    """Stores the chunks of the import's object; the record with what the load needs. Raises Unreadable."""
    check_key(record.source.key)
    if record.region is not None and not is_region(record.region):
        raise Unreadable(f"There is no phone region {record.region[:64]!r}.", code="unknown_region")
    encoding = _byte_order_mark(store, record.source)
    try:
        return _store_chunks(store, record, encoding or "utf-8", certain=encoding is not None)
    except OtherEncoding as found:
        # Nothing is loaded before the whole file is cut, so it can be read a second time.
        return _store_chunks(store, record, found.encoding, certain=True)


@contextmanager
def _opened(store: ImportStorage, source: Source) -> Iterator[Iterator[bytes]]:
    """The bytes of the object, unpacked; its connection is closed even where it is not read to the end."""
    with closing(store.blocks(source)) as blocks:
        yield unpacked(blocks) if source.key.lower().endswith(".gz") else blocks


def _byte_order_mark(store: ImportStorage, source: Source) -> str | None:
    start = b""
    with _opened(store, source) as blocks:
        while (
            len(start) < 4 and (block := next(blocks, None)) is not None
        ):  # an archive's blocks may be short
            start += block
    if start.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) and not start.startswith(b"\xff\xfe\0\0"):  # UTF-32
        return "utf-16"
    if b"\0" in start:
        raise Unreadable("This is a binary file, not a CSV.", code="not_text")
    return None


def _store_chunks(
    store: ImportStorage, record: ImportRecord, encoding: str, *, certain: bool
) -> ImportRecord:
    """The record with the columns of the header and the number of chunks that were stored.

    Raises Unreadable, and OtherEncoding where the encoding was not certain and is another.
    """
    decoder = Decoder(encoding, certain=certain)
    waiting: deque[Future[None]] = deque()
    number, columns, only_header = 0, [], True
    # Of this run's own: an event may come twice, and where two runs cut at once each must find what it has stored.
    folder = f"{record.id}/{secrets.token_hex(4)}"
    with _opened(store, record.source) as raw, ThreadPoolExecutor(PUTS_IN_FLIGHT) as pool:
        delimiter, blocks = delimited(decoder.texts(raw), field_of)
        for piece in pieces(blocks, store.settings.chunk_size, delimiter):
            if not number:
                found = rows(piece, delimiter)
                columns = _columns(next(found, None), record)
                only_header = next(found, None) is None
            waiting.append(pool.submit(store.put_chunk, folder, number, piece))
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
    changes |= {"invalid_bytes": decoder.invalid}
    return record.model_copy(update={**changes, "folder": folder, "status": "loading", "loading_at": now()})


def _columns(header: Row | None, record: ImportRecord) -> list[str]:
    """The columns that the first row of a file names. Raises Unreadable."""
    if header is None:
        raise Unreadable("The file is empty.", code="empty_file")
    if header.code:
        raise Unreadable(f"The first line cannot be read: {header.reason}", code=header.code)
    Header(header.cells, record.account_id).check_length()
    return header.cells
