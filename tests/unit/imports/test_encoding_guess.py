"""The guess of an encoding by names: right or unsure, never other names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import Unreadable
from chalicelib.imports.splitting.encoding_guess import (
    PER_BYTE,
    TRANSPARENT,
    NameSample,
    Reading,
    guess_encoding,
)

NAMES = {
    "cp1252": "Zoë Müller José Peña André Lefèvre Muñoz Hélène François Søren Björn Åsa João Conceição Jón",
    "mac_roman": "Zoë Müller José Peña André Lefèvre Muñoz Hélène François Søren Björn Åsa João",
    "cp850": "Zoë Müller José Peña André Lefèvre Muñoz Hélène François Søren Björn Åsa",
    "cp1250": "Łukasz Wójcik Dąbrowska Zięba Kamiński Świątek Věra Dvořáková Žofie Šťastná Jiří Kučera Růžička",
    "iso8859_2": "Łukasz Wójcik Dąbrowska Zięba Kamiński Świątek Věra Dvořáková Žofie Šťastná Jiří Kučera",
    "cp852": "Łukasz Wójcik Dąbrowska Zięba Kamiński Świątek Věra Dvořáková Žofie Šťastná Jiří Kučera",
    "cp1251": "Иван Петров Анна Сидорова Олег Кузнецов Артём Юлия Щербаков Сёмин Эдуард",
    "koi8_r": "Иван Петров Анна Сидорова Олег Кузнецов Артём Юлия Щербаков Сёмин Эдуард",
    "cp866": "Иван Петров Анна Сидорова Олег Кузнецов Артём Юлия Щербаков Сёмин Эдуард",
    "cp1253": "Γιώργος Παπαδόπουλος Μαρία Νικολάου Ελένη Δημήτρης",
    "cp1254": "Şule Yılmaz Çağla Öztürk İbrahim Güneş Ayşe Gökçe Yıldız Çelik Tuğba Doğan",
    "cp1255": "דוד כהן שרה לוי משה רחל",
    "cp1256": "محمد علي فاطمة حسن خالد سعيد",
    "cp1257": "Rūta Žukauskienė Jānis Bērziņš Ķirsis Šarūnas Jūratė Kęstutis Ąžuolas",
    "cp932": "太郎 山田 花子 鈴木 佐藤 さくら ケンジ 高橋",
    "gb18030": "伟强 王芳 秀英 张敏 刘洋 陈杨 赵磊",
    "big5": "志明 陳春嬌 林志玲 黃家豪 張雅婷",
    "cp949": "민준 김서연 이지훈 박 최",
}


def guess(encoding: str, names: list[str]) -> Reading | None:
    sample = NameSample()
    for name in names:
        sample.add(name.encode(encoding).decode(TRANSPARENT))
    return guess_encoding(sample)


@given(st.data())
def test_some_names_are_read_right_or_not_at_all(data: st.DataObject) -> None:
    encoding = data.draw(st.sampled_from(list(NAMES)))
    pool = st.sampled_from([name for name in NAMES[encoding].split() if not name.isascii()])
    names = data.draw(st.lists(pool, min_size=3, max_size=12, unique=True))
    try:
        found = guess(encoding, names)
    except Unreadable:
        return
    assert found is None or found.cells == tuple(names)


@pytest.mark.parametrize("encoding", sorted(set(NAMES) - {"cp1255", "cp949"}))
def test_many_names_make_a_sure_guess(encoding: str) -> None:
    """Hebrew may be Cyrillic or Greek by its bytes, and Korean Chinese."""
    names = [name for name in NAMES[encoding].split() if not name.isascii()]
    found = guess(encoding, names)
    assert found
    assert found.cells == tuple(names)


@pytest.mark.parametrize(("encoding", "name"), [("cp1250", "Zięba"), ("cp1252", "Søren"), ("cp1251", "Анна")])
def test_single_name_with_two_readings_is_unsure(encoding: str, name: str) -> None:
    with pytest.raises(Unreadable, match=f"“{name}”") as raised:
        guess(encoding, [name])
    assert raised.value.code == "unsure_encoding"


def test_unsure_guess_shows_three_names_of_each_reading() -> None:
    with pytest.raises(Unreadable) as raised:
        guess("cp1255", NAMES["cp1255"].split())
    detail = raised.value.detail
    assert "in windows-1251 “гег”, “лдп”, “щшд”; in windows-1253 “" in detail
    assert detail.count("“") == 9


def test_joined_file_with_utf_8_names_is_utf_8() -> None:
    """As windows-1252 the first name would be ZoÃ«."""
    sample = NameSample()
    for raw in ("Zoë".encode(), *(name.encode("cp1252") for name in NAMES["cp1252"].split())):
        sample.add(raw.decode(TRANSPARENT))
    assert guess_encoding(sample) is None


def test_names_in_ascii_need_no_guess() -> None:
    assert guess_encoding(NameSample()) == Reading("cp1252")


def test_sample_is_bounded_and_has_each_byte() -> None:
    sample = NameSample()
    for number in range(10_000):
        sample.add(f"\xe9{number}")
    sample.add("\xff" * 10_000)
    assert len(sample.cells) == PER_BYTE + 1
    assert len(sample.cells[-1]) == 200
