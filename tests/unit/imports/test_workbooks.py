"""The first visible sheet of a workbook as the text of a CSV."""

import io
import tracemalloc
import zipfile

import pytest

from chalicelib.errors import Unreadable
from chalicelib.imports.splitting import workbooks
from chalicelib.imports.splitting.workbooks import Archive, visible_sheets
from tests.support.workbooks import Cell, sheet, workbook

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
RECALCULATED = '<calcPr fullCalcOnLoad="1"/>'


def text_of(body: bytes) -> str:
    """Returns the text of the workbook's sheet."""
    return "".join(visible_sheets(Archive(io.BytesIO(body))).text)


def code_of(body: bytes) -> str:
    """Returns the code of the error that the workbook raises."""
    with pytest.raises(Unreadable) as raised:
        text_of(body)
    return raised.value.code


def test_lines_are_the_rows_of_the_sheet() -> None:
    assert text_of(workbook([["a", "b"], None, ["c"], [None, None], [None, "d"]])) == "a,b\n\nc,\n,\n,d\n"


def test_line_breaks_in_cells_make_no_lines() -> None:
    assert text_of(workbook([["a\nb"], ["c"]])) == "a\u2028b\nc\n"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("Lee, Jr.", '"Lee, Jr."'),
        ('Ada "Ace"', '"Ada ""Ace"""'),
        (" 7", '" 7"'),
        ({"t": "s", "v": 0}, "shared"),
        (43, "43"),
        ({"v": "4.930123456E9"}, "4930123456"),
        ({"v": 7, "format": "00000"}, "00007"),
        ({"v": 45325, "format": "yyyy-mm-dd"}, "2024-02-03"),
        ({"t": "e", "v": "#N/A"}, "#N/A"),
        ({"t": "str", "v": "Ann", "f": "A1"}, "Ann"),
        ({"t": "str", "v": "", "f": "A1"}, ""),
        ({"v": 7, "f": "A1"}, "7"),
    ],
)
def test_cell_is_read_as_it_is_shown(cell: Cell, text: str) -> None:
    assert text_of(workbook([["x", cell]])).removesuffix("\n") == f"x,{text}".removesuffix("," * (not text))


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ({"v": 45325, "format": "d.m.yyyy"}, "#DATE? 2024-02-03"),
        ({"v": 45325.5, "format": "yyyy-mm-dd"}, "#DATE? 2024-02-03T12:00:00"),
        ({"v": 59, "format": "yyyy-mm-dd"}, "#DATE? 1900-02-28"),
        ({"v": 1e12, "format": "d/m/yy"}, "#DATE? 1000000000000.0"),
        ({"t": "d", "v": "2024-02-03"}, "#DATE? 2024-02-03"),
        ({"v": 0.5, "format": "0%"}, "#NUMBER? 0.5"),
        ({"v": 1.5}, "#NUMBER? 1.5"),
        ({"v": 12, "format": '"€" 0.00'}, "#NUMBER? 12"),
        ({"v": "1234567890123456"}, "#ROUNDED? 1234567890123456"),
        ({"v": "4.9301234567890120E+17"}, "#ROUNDED? 4.930123456789012e+17"),
        ({"t": "b", "v": 1}, "#TRUTH? TRUE"),
        ({"f": "A1"}, "#FORMULA?"),
        ({"f": "A1", "v": ""}, "#FORMULA?"),
        ({"t": "str", "v": "Ann", "format": ";;;"}, "#TEXT? Ann"),
        ({"t": "str", "v": "Ann", "format": '"Dr. "@'}, "#TEXT? Ann"),
        ({"t": "str", "v": "a_x0041_b"}, "#TEXT? a_x0041_b"),
    ],
)
def test_cell_that_may_show_something_else_is_marked(cell: Cell, text: str) -> None:
    assert text_of(workbook([["x", cell]])) == f"x,{text}\n"


def test_formulas_that_nobody_computed_are_marked() -> None:
    rows: list[list[Cell] | None] = [["x", {"f": "B1", "v": 0}]]
    assert text_of(workbook(rows)) == "x,0\n"
    assert text_of(workbook(rows, calculation=RECALCULATED)) == "x,#FORMULA? 0\n"


def test_formatted_and_phonetic_texts_are_read() -> None:
    phonetic = '<rPh sb="0" eb="1"><t>x</t></rPh>'
    strings = f"<sst {MAIN}><si><r><t>An</t></r><r><t>n</t></r>{phonetic}</si></sst>"
    body = workbook([[{"t": "s", "v": 0}]], parts={"xl/sharedStrings.xml": strings})
    assert text_of(body) == "Ann\n"


def test_hidden_sheets_are_passed_over() -> None:
    body = workbook([["a"]], before={"Lists": "hidden", "More": "veryHidden"})
    assert text_of(body) == "a\n"
    body = workbook([["a"]], before={"Notes": "visible", "Lists": "hidden"})
    assert text_of(body) == ""
    assert visible_sheets(Archive(io.BytesIO(body))).names == ["Notes", "Roster"]


def test_cells_without_places_follow_each_other() -> None:
    rows = "<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row>"
    assert text_of(workbook([], parts={"xl/worksheets/sheet1.xml": sheet(rows)})) == "1,2\n3,\n"


@pytest.mark.parametrize(
    "data",
    [
        '<row r="2"/><row r="2"/>',
        '<row r="2"/><row r="1"/>',
        '<row r="1048577"/>',
        '<row r="0"/>',
        '<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>2</v></c></row>',
        '<row r="1"><c r="XFE1"><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>ten</v></c></row>',
        '<row r="1"><c r="A1" t="s"><v>9</v></c></row>',
        '<row r="1"><c r="A1" s="9"><v>9</v></c></row>',
    ],
)
def test_contradictory_sheet_is_no_workbook(data: str) -> None:
    assert code_of(workbook([], parts={"xl/worksheets/sheet1.xml": sheet(data)})) == "not_workbook"


def test_damaged_parts_are_no_workbook() -> None:
    body = workbook([["a"]])
    assert code_of(body.replace(b"xl/workbook.xml", b"xl/workbook.bin")) == "not_workbook"
    for name in ("xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"):
        assert code_of(workbook([["a"]], parts={name: "<x"})) == "not_workbook"
    cut = sheet('<row r="1"><c><v>1</v></c></row>')[:-30]
    assert code_of(workbook([], parts={"xl/worksheets/sheet1.xml": cut})) == "not_workbook"
    assert (
        code_of(workbook([], before={}, parts={"xl/workbook.xml": f"<workbook {MAIN}/>"})) == "not_workbook"
    )


@pytest.mark.parametrize("name", ["xl/styles.xml", "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"])
def test_entities_are_refused(name: str) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    assert code_of(workbook([["a"]], parts={name: bomb + f"<x {MAIN}>&b;</x>"})) == "not_workbook"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("xl/styles.xml", f"<styleSheet {MAIN}>" + "<x/>" * (workbooks.MAX_PARTS // 4) + "</styleSheet>"),
        ("xl/sharedStrings.xml", f"<sst {MAIN}>" + " " * workbooks.MAX_STRINGS + "</sst>"),
        ("xl/worksheets/sheet1.xml", sheet("<row>" + "<c/>" * (workbooks.MAX_ROW_XML // 4) + "</row>")),
        ("xl/worksheets/sheet1.xml", sheet("<x/>" * (workbooks.MAX_ROW_XML // 4))),
    ],
)
def test_memory_is_bounded(name: str, text: str) -> None:
    body = workbook([["a"]], parts={name: text})
    del text
    tracemalloc.start()
    try:
        assert code_of(body) == "file_too_large"
        assert tracemalloc.get_traced_memory()[1] < 200e6
    finally:
        tracemalloc.stop()


def test_unusual_compression_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    assert code_of(file.getvalue()) == "not_workbook"
