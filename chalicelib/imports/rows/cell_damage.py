"""Checks the cells of a row for what other programs have done to them. Pure."""

from collections.abc import Mapping

from chalicelib.cells.garbled import garbled_text, has_stray_quotes
from chalicelib.cells.spreadsheets import damaged_cell, damaged_number, read_id
from chalicelib.errors import FieldError, Invalid
from chalicelib.fields.characters import REPLACEMENT_CHARACTER

from .column_names import PREVIOUS_ID

NAMES = ("first_name", "last_name")
IDS = ("account_id", "client_member_id", PREVIOUS_ID)


def check_damage(values: Mapping[str, str]) -> None:
    """Raises Invalid if another program has damaged a value."""
    for name, text in values.items():
        is_name = name in NAMES
        if REPLACEMENT_CHARACTER in text:
            detail = "Contains a damaged character. Correct it, or save the file as UTF-8."
            raise _damaged(name, "damaged_character", detail)
        if advice := damaged_cell(text):
            raise _damaged(name, "spreadsheet_damage", advice)
        if name == "phone_number":
            continue
        if advice := garbled_text(text, is_name=is_name):
            raise _damaged(name, "damaged_character", advice)
        if has_stray_quotes(text, is_name=is_name):
            raise _damaged(name, "quoted_cell", "Is in quotes that are no part of it. Remove them.")


def _damaged(field: str, code: str, advice: str) -> Invalid:
    return invalid(f"#/{field}", code, f"{field}: {advice}")


def check_phone(cell: str) -> None:
    """Raises Invalid if a spreadsheet has changed a phone number, with better advice than that it is none."""
    if advice := damaged_number(cell):
        raise invalid("#/phone_number", "spreadsheet_damage", f"phone_number: {advice}") from None


def read_ids(values: dict[str, str]) -> None:
    """Puts each id as a spreadsheet got it in place of its cell. Raises Invalid if that is lost."""
    for name in IDS:
        if name in values:
            try:
                values[name] = read_id(values[name])
            except ValueError as error:
                raise invalid(f"#/{name}", "spreadsheet_damage", f"{name}: {error}") from None


def invalid(pointer: str, code: str, detail: str) -> Invalid:
    """Returns the error of one field."""
    return Invalid([FieldError(pointer, code, detail)])
