"""Text is trimmed, normalized and bounded."""

import tracemalloc
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from chalicelib.fields.text import normalize_id, normalize_phone, normalize_text
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
        ("ש\u200fרה", "ש\u200fרה"),  # nor are direction marks
        ("\u200fשרה\u200b ", "שרה"),  # at the ends they show nothing
        ("\ufeff Ann\u00ad", "Ann"),
        (
            "\u0646\u06cc\u0644\u0648\u0641\u0631\u200c\u0632\u0627\u062f\u0647",
            "\u0646\u06cc\u0644\u0648\u0641\u0631\u200c\u0632\u0627\u062f\u0647",
        ),  # Persian joins words with it
        ("葛\U000e0100", "葛\U000e0100"),  # a variant of the character, not a character of its own
        ("❤\ufe0f", "❤\ufe0f"),
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
        ("\u200b\ufeff", "blank"),
        ("\u200d \u2060\ufe0f", "blank"),
        ("\u3164", "blank"),  # Hangul filler
        ("\u2800\u2800", "blank"),  # Braille without dots
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


def test_long_texts_are_not_kept() -> None:
    invisible = "\u200b" * 10_000
    tracemalloc.start()
    try:
        for number in range(20):
            assert normalize_text(f"{number}{invisible}") == str(number)
        assert tracemalloc.get_traced_memory()[0] < 1e5
    finally:
        tracemalloc.stop()


@given(clean_texts)
def test_clean_is_idempotent(text: str) -> None:
    assert normalize_text(normalize_text(text)) == normalize_text(text)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        (" 007 ", "007"),
        ("\u200bA101\ufeff", "A101"),
        ("\u2060 A104\u00ad", "A104"),
        ("e\u0301-1", "é-1"),
        ("\uff11\uff12", "12"),
        ("١٢", "12"),
        ("۱۲", "12"),
        ("\uff21\uff22\uff0d\uff11", "AB-1"),
        ("1\u00a02", "1 2"),
        ("1\u202f2", "1 2"),
        ("1\u30002", "1 2"),
        *((f"1{dash}2", "1-2") for dash in "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"),
        ("oﬃce", "office"),
        ("Ⅳ", "IV"),
        ("A²", "A²"),  # differs on sight from A2
        ("①", "①"),
        ("½", "½"),
        ("\u00b41", "\u00b41"),
        ("A\u0410", "A\u0410"),  # Latin and Cyrillic
        ("ab1", "ab1"),
        ("AB1", "AB1"),
    ],
)
def test_ids_that_look_alike_have_one_spelling(text: str, result: str) -> None:
    assert normalize_id(text) == result


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("A1\u00ad03", "invisible_character"),
        ("A\u200b1", "invisible_character"),
        ("A\ufe0f", "invisible_character"),
        ("1\U000e00312", "invisible_character"),
        ("\u200b\u00a0", "blank"),
        ("\uff11\n\uff12", "control_character"),
        ("\uff11" * 65, "too_long"),
        ("ﷺ" * 9, "too_long"),  # 18 letters each
    ],
)
def test_id_that_breaks_a_rule_is_rejected(text: str, code: str) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        normalize_id(text)
    assert caught.value.type == code


def test_error_names_the_invisible_character() -> None:
    with pytest.raises(PydanticCustomError, match=r"U\+00AD SOFT HYPHEN"):
        normalize_id("A1\u00ad03")


@given(st.text(max_size=80))
def test_normalized_ids_stay_as_they_are(text: str) -> None:
    for normalize in (normalize_id, normalize_phone, normalize_text):
        try:
            first = normalize(text)
        except PydanticCustomError:
            continue
        assert normalize(first) == first


@given(st.text(max_size=20))
def test_composed_and_decomposed_ids_are_one(text: str) -> None:
    found = set()
    for form in ("NFC", "NFD"):
        try:
            found.add(normalize_id(unicodedata.normalize(form, text)))
        except PydanticCustomError as error:
            found.add(error.type)
    assert len(found) == 1
