"""What a spreadsheet leaves in cells."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.cells.spreadsheets import (
    damaged_cell,
    damaged_number,
    doubtful_id,
    exact_text,
    exported_cell,
    read_id,
    unwrap,
)
from tests.support.cells import LONG


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('="00123"', "00123"),
        (' ="a ""b""" ', 'a "b"'),
        ('=""', ""),
        ("'00123", "00123"),
        ("'1'", "'1'"),  # a quote, not a mark
        ("'t Hooft", "'t Hooft"),
        ("'A12", "'A12"),
        ("=00123", "=00123"),
        ('="a"&"b"', '="a"&"b"'),
        ("O'Neil", "O'Neil"),
        ("", ""),
    ],
)
def test_only_whole_wrappers_are_removed(cell: str, text: str) -> None:
    assert unwrap(cell) == text


@given(st.text())
def test_any_wrapped_text_is_restored(text: str) -> None:
    assert unwrap('="' + text.replace('"', '""') + '"') == text


@pytest.mark.parametrize(
    "cell",
    [
        *("#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#FIELD!"),
        *(
            "#BLOCKED!",
            "#GETTING_DATA",
            "#ERROR!",
            "#BEZUG!",
            "#NV",
            "#¡REF!",
            "#¿NOMBRE?",
            "#ССЫЛКА!",
            "#\u041d/\u0414",
        ),
        *("Err:502", "########", " #N/A ", "\ufeff#REF!"),
    ],
)
def test_error_values_are_damage(cell: str) -> None:
    assert damaged_cell(cell)


@pytest.mark.parametrize(
    "cell", ["#1", "#A12", "A#", "#", "##", "N/A", "Null", "None", "True", "Yes!", "# end"]
)
def test_other_cells_are_no_error_values(cell: str) -> None:
    assert damaged_cell(cell) is None


@pytest.mark.parametrize(
    "cell",
    [
        *("1.23E+1", "1.23457E-05", "2.5E+11", "1,23e+011", "-1.2E+5", "1E+05", "123.4E+3", "1.2345678E7"),
        *("1,234", "1,234,567.00", "12,34,567", "1'234"),
        *(
            "2026-03-02 00:00:00",
            "2026-03-02T00:00:00Z",
            "3/2/2026 0:00",
            "02.03.2026 12:30:00.5",
            "3/2/26 1:00 PM",
        ),
        *("=A1", "=00123", "9007199254740992.0", "9" * 5000 + ".0"),
    ],
)
def test_lost_ids_are_refused_with_advice(cell: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        read_id(cell)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("43.0", "43"),
        (" 43.00 ", "43"),
        ("0.0", "0"),
        *(
            (cell, cell)
            for cell in ("043.0", "c09.0", "43.5", "3-Feb", "1E5", "TRUE", "1-2", "A,B", "1.234", "12,5")
        ),
        *((cell, cell) for cell in ("", " ", "0012", "A-1.23E+1", "10:30", "1E-05")),
    ],
)
def test_other_ids_are_kept(cell: str, text: str) -> None:
    assert read_id(cell) == text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *(
            (text, "date_like_id")
            for text in ("3-Feb", "Feb-03", "1/2/2026", "2026-03-02", "3.2.2026", "1/2", "10:30")
        ),
        *((text, "number_like_id") for text in ("1E5", "1e-05", "1.234", "1 234", "12,5")),
        *((text, "truth_like_id") for text in ("TRUE", "false")),
        *((text, "nothing_like_id") for text in ("NULL", "nan", "None", "N/A", "-")),
        *((text, None) for text in ("7", "007", "A-1", "1-2", "5-Marvin", "c09.0", "1.2.3", "TRUE1", "1 2")),
    ],
)
def test_doubtful_ids_have_a_warning(text: str, code: str | None) -> None:
    assert doubtful_id(text) == code


def test_long_cells_take_linear_time() -> None:
    for start in ("1,", "1'", "1.", "#A/", "=", '="', '""', "12,345", "9" * 4000 + ".", "1-jan"):
        cell = start * (LONG // len(start))
        for check in (unwrap, damaged_cell, damaged_number, doubtful_id):
            check(cell)
        with suppress(ValueError):
            read_id(cell)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('=T("43.0")', "43.0"),
        (' =T("a ""b""") ', 'a "b"'),
        ('=T("=T(""7"")")', '=T("7")'),
        ('="43.0"', None),
        ('=T("a"&"b")', None),
        ("T(7)", None),
    ],
)
def test_text_of_an_export_is_exact(cell: str, text: str | None) -> None:
    assert exact_text(cell) == text


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("007", "007"),
        ("O'Neil", "O'Neil"),
        ("=1+1", '\'=T("=1+1")'),
        ("-1", "'-1"),
        ("43.0", '\'=T("43.0")'),
        ("'007", "'=T(\"'007\")"),
        ("#N/A", '\'=T("#N/A")'),
        ("a\\", '\'=T("a\\")'),
        ("a;=1", "a;'=1"),
    ],
)
def test_only_texts_that_a_file_would_change_are_marked(text: str, cell: str) -> None:
    assert exported_cell(text) == cell
