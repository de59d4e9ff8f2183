"""The cases of tests/cases/files, as data."""

from tests.support import PROJECT
from tests.support.cases import CASES


def test_cases_are_many_unique_and_explained() -> None:
    assert len(CASES) >= 140
    assert len({case.name for case in CASES}) == len(CASES)
    assert all(len(case.why) > 20 for case in CASES)


def test_console_has_words_for_every_code() -> None:
    words = (PROJECT / "chalicelib/console/import_texts.js").read_text(encoding="utf-8")
    codes = {code for case in CASES for code in (*case.rejected.values(), *case.codes)}
    assert not [code for code in codes if f"\n  {code}: " not in words]
