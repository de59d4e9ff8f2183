"""Reads the first visible sheet of an .xlsx workbook as the text of a CSV, in bounded memory. Pure.

Only what the text of the cells needs is read, with parts of openpyxl: properties, colours and drawings that a program
has written against the standard do not matter.
"""

# expat refuses nothing that `Archive.open` has let pass.
# ruff: noqa: S314
import io
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any, NamedTuple
from xml.etree.ElementTree import ParseError, fromstring, iterparse
from xml.parsers.expat import ExpatError, ParserCreate
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from openpyxl.packaging.manifest import Manifest
from openpyxl.reader.strings import read_string_table
from openpyxl.reader.workbook import WorkbookParser
from openpyxl.styles.numbers import BUILTIN_FORMATS
from openpyxl.worksheet._reader import DATA_TAG, ROW_TAG
from openpyxl.xml.constants import ARC_CONTENT_TYPES, SHARED_STRINGS, SHEET_MAIN_NS, STYLES_TYPE, XLSX

from chalicelib.errors import Unreadable

from .decoding import MAX_TEXT
from .dialects import TITLE_ROWS
from .number_formats import GENERAL
from .sheet_cells import SheetCells

MAX_PARTS = 8 * 1024**2  # bytes of all that is read before the texts and rows: names of sheets, formats
MAX_STRINGS = 48 * 1024**2  # bytes of the texts that the cells of all sheets share: they are held in memory
MAX_ROW_XML = 2 * 1024**2  # bytes of one row; Excel's 16,384 columns take half of it
MAX_ROWS = 2**20  # of one sheet, and MAX_COLUMN: "Excel specifications and limits"
MAX_COLUMN = 2**14
BLOCK = 64 * 1024  # characters that are yielded at once
OLE_START = bytes.fromhex("d0cf11e0a1b11ae1")  # of .xls files, and of workbooks with a password
_UNKNOWN_FORMAT = "?"  # of a number that stands for a format of the reader's own language
_PROLOG = 4096  # bytes in which the first element of a part must start
_NS = {"x": SHEET_MAIN_NS}
# What openpyxl and the parser raise for damaged files.
_DAMAGES: tuple[type[Exception], ...] = (BadZipFile, EOFError, ExpatError, ParseError, zlib.error)
_DAMAGES += (AttributeError, LookupError, NotImplementedError, TypeError, ValueError)


class Archive(ZipFile):
    """The parts of a workbook. `read` and `stream` raise Unreadable where one would take too much memory."""

    _left = MAX_PARTS

    def read(self, name: str | Any, pwd: bytes | None = None) -> bytes:
        """Returns a whole part. `zipfile` reads no more than the size that is declared."""
        self._left -= self.getinfo(name).file_size
        if self._left < 0:
            raise _too_large(f"Its formats and names of sheets have more than {MAX_PARTS:,} bytes.")
        return super().read(name, pwd)

    def stream(self, name: str, limit: int, what: str) -> IO[bytes]:
        """Returns a part that is read block by block."""
        if self.getinfo(name).file_size > limit:
            raise _too_large(f"{what} has more than {limit:,} bytes.")
        return self.open(name)

    def open(self, name: str | Any, *args: Any, **more: Any) -> IO[bytes]:
        """Returns a part. Raises ValueError for one that may define entities, which grow without limit."""
        found: list[bool] = []
        parser = ParserCreate()
        parser.StartDoctypeDeclHandler = lambda *_: found.append(False)
        parser.StartElementHandler = lambda *_: found.append(True)
        with super().open(name) as start:
            parser.Parse(start.read(_PROLOG))
        if found[:1] != [True]:
            raise ValueError(name)
        return super().open(name, *args, **more)


class Sheets(NamedTuple):
    """The names of a workbook's visible sheets, and the text of the first: a line for each row, also a blank one."""

    names: list[str]
    text: Iterator[str]


def visible_sheets(archive: Archive) -> Sheets:
    """Returns the visible sheets of a workbook. Raises Unreadable: not_workbook, file_too_large.

    So does reading the text.
    """
    with _readable():
        if any(one.compress_type not in (ZIP_STORED, ZIP_DEFLATED) for one in archive.infolist()):
            raise NotImplementedError
        package: Any = Manifest.from_tree(fromstring(archive.read(ARC_CONTENT_TYPES)))  # type: ignore[arg-type]
        part = package.find(XLSX)
        path = part.PartName[1:] if part else "xl/workbook.xml"
        workbook = WorkbookParser(archive, path, keep_links=False)
        workbook.parse()
        calculation = fromstring(archive.read(path)).find("x:calcPr", _NS)
        outdated = calculation is not None and calculation.get("fullCalcOnLoad") in ("1", "true")
        paths = _visible_paths(workbook)
        strings, formats = _shared_strings(archive, package), _formats(archive, package)
        cells = SheetCells(strings, formats, workbook.wb.epoch, outdated=outdated)
        return Sheets(list(paths), _text(archive, next(iter(paths.values())), cells))


def _visible_paths(workbook: WorkbookParser) -> dict[str, str]:
    """Returns the paths in the archive of the sheets with cells that a person can see, by name."""
    found = {
        sheet.name: str(relation.target)
        for sheet, relation in workbook.find_sheets()
        if sheet.state == "visible" and relation.Type.endswith("/worksheet")  # charts have sheets too
    }
    if not found:
        raise not_workbook()
    return found


def _shared_strings(archive: Archive, package: Any) -> list[str]:
    """Returns the texts that cells refer to by their index."""
    part = package.find(SHARED_STRINGS)
    if part is None:
        return []
    with archive.stream(part.PartName[1:], MAX_STRINGS, "The text of its cells") as source:
        return read_string_table(source)


def _formats(archive: Archive, package: Any) -> list[str]:
    """Returns the format codes of cells by style. openpyxl's reader of styles needs colours and fonts to be valid."""
    part = package.find(STYLES_TYPE)
    if part is None:
        return [GENERAL]
    styles = fromstring(archive.read(part.PartName[1:]))
    codes = dict(BUILTIN_FORMATS)
    for one in styles.iterfind("x:numFmts/x:numFmt", _NS):
        codes[int(one.attrib["numFmtId"])] = one.attrib["formatCode"]
    used = (int(one.get("numFmtId", 0)) for one in styles.iterfind("x:cellXfs/x:xf", _NS))
    return [codes.get(number, _UNKNOWN_FORMAT) for number in used] or [GENERAL]


def _text(archive: Archive, path: str, cells: SheetCells) -> Iterator[str]:
    """Yields the text of a sheet, block by block."""
    lines: list[str] = []
    size = total = width = found = 0
    with _readable():
        for missing, row in _rows(archive, path, cells):
            # A row ends with its last cell that is not blank, but needs as many cells as the column names.
            found += bool(row)
            width = max(width, len(row)) if found <= TITLE_ROWS else width
            cells_of_row = row + [""] * (width - len(row))
            lines.append("\n" * missing + ",".join(map(_quoted, cells_of_row)) + "\n")
            size += len(lines[-1])
            if size >= BLOCK:
                yield "".join(lines)
                total, size, lines = total + size, 0, []
                if total > MAX_TEXT:
                    raise _too_large(f"The sheet has more than {MAX_TEXT:,} characters.")
        yield "".join(lines)


def _rows(archive: Archive, path: str, cells: SheetCells) -> Iterator[tuple[int, list[str]]]:
    """Yields (the number of rows that are missing before it, the texts up to the last one) of each row."""
    before = 0
    with archive.stream(path, MAX_TEXT, "The sheet") as file:
        source = _BoundedRows(file)
        for _, element in iterparse(source):
            if element.tag == DATA_TAG:
                return
            if element.tag != ROW_TAG:
                continue
            number, found = cells.parse_row(element)  # type: ignore[arg-type]
            element.clear()
            source.count = 0
            if not before < number <= MAX_ROWS:
                raise ValueError(number)
            yield number - before - 1, _filled(found)
            before = number
    raise not_workbook()


def _filled(cells: Iterable[dict[str, Any]]) -> list[str]:
    """Returns the texts of a row's cells, each in its column, up to the last one that is not blank."""
    row: list[str] = []
    for cell in cells:
        if text := cell["value"]:
            column = cell["column"]
            if not len(row) < column <= MAX_COLUMN:
                raise ValueError(column)
            row += [""] * (column - len(row) - 1)
            row.append(text)
    return row


class _BoundedRows(io.RawIOBase):
    """A file of XML of which not more than MAX_ROW_XML bytes are read between two rows."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self.count = 0
        self._file = file

    def read(self, size: int = -1) -> bytes:
        """Returns the next bytes. Raises Unreadable: file_too_large."""
        block = self._file.read(size)
        self.count += len(block)
        if self.count > MAX_ROW_XML:
            raise _too_large(f"One of its rows has more than {MAX_ROW_XML:,} bytes.")
        return block


def _quoted(cell: str) -> str:
    """Returns a cell for a line of a CSV."""
    if '"' in cell or "," in cell or cell.startswith(" "):
        return '"' + cell.replace('"', '""') + '"'
    return cell


@contextmanager
def _readable() -> Iterator[None]:
    """Raises Unreadable for what a damaged workbook raises."""
    try:
        yield
    except _DAMAGES:
        raise not_workbook() from None


def not_workbook() -> Unreadable:
    """Returns the error of a file that is no workbook."""
    detail = "The file is no .xlsx workbook, or it is damaged. Save it as .xlsx again, or as CSV."
    return Unreadable(detail, code="not_workbook")


def _too_large(what: str) -> Unreadable:
    return Unreadable(f"The workbook is too large. {what} Save it as CSV.", code="file_too_large")
