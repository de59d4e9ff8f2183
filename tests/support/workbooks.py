"""Small .xlsx workbooks, written part by part, so that a test can have what no library writes."""

import io
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile

# A text, a number, or what its element has: v (value), t (type), f (formula), format (a format code).
Cell = str | int | float | dict[str, str | int | float] | None
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_CONTENT_TYPES = f"""<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>
<Override PartName="/xl/sharedStrings.xml" ContentType="{_TYPES}.sharedStrings+xml"/>
<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/></Types>"""


def workbook(
    rows: Sequence[Sequence[Cell] | None],
    *,
    before: Mapping[str, str] | None = None,
    after: Sequence[str] = (),
    parts: Mapping[str, str] | None = None,
    calculation: str = "",
) -> bytes:
    """Returns a workbook with a sheet of these rows; its file leaves out rows and cells that are None.

    `before` are the states, by name, of empty sheets before it, `after` the names of those after it. `parts` are
    texts that replace parts of the file.
    """
    sheets = {**(before or {}), "Roster": "visible", **dict.fromkeys(after, "visible")}
    place = len(before or {}) + 1
    formats = {"General": 0}
    data = "".join(_row(number, row, formats) for number, row in enumerate(rows, 1) if row is not None)
    found = {
        "[Content_Types].xml": _CONTENT_TYPES,
        "xl/workbook.xml": _workbook(sheets, calculation),
        "xl/_rels/workbook.xml.rels": _relations(len(sheets)),
        "xl/styles.xml": _styles(formats),
        "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}"><si><t>shared</t></si></sst>',
        **{f"xl/worksheets/sheet{number}.xml": sheet("") for number in range(1, len(sheets) + 1)},
        f"xl/worksheets/sheet{place}.xml": sheet(data),
        **(parts or {}),
    }
    file = io.BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, text in found.items():
            archive.writestr(name, text)
    return file.getvalue()


def sheet(data: str) -> str:
    """Returns the part of a sheet with these rows."""
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{data}</sheetData></worksheet>'


def _row(number: int, cells: Sequence[Cell], formats: dict[str, int]) -> str:
    found = "".join(_cell(f"{_letters(i)}{number}", cell, formats) for i, cell in enumerate(cells, 1))
    return f'<row r="{number}">{found}</row>'


def _cell(name: str, cell: Cell, formats: dict[str, int]) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return f'<c r="{name}" t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
    given = cell if isinstance(cell, dict) else {"v": cell}
    style = formats.setdefault(str(given.get("format", "General")), len(formats))
    kind = f' t="{given["t"]}"' if "t" in given else ""
    content = "".join(f"<{tag}>{escape(str(given[tag]))}</{tag}>" for tag in ("f", "v") if tag in given)
    return f'<c r="{name}" s="{style}"{kind}>{content}</c>'


def _letters(column: int) -> str:
    rest, last = divmod(column - 1, 26)
    return (_letters(rest) if rest else "") + chr(ord("A") + last)


def _workbook(sheets: Mapping[str, str], calculation: str) -> str:
    found = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{i}" state="{state}" r:id="rId{i}"/>'
        for i, (name, state) in enumerate(sheets.items(), 1)
    )
    return f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{found}</sheets>{calculation}</workbook>'


def _relations(count: int) -> str:
    found = "".join(
        f'<Relationship Id="rId{i}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i in range(1, count + 1)
    )
    return f'<Relationships xmlns="{_RELATIONS}">{found}</Relationships>'


def _styles(formats: Mapping[str, int]) -> str:
    codes = "".join(
        f'<numFmt numFmtId="{200 + i}" formatCode={quoteattr(code)}/>' for code, i in formats.items()
    )
    used = "".join(f'<xf numFmtId="{200 + i}"/>' for i in formats.values())
    return f'<styleSheet xmlns="{_MAIN}"><numFmts>{codes}</numFmts><cellXfs>{used}</cellXfs></styleSheet>'
