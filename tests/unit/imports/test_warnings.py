"""Warnings about rows, and their summary."""

from chalicelib.fields.phone import PhoneRule
from chalicelib.imports.rows.chunk_reader import read_chunk
from chalicelib.imports.rows.columns import Header
from chalicelib.imports.rows.warnings import SHOWN_LINES, TEXTS, RowWarning, WarningSummary
from chalicelib.imports.text.csv_reader import RejectedRow, Row
from chalicelib.scope import UNLIMITED

COLUMNS = ["first_name", "last_name", "phone_number", "client_member_id", "account_id"]


def test_only_accepted_rows_have_warnings() -> None:
    rows: list[Row | RejectedRow] = [
        Row(2, ["Ann", "Lee", "3235550001", "3-Feb", "TRUE"]),
        Row(3, ["Ann", "Lee", "12", "4-Feb", "1"]),
        Row(4, ["True", "Null", "3235550002", "43.0", "1"]),
        Row(5, ["Ann", "Lee", "3235550003", "0012", "1"]),
        Row(6, ["Ann", "Lee", "3235550004", "A\u0410", "0"]),
    ]
    assert read_chunk(rows, Header(COLUMNS), PhoneRule(), UNLIMITED, literal=False).warnings == [
        RowWarning(2, "date_like_id", "client_member_id"),
        RowWarning(2, "truth_like_id", "account_id"),
        RowWarning(4, "decimal_id", "client_member_id"),
        RowWarning(6, "mixed_scripts", "client_member_id"),
    ]


def test_summary_counts_all_and_shows_the_first() -> None:
    summary = WarningSummary()
    summary.add(RowWarning(line, "mixed_scripts", "account_id") for line in range(2, 100))
    summary.add([RowWarning(100, "decimal_id", "client_member_id")])
    first, second = summary.kinds()
    assert first == {
        "code": "decimal_id",
        "text": TEXTS["decimal_id"],
        "count": 1,
        "cells": [{"line": 100, "column": "client_member_id"}],
    }
    assert (second["code"], second["count"]) == ("mixed_scripts", 98)
    assert [cell["line"] for cell in second["cells"]] == list(range(2, 2 + SHOWN_LINES))


def test_texts_are_sentences() -> None:
    assert all(text.endswith(".") and text[0].isupper() for text in TEXTS.values())
