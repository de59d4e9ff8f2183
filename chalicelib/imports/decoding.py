"""Decompresses `.gz` files, decodes bytes to text, and detects the encoding and invalid bytes. Pure."""

import codecs
import io
import re
import zlib
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain

from chalicelib.errors import Unreadable

MAX_BLOCK = 1024 * 1024  # bytes unpacked at once
MAX_TEXT = 8 * 1024**3  # characters of one unpacked file: a small archive may expand without limit
FALLBACK = "windows-1252"  # of a file without any valid multi-byte UTF-8 sequence
REPLACEMENT_CHARACTER = "\ufffd"  # replaces each invalid byte
# Python decodes an invalid byte (UTF-16: an unpaired surrogate) to a lone surrogate, which no valid text contains.
# So it is not mistaken for a U+FFFD of the file itself.
_INVALID = re.compile("[\ud800-\udfff]")
_MULTI_BYTE = re.compile("[^\0-\x7f\ud800-\udfff]")
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


class OtherEncoding(Exception):
    """The guessed encoding is wrong: decode the file from its start again, in `encoding`."""

    def __init__(self, encoding: str) -> None:
        super().__init__(encoding)
        self.encoding = encoding


class Decoder:
    """Decodes the blocks of one file in bounded memory.

    Unless `certain`, the encoding is a guess, utf-8, which one valid multi-byte sequence anywhere confirms.
    """

    def __init__(self, encoding: str, *, certain: bool = True) -> None:
        self.invalid_bytes = 0  # so far; in UTF-16, units of two bytes
        self._certain = certain
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._lenient = "surrogatepass" if encoding == "utf-16" else "surrogateescape"
        self._newlines = io.IncrementalNewlineDecoder(None, translate=True)

    def decode(self, blocks: Iterable[bytes]) -> Iterator[str]:
        """Yields the text of the blocks with line feeds as line ends and REPLACEMENT_CHARACTER for invalid bytes.

        Raises OtherEncoding, and Unreadable: truncated_file, file_too_large.
        """
        size = 0
        undecided = False  # an invalid byte came before any evidence: no text is yielded from then on
        for block in chain(filter(None, blocks), [b""]):
            text = self._decode_block(block)
            size += len(text)
            if size > MAX_TEXT:
                detail = f"The file has more than {MAX_TEXT:,} characters. Split it into smaller files."
                raise Unreadable(detail, code="file_too_large")
            if undecided and self._certain:
                raise OtherEncoding("utf-8")
            undecided = self.invalid_bytes > 0 and not self._certain
            if not undecided:
                yield self._newlines.decode(text, final=not block)
        if undecided:
            raise OtherEncoding(FALLBACK)

    def _decode_block(self, block: bytes) -> str:
        """Returns the text of a block; an empty block ends the file."""
        if not block and self._certain and self._decoder.getstate()[0]:
            detail = "The file ends within a character, so its end is missing. Send the whole file."
            raise Unreadable(detail, code="truncated_file")
        try:
            text = self._decoder.decode(block, final=not block)
        except UnicodeDecodeError:
            return self._decode_invalid(block)
        self._certain = self._certain or not text.isascii()
        return text

    def _decode_invalid(self, block: bytes) -> str:
        """Returns the text of a block with invalid bytes."""
        self._decoder.errors = self._lenient
        text = self._decoder.decode(block, final=not block)
        self._decoder.errors = "strict"
        self._certain = self._certain or _MULTI_BYTE.search(text) is not None
        text, invalid = _INVALID.subn(REPLACEMENT_CHARACTER, text)
        self.invalid_bytes += invalid
        return text
