"""The encoding of a file and its invalid bytes, wherever its blocks end."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import Unreadable
from chalicelib.fields.characters import REPLACEMENT_CHARACTER
from chalicelib.imports.splitting.decoding import Decoder, OtherEncoding


def decoded(blocks: list[bytes]) -> tuple[str, str]:
    """Returns (the text of a file without a byte order mark, its encoding)."""
    try:
        return "".join(Decoder("utf-8", certain=False).decode(blocks)), "utf-8"
    except OtherEncoding as other:
        encoding = "utf-8" if other.is_utf_8 else "windows-1252"
        return "".join(Decoder(encoding).decode(blocks)), encoding


@given(st.text(alphabet="aé€𝄞\r\n", max_size=40), st.integers(1, 5))
def test_text_is_the_same_wherever_blocks_end(text: str, block: int) -> None:
    raw = text.encode()
    blocks = [raw[i : i + block] for i in range(0, len(raw), block)]
    decoder = Decoder("utf-8", certain=False)
    assert "".join(decoder.decode(blocks)) == text.replace("\r\n", "\n").replace("\r", "\n")
    assert decoder.invalid_bytes == 0


@given(
    st.lists(st.sampled_from([*"a,é€𝄞\ufffd"]).map(str.encode) | st.binary(max_size=4), max_size=12),
    st.integers(1, 5),
)
def test_letters_outnumbering_invalid_bytes_make_utf_8(parts: list[bytes], block: int) -> None:
    """Invalid bytes are replaced one by one, so the next cell is not damaged."""
    raw = b"".join(parts).replace(b"\r", b"") + b"."  # the last byte ends any character
    whole = raw.decode("utf-8", "surrogateescape")
    expected = re.sub("[\udc80-\udcff]", REPLACEMENT_CHARACTER, whole).lstrip("\ufeff"), "utf-8"
    invalid = len(re.findall("[\udc80-\udcff]", whole))
    if 2 * invalid > len(re.findall("[^\0-\x7f]", whole)):
        expected = raw.decode("windows-1252", "replace"), "windows-1252"
    assert decoded([raw[i : i + block] for i in range(0, len(raw), block)]) == expected


@pytest.mark.parametrize(
    ("encoding", "raw"),
    [
        ("utf-8", "é€".encode()[:-1]),
        ("utf-8-sig", "\ufeff€".encode()[:-1]),
        ("utf-16", b"\xff\xfea"),
        ("utf-16", b"\xff\xfe\x34\xd8"),  # the first half of a surrogate pair
    ],
)
def test_file_that_ends_within_a_character_is_rejected(encoding: str, raw: bytes) -> None:
    with pytest.raises(Unreadable) as raised:
        list(Decoder(encoding, certain=encoding != "utf-8").decode([raw]))
    assert raised.value.code == "truncated_file"


def test_empty_block_within_a_character_is_not_the_end() -> None:
    """A .gz file with several members yields empty blocks."""
    assert "".join(Decoder("utf-8").decode([b"Zo\xc3", b"", b"\xab"])) == "Zoë"


@given(st.text("ab\n\ufeff "), st.integers(1, 5))
def test_marks_at_starts_of_lines_are_removed_in_any_blocks(text: str, block: int) -> None:
    """Files that were joined by `cat` bring their own. With a mark a quote that follows would not open a cell."""
    raw = text.encode()
    blocks = [raw[i : i + block] for i in range(0, len(raw), block)]
    expected = "\n".join(line.lstrip("\ufeff") for line in text.split("\n"))
    assert "".join(Decoder("utf-8").decode(blocks)) == expected
