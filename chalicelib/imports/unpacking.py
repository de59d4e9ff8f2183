"""Unpacks `.gz` files in bounded memory. Pure."""

import zlib
from collections.abc import Iterable, Iterator
from functools import partial

from chalicelib.errors import Unreadable

MAX_BLOCK = 1024 * 1024  # bytes unpacked at once
_unpacker = partial(zlib.decompressobj, wbits=zlib.MAX_WBITS | 16)  # 16: gzip's header and checksum


def unpack(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yields the unpacked blocks of a .gz file, of all its members. Raises Unreadable."""
    unpacker = _unpacker()
    for block in blocks:
        data = block
        while data:
            if unpacker.eof:
                if not data.strip(b"\0"):
                    break  # padding
                unpacker = _unpacker()
            try:
                yield unpacker.decompress(data, MAX_BLOCK)
            except zlib.error:
                detail = (
                    "The file is not a gzip archive, or it is damaged. Pack it with gzip, or send the CSV."
                )
                raise Unreadable(detail, code="not_gzip") from None
            data = unpacker.unconsumed_tail or unpacker.unused_data
    yield unpacker.flush()
    if not unpacker.eof:
        raise Unreadable("The gzip archive is incomplete. Send the whole file.", code="not_gzip")
