"""The formats of exports: members as bytes of a file, packed or not. Pure."""

import zlib
from functools import partial

import orjson

from chalicelib.cells.csv_text import BYTE_ORDER_MARK, csv_text
from chalicelib.cells.spreadsheets import exported_cell
from chalicelib.members.model import Member, NewMember

from .model import Format

COLUMNS = tuple(NewMember.model_fields)
CONTENT_TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "csv.gz": "application/gzip",
    "ndjson": "application/x-ndjson",
}
_GZIP = 16 + zlib.MAX_WBITS  # with gzip's header and checksum
_packer = partial(zlib.compressobj, wbits=_GZIP)


class FileBuffer:
    """The end of a file that is not stored yet, from `pending`, which `take` returned before, on.

    What `take` returns are pieces of the file: each piece of a .gz file is a member of it, and any number of those
    may follow each other (RFC 1952, 2.2).
    """

    def __init__(self, format_: Format, pending: bytes = b"") -> None:
        self._packer = _packer() if format_ == "csv.gz" else None
        self._bytes = bytearray(pending)

    @property
    def size(self) -> int:
        """The number of its bytes so far; of a .gz file the last few are still to come."""
        return len(self._bytes)

    def add(self, text: bytes) -> None:
        """Adds a piece of the unpacked file."""
        self._bytes += self._packer.compress(text) if self._packer else text

    def take(self) -> bytes:
        """Returns all of it, and leaves it empty."""
        if self._packer:
            self._bytes += self._packer.flush()
            self._packer = _packer()
        taken = bytes(self._bytes)
        self._bytes.clear()
        return taken


def file_start(format_: Format) -> bytes:
    """Returns what comes before the first member of an unpacked file."""
    return b"" if format_ == "ndjson" else (BYTE_ORDER_MARK + csv_text([COLUMNS])).encode()


def line_of(format_: Format, member: Member) -> bytes:
    """Returns the line of a member in an unpacked file."""
    if format_ == "ndjson":
        return orjson.dumps(member.model_dump()) + b"\n"
    return csv_text([_cells(member)]).encode()


def _cells(member: Member) -> list[str]:
    """Returns the cells of a member. An E.164 phone number keeps its plus, as in rejected.csv: it is no formula."""
    values = member.writable()
    return [values[name] if name == "phone_number" else exported_cell(values[name]) for name in COLUMNS]
