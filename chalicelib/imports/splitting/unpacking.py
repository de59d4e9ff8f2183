"""Opens a file of the bucket, packed or not, as blocks of bytes in bounded memory."""

import io
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Protocol
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from chalicelib.errors import Unreadable
from chalicelib.imports.records.model import Source
from chalicelib.imports.text.file_names import is_plain_roster

from .decoding import MAX_BLOCK, unpack

if TYPE_CHECKING:
    from .workbooks import Sheets

MAX_DIRECTORY = 4 * MAX_BLOCK  # bytes that are read to list the files of an archive
_ENCRYPTED = 1  # a flag of a file in an archive
_SYSTEM_FILES = ("__macosx/", ".ds_store")  # what macOS adds to archives


class Files(Protocol):
    """Where files are read from: the bucket, or the body of a request. `chunk_size` is the characters of a chunk."""

    chunk_size: int

    def blocks(self, source: Source) -> Generator[bytes]:
        """Yields the bytes of a file, block by block."""
        ...

    def seekable(self, source: Source) -> Any:
        """Returns a file to read from any place, with the `limit` of storage.ObjectFile."""
        ...


@contextmanager
def unpacked_blocks(storage: Files, source: Source) -> Iterator[Iterator[bytes]]:
    """Yields the object's blocks, unpacked; closes the connection even if not all are read."""
    name = source.key.lower()
    found = _zip_blocks(storage, source) if name.endswith(".zip") else storage.blocks(source)
    with closing(found) as blocks:
        yield unpack(blocks) if name.endswith(".gz") else blocks


@contextmanager
def opened_workbook(storage: Files, source: Source) -> Iterator["Sheets"]:
    """Yields the visible sheets of a workbook. Raises Unreadable."""
    from . import workbooks  # it loads openpyxl, which few files need

    file = storage.seekable(source)
    if file.read(len(workbooks.OLE_START)) == workbooks.OLE_START:
        detail = (
            "The workbook has a password, or it is an old .xls file. Save it as .xlsx without a password."
        )
        raise Unreadable(detail, code="workbook_encrypted")
    file.limit = MAX_DIRECTORY
    try:
        archive = workbooks.Archive(io.BufferedReader(file, MAX_BLOCK))
    except (BadZipFile, EOFError, NotImplementedError, ValueError):
        raise workbooks.not_workbook() from None
    file.limit = None
    with archive:
        yield workbooks.visible_sheets(archive)


def _zip_blocks(storage: Files, source: Source) -> Generator[bytes]:
    """Yields the blocks of the only file of a .zip archive. Raises Unreadable."""
    file = storage.seekable(source)
    try:
        file.limit = MAX_DIRECTORY
        with ZipFile(io.BufferedReader(file, MAX_BLOCK)) as archive:
            file.limit = None
            with archive.open(_only_file(archive.infolist())) as member:
                while block := member.read(MAX_BLOCK):
                    yield block
    except (BadZipFile, EOFError, NotImplementedError, zlib.error, ValueError):
        detail = "The file is not a zip archive, or it is damaged. Pack it again, or send the CSV."
        raise Unreadable(detail, code="not_zip") from None


def _only_file(members: list[ZipInfo]) -> ZipInfo:
    """Returns the only file of an archive. Raises Unreadable."""
    files = [one for one in members if not one.is_dir() and not _is_by_the_way(one.filename)]
    if len(files) != 1:
        detail = f"The zip archive has {len(files)} files. Pack one file alone."
        raise Unreadable(detail, code="zip_not_one_file")
    if files[0].flag_bits & _ENCRYPTED:
        raise Unreadable("The zip archive has a password. Pack it without one.", code="zip_encrypted")
    if not is_plain_roster(files[0].filename) or files[0].compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        detail = "The file in the zip archive is no .csv, .tsv or .txt, or it is packed in an unusual way."
        raise Unreadable(detail, code="unsupported_file_type")
    return files[0]


def _is_by_the_way(name: str) -> bool:
    return name.lower().startswith(_SYSTEM_FILES) or name.lower().endswith(_SYSTEM_FILES)
