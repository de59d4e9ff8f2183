"""Recognizes phone numbers of which a part is in a column of its own, such as the country code. Pure."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from chalicelib.fields.characters import fold

from .column_names import comparable

_COUNTRY = re.compile(
    r"(phone|tel|telephone|mobile)?(country|countrycalling|calling|dialing|dialling|isd)code"
)
_AREA = re.compile(r"(phone|tel|telephone)?(area|city|std)code|vorwahl|indicatif")


class PhoneParts(NamedTuple):
    """The indexes of the columns with country codes and with area codes."""

    country: list[int]
    area: list[int]


def find_phone_parts(columns: Sequence[str]) -> PhoneParts:
    """Returns the columns of a file that have parts of phone numbers."""
    names = [re.sub(r"[\W_]", "", comparable(name)) for name in columns]
    found = ([i for i, name in enumerate(names) if kind.fullmatch(name)] for kind in (_COUNTRY, _AREA))
    return PhoneParts(*found)


def is_incomplete(phone: str, cells: Sequence[str], parts: PhoneParts, region: str) -> bool:
    """Returns whether a phone number, read alone, may be another one: a part of it is only in another cell."""
    text = fold(phone).strip()
    if not text or text.startswith(("+", "00")):
        return False
    own = _country_code(region)
    countries = {_digits(cells[index]) for index in parts.country} - {"", own}
    areas = {_digits(cells[index]) for index in parts.area} - {""}
    number = _digits(text)
    return bool(countries) or any(not number.startswith((area, own + area)) for area in areas)


def _digits(cell: str) -> str:
    """Returns the digits of a cell without zeros in front, "" for one with letters, such as DE."""
    text = fold(cell)
    return "" if re.search(r"[^\W\d_]", text) else re.sub(r"\D", "", text).lstrip("0")


def _country_code(region: str) -> str:
    import phonenumbers

    return str(phonenumbers.country_code_for_region(region))
