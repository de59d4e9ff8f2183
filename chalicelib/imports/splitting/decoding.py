"""Decompresses `.gz` files, decodes bytes to text, and detects UTF-8 and invalid bytes. Pure."""

import codecs
import io
import re
import zlib
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain

from chalicelib.errors import Unreadable
from chalicelib.fields.characters import REPLACEMENT_CHARACTER

MAX_BLOCK = 1024 * 1024  # bytes unpacked at once
MAX_TEXT = 8 * 1024**3  # characters of one unpacked file: a small archive may expand without limit
BYTE_ORDER_MARK = "\ufeff"
# Python decodes an invalid byte (UTF-16: an unpaired surrogate) to a lone surrogate, which no valid text contains.
# So it is not mistaken for a U+FFFD of the file itself.
_INVALID = re.compile("[\ud800-\udfff]")
_LINE_MARK = re.compile("\n\ufeff+")
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
    """The guess that the file is UTF-8 was too early: decode it from its start again.

    `is_utf_8`: it is, but it has invalid bytes; else it is in another encoding.
    """

    def __init__(self, *, is_utf_8: bool) -> None:
        super().__init__(is_utf_8)
        self.is_utf_8 = is_utf_8


class Decoder:
    """Decodes the blocks of one file in bounded memory.

    Unless `certain`, the encoding is a guess, utf-8, which is right if the file has some letters beyond ASCII, and
    not more invalid bytes: texts in other encodings have such letters by chance. A `declared` one must fit all bytes.
    """

    def __init__(self, encoding: str, *, certain: bool = True, declared: bool = False) -> None:
        self.invalid_bytes = 0  # so far; in UTF-16, units of two bytes
        self._encoding = encoding
        self._certain = certain
        self._letters = 0  # beyond ASCII, so far
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._lenient = "surrogatepass" if encoding.startswith("utf-16") else "surrogateescape"
        self._contradiction = _Utf8Check(encoding) if declared else None
        self._newlines = io.IncrementalNewlineDecoder(None, translate=True)
        self._at_line_start = True

    def decode(self, blocks: Iterable[bytes]) -> Iterator[str]:
        """Yields the text of the blocks with line feeds as line ends and REPLACEMENT_CHARACTER for invalid bytes.

        Byte order marks at the start of lines are left out. Raises OtherEncoding, and Unreadable: truncated_file,
        wrong_encoding, file_too_large.
        """
        size = 0
        withheld = False  # no text is yielded any more, as it seems to be in another encoding
        for block in chain(filter(None, blocks), [b""]):
            text = self._decode_block(block)
            size += len(text)
            if size > MAX_TEXT:
                detail = f"The file has more than {MAX_TEXT:,} characters. Split it into smaller files."
                raise Unreadable(detail, code="file_too_large")
            withheld = withheld or not self._may_be_right
            if not withheld:
                yield self._without_marks(self._newlines.decode(text, final=not block))
        if withheld or not self._may_be_right:
            raise OtherEncoding(is_utf_8=self._may_be_right)

    @property
    def _may_be_right(self) -> bool:
        """Whether the encoding may be right, by what was read so far."""
        return self._certain or self.invalid_bytes <= self._letters

    def _without_marks(self, text: str) -> str:
        """Returns the text without byte order marks at the start of lines: files were joined, each with its own."""
        if BYTE_ORDER_MARK in text:
            text = _LINE_MARK.sub("\n", text)
            if self._at_line_start:
                text = text.lstrip(BYTE_ORDER_MARK)
        if text:
            self._at_line_start = text.endswith("\n")
        return text

    def _decode_block(self, block: bytes) -> str:
        """Returns the text of a block; an empty block ends the file."""
        is_right = self._certain or 0 < self._letters >= self.invalid_bytes
        if not block and is_right and self._decoder.getstate()[0]:
            detail = "The file ends within a character, so its end is missing. Send the whole file."
            raise Unreadable(detail, code="truncated_file")
        if self._contradiction:
            self._contradiction.check(block)
        try:
            text = self._decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            if self._contradiction:
                raise self._contradiction.unreadable(
                    f"byte {error.object[error.start]:#04x} is none"
                ) from None
            return self._decode_invalid(block)
        except UnicodeError:  # of utf-16 and utf-32, which say the byte order by a mark
            detail = f"The file was declared as {self._encoding}, but it has no byte order mark. "
            detail += f"If it is {self._encoding}, declare {self._encoding}-le or {self._encoding}-be."
            raise Unreadable(detail, code="wrong_encoding") from None
        self._count_letters(text)
        return text

    def _decode_invalid(self, block: bytes) -> str:
        """Returns the text of a block with invalid bytes."""
        self._decoder.errors = self._lenient
        text = self._decoder.decode(block, final=not block)
        self._decoder.errors = "strict"
        self._count_letters(_INVALID.sub("", text))
        text, invalid = _INVALID.subn(REPLACEMENT_CHARACTER, text)
        self.invalid_bytes += invalid
        return text

    def _count_letters(self, text: str) -> None:
        if not self._certain and not text.isascii():
            self._letters += len(text) - len(text.encode("ascii", "ignore"))


class _Utf8Check:
    """Finds that a file which was declared to be in another encoding is UTF-8: nothing else looks like it."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._utf_8 = codecs.getincrementaldecoder("utf-8")()
        self._fits, self._ascii = True, True

    def check(self, block: bytes) -> None:
        """Looks at the next block, an empty one at the end. Raises Unreadable: wrong_encoding."""
        if self._fits:
            self._ascii = self._ascii and block.isascii()
            try:
                self._utf_8.decode(block, final=not block)
            except UnicodeDecodeError:
                self._fits = False
        if not block and self._fits and not self._ascii:
            raise self.unreadable("it is UTF-8")

    def unreadable(self, why: str) -> Unreadable:
        """Returns the error of a file that is not in its declared encoding."""
        detail = f"The file was declared as {self._encoding}, but {why}. Declare its encoding, or save it as UTF-8."
        return Unreadable(detail, code="wrong_encoding")
