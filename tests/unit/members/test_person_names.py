"""What a name that somebody types may mean, and where the next match may be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.fields.text import SEPARATOR
from chalicelib.members.person_names import NameStart, readings

READINGS = {
    "Mouse": [("mouse", "")],
    " ralph  MOUSE ": [("ralph mouse", ""), ("mouse", "ralph")],
    "Zöller, Änne": [("zoller, anne", ""), ("zoller", "anne")],
    "Mouse,": [("mouse,", ""), ("mouse", "")],
    ", Ralph": [(", ralph", "")],
    "Ana de la Cruz": [
        ("ana de la cruz", ""),
        ("de la cruz", "ana"),
        ("la cruz", "ana de"),
        ("cruz", "ana de la"),
    ],
}
letters = st.text("ab", min_size=1, max_size=3)
places = st.tuples(letters, letters, st.just("1")).map(SEPARATOR.join)


@pytest.mark.parametrize("text", READINGS)
def test_name_has_one_reading_for_each_division(text: str) -> None:
    assert readings(text) == READINGS[text]


def test_long_text_has_limited_number_of_readings() -> None:
    assert len(readings("a b c d e f g h")) == 5


@given(st.builds(NameStart, letters, st.text("ab", max_size=2)), st.lists(places, min_size=1, max_size=30))
def test_seeking_skips_no_match(start: NameStart, orders: list[str]) -> None:
    place = start.last
    found = []
    for order in sorted(orders):
        if order > start.seek(place):
            place = order
            found += [order] if start.matches(*order.split(SEPARATOR)[:2]) else []
    wanted = sorted(one for one in set(orders) if start.matches(*one.split(SEPARATOR)[:2]))
    assert found == wanted


def test_seeking_leaves_out_first_names_that_differ() -> None:
    start = NameStart("smith", "john")
    assert start.seek("smith") == f"smith{SEPARATOR}john"
    assert start.seek(f"smith{SEPARATOR}john{SEPARATOR}7") == f"smith{SEPARATOR}john{SEPARATOR}7"
    assert f"smith{SEPARATOR}zoe" < start.seek(f"smith{SEPARATOR}josh{SEPARATOR}7") < "smitha"
