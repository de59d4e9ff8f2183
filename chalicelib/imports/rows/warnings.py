"""Warnings about accepted rows that may be wrong: one by one while a file is read, by kind in its report. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from chalicelib.cells.spreadsheets import doubtful_id, is_decimal
from chalicelib.imports.text.csv_reader import RejectedRow, Row
from chalicelib.members.model import NewMember

# By code, in the order of the report: what a clerk should know.
TEXTS = {
    "decimal_id": "Ids were written as decimals, such as 43.0, and read as whole numbers, such as 43.",
    "date_like_id": "Ids look like dates. A spreadsheet may have made them of other ids: compare them.",
    "number_like_id": "Ids look like calculated numbers, such as 1E5 or 1.234. A spreadsheet may have changed them.",
    "truth_like_id": "Ids are TRUE or FALSE. A spreadsheet may have changed them.",
    "nothing_like_id": "Ids say that there is no value, such as NULL or nan. They were read as text.",
    "mixed_scripts": "Ids mix Latin letters with Cyrillic or Greek ones that look alike: compare them.",
    "case_differs": "Ids differ from others by upper and lower case alone. They are different members.",
}
SHOWN_LINES = 20  # of each kind in a report
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_CYRILLIC_OR_GREEK = re.compile("[\u0370-\u03ff\u0400-\u052f]")


class RowWarning(NamedTuple):
    """A warning about one cell: the line of its row, a code of TEXTS, the field."""

    line: int
    code: str
    column: str


class WarningSummary:
    """The warnings of an import by kind: how many cells each is about, and the first of them."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._first: dict[str, list[dict[str, Any]]] = {}

    def add(self, warnings: Iterable[RowWarning]) -> None:
        """Counts warnings, in the order of the file."""
        for line, code, column in warnings:
            self._counts[code] += 1
            shown = self._first.setdefault(code, [])
            if len(shown) < SHOWN_LINES:
                shown.append({"line": line, "column": column})

    def kinds(self) -> list[dict[str, Any]]:
        """Returns the warnings as the report shows them."""
        return [
            {"code": code, "text": text, "count": self._counts[code], "cells": self._first[code]}
            for code, text in TEXTS.items()
            if self._counts[code]
        ]


def row_warnings(
    row: Row | RejectedRow, columns: Mapping[str, int], member: NewMember
) -> Sequence[RowWarning]:
    """Returns the warnings about the ids of an accepted row; `columns` are the indexes of the fields in the file."""
    found = []
    cell = row.cells[columns["client_member_id"]]
    if not cell.isdigit() and (code := _code(cell, member.client_member_id)):
        found.append(RowWarning(row.line, code, "client_member_id"))
    account = row.cells[columns["account_id"]] if "account_id" in columns else ""
    if code := _account_code(account, member.account_id):
        found.append(RowWarning(row.line, code, "account_id"))
    return found


def _code(cell: str, value: str) -> str | None:
    """Returns the code of the warning about an id that was read from a cell, None if there is nothing to say."""
    if value.isdigit():
        return "decimal_id" if is_decimal(cell) else None
    if not value.isascii() and _LATIN.search(value) and _CYRILLIC_OR_GREEK.search(value):
        return "mixed_scripts"
    return doubtful_id(value)


_account_code = lru_cache(maxsize=1024)(_code)  # few accounts occur in a file
