"""The file in a request, or its start, in place of one in the bucket. Pure."""

import io
from collections.abc import Generator
from typing import Any

from chalicelib.errors import Unreadable
from chalicelib.imports.records.model import ImportRecord, Source
from chalicelib.imports.text.file_names import is_workbook

from .unpacking import unpacked_blocks

PREVIEW_BYTES = 64 * 1024  # of the unpacked file; as characters, a chunk


class SentFile:
    """A file in memory, in place of the bucket's: see unpacking.Files."""

    chunk_size = PREVIEW_BYTES

    def __init__(self, body: bytes) -> None:
        self._body = body

    def blocks(self, _source: Source) -> Generator[bytes]:
        """Yields the file at once."""
        yield self._body

    def seekable(self, _source: Source) -> Any:
        """Returns the file."""
        return _SeekableBytes(self._body)


class _SeekableBytes(io.BytesIO):
    limit: int | None = None  # nothing is fetched


def needs_whole_file(name: str) -> bool:
    """Returns whether a file of this name cannot be read by its start: its directory is at its end."""
    return is_workbook(name) or name.lower().endswith(".zip")


def unpacked_start(file: SentFile, record: ImportRecord, *, partial: bool) -> tuple[bytes, bool]:
    """Returns the first PREVIEW_BYTES of a file, unpacked, and whether there are more. Raises Unreadable."""
    start = bytearray()
    with unpacked_blocks(file, record.source) as blocks:
        try:
            for block in blocks:
                start += block
                if len(start) > PREVIEW_BYTES:
                    return bytes(start[:PREVIEW_BYTES]), True
        except Unreadable:
            if not (partial and start):  # the start of an archive ends too early
                raise
    return bytes(start), partial


def whole_lines(start: bytes, encoding: str) -> bytes:
    """Returns the start of a file up to the end of its last whole line. Raises Unreadable if it has none."""
    wide = encoding.startswith("utf-16")
    big_endian = encoding == "utf-16-be" or start.startswith(b"\xfe\xff")
    for ending in (b"\n", b"\r"):
        mark = (b"\0" + ending if big_endian else ending + b"\0") if wide else ending
        end = start.rfind(mark)
        while wide and end % 2 and end > 0:
            end = start.rfind(mark, 0, end)
        if end > 0:
            return start[: end + len(mark)]
    raise Unreadable(
        f"The first line has more than {PREVIEW_BYTES:,} bytes. Shorten it.", code="row_too_long"
    )
