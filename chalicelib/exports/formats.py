"""The formats of exports: members as bytes of a file, packed or not. Pure."""

import zlib
from collections.abc import Iterable
from functools import partial

import orjson

from chalicelib.cells.csv_lines import BYTE_ORDER_MARK, csv_lines
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
        self._format = format_
        self._packer = _packer() if format_ == "csv.gz" else None
        self._bytes = bytearray(pending)

    @property
    def size(self) -> int:
        """The number of its bytes so far; of a .gz file the last few are still to come."""
        return len(self._bytes)

    def start(self) -> None:
        """Adds what comes before the first member."""
        if self._format != "ndjson":
            self._add((BYTE_ORDER_MARK + csv_lines([COLUMNS])).encode())

    def add(self, members: Iterable[Member]) -> None:
        """Adds members."""
        self._add(_json_lines(members) if self._format == "ndjson" else _csv_lines(members))

    def _add(self, data: bytes) -> None:
        self._bytes += self._packer.compress(data) if self._packer else data

    def take(self) -> bytes:
        """Returns all of it, and leaves it empty."""
        if self._packer:
            self._bytes += self._packer.flush()
            self._packer = _packer()
        taken = bytes(self._bytes)
        self._bytes.clear()
        return taken


def _json_lines(members: Iterable[Member]) -> bytes:
    return b"".join(orjson.dumps(member.model_dump()) + b"\n" for member in members)


def _csv_lines(members: Iterable[Member]) -> bytes:
    return csv_lines(map(_cells, members)).encode()


def _cells(member: Member) -> list[str]:
    """Returns the cells of a member. An E.164 phone number keeps its plus, as in rejected.csv: it is no formula."""
    values = member.writable()
    return [values[name] if name == "phone_number" else exported_cell(values[name]) for name in COLUMNS]
