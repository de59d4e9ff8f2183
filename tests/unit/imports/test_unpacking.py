"""Unpacked .gz files."""

import gzip

import pytest

from chalicelib.errors import Unreadable
from chalicelib.imports.splitting.decoding import unpack

PACKED = gzip.compress(b"a,b\n", mtime=0)


@pytest.mark.parametrize("body", [PACKED, PACKED + PACKED, PACKED + b"\0" * 9])
def test_all_members_are_unpacked_and_padding_is_skipped(body: bytes) -> None:
    found = b"".join(unpack(body[i : i + 3] for i in range(0, len(body), 3)))
    assert found == b"a,b\n" * body.count(PACKED)


@pytest.mark.parametrize("body", [b"", PACKED[:-1], b"plain text", PACKED + b"rest"])
def test_damaged_or_incomplete_archive_is_rejected(body: bytes) -> None:
    with pytest.raises(Unreadable) as raised:
        list(unpack([body]))
    assert raised.value.code == "not_gzip"
