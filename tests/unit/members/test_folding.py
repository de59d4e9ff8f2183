"""Names are folded alike however they are cased and accented."""

import sys

import pytest
from hypothesis import given

from chalicelib.fields.text import MAX_LENGTH
from chalicelib.members.folding import fold_name
from tests.support.texts import clean_texts

FOLDED = {
    "Zöller": "zoller",
    "ZÖLLER": "zoller",
    "Nguyễn": "nguyen",
    "Nguye\u0302\u0303n": "nguyen",  # decomposed, as macOS writes names of files
    "Đặng": "dang",
    "Trương": "truong",
    "Strauß": "strauss",
    "Łukasiewicz": "lukasiewicz",
    "Sørensen": "sorensen",
    "Ægir": "aegir",
    "Þórsdóttir": "thorsdottir",
    "Şahin": "sahin",
    "Işık": "isik",
    "İnci": "inci",
    "Ħal-Qormi": "hal-qormi",
    "Əliyev": "eliyev",
    "Παπαδόπουλος": "παπαδοπουλοσ",
    "Алёшин": "алешин",
    "O’Neil": "o'neil",
    "O´Neil": "o'neil",
    "Müller‐Lüdenscheid": "muller-ludenscheid",
    "van\u00a0Berg": "van berg",
    "Ｓｍｉｔｈ": "smith",
}
KEPT = (
    "さとう",
    "がとう",
    "ไพศาล",
    "शर्मा",
    "מַזָּל",
    "김",
    "李",
    "👩\u200d👧",
    "\u0301",
)  # their marks are letters


@pytest.mark.parametrize("name", FOLDED)
def test_accents_and_case_are_folded(name: str) -> None:
    assert fold_name(name) == FOLDED[name]


@pytest.mark.parametrize("name", KEPT, ids=ascii)
def test_names_of_other_scripts_are_kept(name: str) -> None:
    assert fold_name(name) == name


@given(clean_texts)
def test_folded_name_has_bounded_length(name: str) -> None:
    assert 0 < len(fold_name(name)) <= MAX_LENGTH
    assert fold_name(name.casefold()) == fold_name(name)


def test_folding_a_folded_character_changes_nothing() -> None:
    characters = [c for c in map(chr, range(sys.maxunicode + 1)) if c.isprintable()]
    assert [c for c in characters if fold_name(fold_name(c)) != fold_name(c)] == []
    assert [c for c in characters if fold_name(c.upper()) != fold_name(c)] == []
