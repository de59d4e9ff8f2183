"""Text is trimmed, normalized and bounded."""

import unicodedata

import pytest
from hypothesis import given
from pydantic_core import PydanticCustomError

from chalicelib.fields.text import normalize_text
from tests.support.texts import clean_texts


@pytest.mark.parametrize(
    ("text", "result"),
    [
        (" Ralph\n", "Ralph"),
        ("Jose\u0301", "José"),  # keyboards compose accents differently
        ("e\u0301" * 64, "é" * 64),  # the limit applies to the normalized text
        ("\u1f80" * 64, "\u1f80" * 64),
        (unicodedata.normalize("NFD", "\u1f87" * 64), "\u1f87" * 64),  # 256 characters become 64
        ("🐭", "🐭"),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),  # joiners in an emoji are not control characters
        ("רונית", "רונית"),
        ("\u200fשרה", "\u200fשרה"),  # nor are direction marks
        ("Mary  Ann", "Mary  Ann"),  # inner blanks stay
        ("x" * 64, "x" * 64),
    ],
)
def test_text_is_trimmed_and_normalized(text: str, result: str) -> None:
    assert normalize_text(text) == result


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "blank"),
        (" \t\u00a0\u3000", "blank"),
        ("x" * 65, "too_long"),
        ("é" * 65, "too_long"),
        ("a\tb", "control_character"),
        ("a\nb", "control_character"),
        ("a\x00b", "control_character"),
        ("a\x1fb", "control_character"),  # joins the parts of ids and sort keys
        ("a\x7fb", "control_character"),
        ("a\u2028b", "control_character"),
        ("a\ud800b", "control_character"),
        ("\U0010ffffa", "control_character"),  # marks the end of a sort range
    ],
)
def test_text_that_breaks_a_rule_is_rejected(text: str, code: str) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        normalize_text(text)
    assert caught.value.type == code


def test_long_text_of_accents_is_rejected_before_normalization() -> None:
    """Normalization sorts accents in quadratic time: a minute for a megabyte of them."""
    with pytest.raises(PydanticCustomError):
        normalize_text("a" + "\u0315\u0327" * 500_000)


@given(clean_texts)
def test_clean_is_idempotent(text: str) -> None:
    assert normalize_text(normalize_text(text)) == normalize_text(text)
