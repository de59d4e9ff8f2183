"""Texts for property-based tests."""

from collections.abc import Callable

from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from chalicelib.fields.text import MAX_LENGTH, normalize_id, normalize_text


def _unchanged(normalize: Callable[[str], str]) -> st.SearchStrategy[str]:
    """Returns the texts that `normalize` returns unchanged."""

    def is_unchanged(text: str) -> bool:
        try:
            return normalize(text) == text
        except PydanticCustomError:
            return False

    characters = st.characters(exclude_categories=["Cc", "Cs"])
    return st.text(characters, min_size=1, max_size=MAX_LENGTH).filter(is_unchanged)


clean_texts = _unchanged(normalize_text)
clean_ids = _unchanged(normalize_id)
