"""Cursors are encoded for URLs, and only the ones that fit a search are decoded."""

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from chalicelib.errors import Malformed
from chalicelib.members.model import encode_parts
from chalicelib.members.search import MemberSearch, Search, read_cursor
from tests.support.texts import clean_texts


@given(st.lists(clean_texts, min_size=1, max_size=4))
def test_cursor_round_trip_keeps_its_parts(parts: list[str]) -> None:
    cursor = encode_parts("name", *parts)
    assert read_cursor(cursor, "name", len(parts)) == parts
    assert cursor.replace("-", "").replace("_", "").isalnum()  # needs no encoding in a URL


def test_absent_cursor_has_no_parts() -> None:
    assert read_cursor(None, "name", 3) is None


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        ("phone", ["a", "b", "c"]),
        ("name", ["a", "b"]),
        ("name", ["a", "b", "c", "d"]),
        ("name", ["a", "", "c"]),
        ("name", ["a", "b", "x" * 65]),
        ("", []),
    ],
    ids=["other kind", "too few parts", "too many parts", "blank part", "long part", "empty"],
)
def test_cursor_that_fits_no_search_is_rejected(kind: str, parts: list[str]) -> None:
    with pytest.raises(Malformed) as error:
        read_cursor(encode_parts(kind, *parts), "name", 3)
    assert error.value.code == "invalid_cursor"


@given(st.text(max_size=40) | st.binary(max_size=40).map(lambda b: b.hex()))
@hypothesis_settings(max_examples=50, deadline=None)
def test_arbitrary_cursor_is_rejected_without_a_request(cursor: str) -> None:
    with pytest.raises(Malformed):
        MemberSearch(None).find(Search(), 1, cursor)  # type: ignore[arg-type]
