"""Texts for property-based tests."""

from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from chalicelib.fields.text import MAX_LENGTH, normalize_text


def is_clean(text: str) -> bool:
    """Returns whether `clean` returns the text unchanged."""
    try:
        return normalize_text(text) == text
    except PydanticCustomError:
        return False


clean_texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=MAX_LENGTH).filter(
    is_clean
)
