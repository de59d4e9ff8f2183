"""From the bytes of a file to its text: which encoding it has, and which of its bytes are no characters. Pure."""

import codecs
import io
import re
from collections.abc import Iterable, Iterator
from itertools import chain

from chalicelib.errors import Unreadable

from .csv_reader import UNREADABLE

MAX_TEXT = 8 * 1024**3  # characters of one file, unpacked: a small archive may expand without limit
FALLBACK = "windows-1252"  # of a file without any valid multi-byte UTF-8 sequence
# Python decodes an invalid byte (UTF-16: an unpaired surrogate) to a lone surrogate, which no valid text holds.
# So it is never mistaken for a U+FFFD that the file itself contains.
_INVALID = re.compile("[\ud800-\udfff]")
_MULTI_BYTE = re.compile("[^\0-\x7f\ud800-\udfff]")


class OtherEncoding(Exception):
    """The file must be read again from its start, in `encoding`."""

    def __init__(self, encoding: str) -> None:
        super().__init__(encoding)
        self.encoding = encoding


class Decoder:
    """Decodes the blocks of one file, in bounded memory.

    With `certain` false the encoding is a guess, utf-8, that one valid multi-byte sequence anywhere confirms.
    """

    def __init__(self, encoding: str, *, certain: bool = True) -> None:
        self.invalid = 0  # bytes (UTF-16: units) so far that are no characters
        self._certain = certain
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._lenient = "surrogatepass" if encoding == "utf-16" else "surrogateescape"
        self._newlines = io.IncrementalNewlineDecoder(None, translate=True)

    def texts(self, blocks: Iterable[bytes]) -> Iterator[str]:
        """Yields the text of the blocks, every line end as a line feed, each invalid byte as UNREADABLE.

        Raises OtherEncoding, and Unreadable: truncated_file, file_too_large.
        """
        size = 0
        guessing = (
            False  # an invalid byte came before any evidence: only evidence is looked for from there on
        )
        for block in chain(filter(None, blocks), [b""]):
            text = self._decode(block)
            size += len(text)
            if size > MAX_TEXT:
                raise Unreadable("The file is too large.", code="file_too_large")
            if guessing and self._certain:
                raise OtherEncoding("utf-8")
            guessing = self.invalid > 0 and not self._certain
            if not guessing:
                yield self._newlines.decode(text, final=not block)
        if guessing:
            raise OtherEncoding(FALLBACK)

    def _decode(self, block: bytes) -> str:
        """The text of a block; an empty block is the end of the file."""
        if not block and self._certain and self._decoder.getstate()[0]:
            raise Unreadable(
                "The file ends within a character, so the end of it is missing. Send the whole file.",
                code="truncated_file",
            )
        try:
            text = self._decoder.decode(block, final=not block)
        except UnicodeDecodeError:
            text = self._decode_invalid(block)
        else:
            self._certain = self._certain or not text.isascii()
        return text

    def _decode_invalid(self, block: bytes) -> str:
        """The text of a block with invalid bytes."""
        self._decoder.errors = self._lenient
        text = self._decoder.decode(block, final=not block)
        self._decoder.errors = "strict"
        self._certain = self._certain or _MULTI_BYTE.search(text) is not None
        text, invalid = _INVALID.subn(UNREADABLE, text)
        self.invalid += invalid
        return text
