"""Reads what the cells of a sheet show. Pure."""

import io
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element

from openpyxl.utils.datetime import from_excel
from openpyxl.worksheet._reader import FORMULA_TAG, VALUE_TAG, WorkSheetParser

from chalicelib.cells.spreadsheets import unsure

from .number_formats import EXACT_DIGITS, displayed_number, is_date, is_iso_date, shows_text

# A line of the text must be a row of the sheet. Both are refused in names and ids, and end a phone number.
LINE_BREAK = "\u2028"
_BREAKS = re.compile("\r\n|\r|\n")
_ESCAPED = re.compile("_x[0-9a-fA-F]{4}_")  # a character that XML cannot have; openpyxl leaves it
_LEAP_DAY = 60  # Excel counts 29 February 1900, which other programs do not


class SheetCells(WorkSheetParser):
    """Reads the cells of a sheet's rows; the value of each is the text that it shows, "" for none.

    `formats` are the format codes by style. `outdated` says whether the program that wrote the workbook has not
    computed its formulas. What is not certain is marked (`unsure`).
    """

    def __init__(
        self, strings: Sequence[str], formats: Sequence[str], epoch: datetime, *, outdated: bool
    ) -> None:
        super().__init__(io.BytesIO(), strings, data_only=True, epoch=epoch)
        self._formats = formats
        self._outdated = outdated

    def parse_cell(self, element: Element) -> dict[str, Any]:
        """Returns the `column` of a cell, from 1, and its text as `value`. Raises ValueError, IndexError."""
        cell = super().parse_cell(element)
        value = cell["value"]
        if element.find(FORMULA_TAG) is not None:
            is_empty = element.get("t") == "str" and element.find(VALUE_TAG) is not None
            if self._outdated or (value is None and not is_empty):
                return cell | {"value": unsure("FORMULA", "" if value is None else str(value))}
        if value is not None:
            code = self._formats[cell["style_id"]]
            cell["value"] = self._text(value, code, cell["data_type"])
        else:
            cell["value"] = ""
        return cell

    def _text(self, value: Any, code: str, kind: str) -> str:
        """Returns the text that a value shows."""
        if isinstance(value, str):
            shown = _BREAKS.sub(LINE_BREAK, value) if "\n" in value or "\r" in value else value
            is_shown = kind == "e" or (shows_text(code) and not ("_x" in value and _ESCAPED.search(value)))
            return shown if is_shown else unsure("TEXT", shown)
        if isinstance(value, bool):
            return unsure("TRUTH", str(value).upper())
        if not isinstance(value, (int, float)):
            return unsure("DATE", value.isoformat() if hasattr(value, "isoformat") else str(value))
        if is_date(code):
            return self._date(value, code)
        kind = "ROUNDED" if abs(value) >= 10**EXACT_DIGITS else "NUMBER"
        return displayed_number(value, code) or unsure(kind, str(value))

    def _date(self, value: float, code: str) -> str:
        """Returns the text of a date or time, which is certain if it is shown as in ISO 8601."""
        try:
            text = str(from_excel(value, self.epoch).isoformat())
        except (ValueError, OverflowError):
            return unsure("DATE", str(value))
        day = text.removesuffix("T00:00:00")
        is_certain = is_iso_date(code) and value > _LEAP_DAY and "T" not in day
        return day if is_certain else unsure("DATE", day)
