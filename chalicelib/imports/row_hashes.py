"""Which rows of a file may concern each other, found by hashes: without reading the table, in little memory. Pure.

Rows are independent if no other row is about their member or asks for their phone number. A row with a previous
client member id is about two members. A wrong answer is possible in one direction only: an independent row may be
taken for a dependent one, which costs time. With hashes of 32 bits that happens to one row in a thousand of a file of
five million.
"""

import zlib
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from chalicelib.members.model import MemberKey, PhoneKey

from .member_row import MemberRow

HASHES = 1 << 32  # their number: those of crc32, which takes a tenth of the time of a cryptographic hash
PART_SIZE = 1_000_000  # rows whose hashes are sorted in memory at once
_INT = "I"  # an array of 4 bytes each


class RowHashes(NamedTuple):
    """The hashes of a chunk's rows, sorted: of each row's members, and of each number asked for."""

    members: "array[int]"
    phones: "array[int]"

    def to_bytes(self) -> bytes:
        """Returns the form in storage."""
        return _to_bytes(*self)

    @classmethod
    def from_bytes(cls, text: bytes) -> "RowHashes":
        """Returns what `to_bytes` wrote."""
        return cls(*_from_bytes(text))


class Dependencies(NamedTuple):
    """Two sorted lists of hashes: of all members in the file, and of members and numbers on more than one row."""

    members: "array[int]"
    shared: "array[int]"

    def names_member(self, key: MemberKey) -> bool:
        """Returns whether a row may be about this member."""
        return _contains(self.members, _hash(key))

    def shares(self, row: MemberRow) -> bool:
        """Returns whether another row may be about a member of the row, or ask for its phone number."""
        return bool(self.shared) and (
            _contains(self.shared, _hash(row.key))
            or (bool(row.member.phone_number) and _contains(self.shared, _hash(row.phone)))
            or (row.previous_key is not None and _contains(self.shared, _hash(row.previous_key)))
        )

    def to_bytes(self) -> bytes:
        """Returns the form in storage."""
        return _to_bytes(*self)

    @classmethod
    def from_bytes(cls, text: bytes) -> "Dependencies":
        """Returns what `to_bytes` wrote."""
        return cls(*_from_bytes(text))


INDEPENDENT = Dependencies(array(_INT), array(_INT))  # of rows that do not concern each other


def hash_rows(rows: Iterable[MemberRow]) -> RowHashes:
    """Returns the hashes of a chunk's rows."""
    members, phones = [], []
    for row in rows:
        members.append(_hash(row.key))
        if row.previous_key:
            members.append(_hash(row.previous_key))
        if row.member.phone_number:
            phones.append(_hash(row.phone))
    return RowHashes(array(_INT, sorted(members)), array(_INT, sorted(phones)))


def find_dependencies(read: Callable[[], Iterable[RowHashes]], rows: int) -> Dependencies:
    """Returns the dependencies of a file of so many rows; `read` returns the hashes of its chunks.

    Sorts the hashes part by part, each part a range of values, and reads all chunks for each.
    """
    found = Dependencies(array(_INT), array(_INT))
    parts = 1 + rows // PART_SIZE
    for number in range(parts):
        low, high = (n * HASHES // parts for n in (number, number + 1))
        part = RowHashes(array(_INT), array(_INT))
        for chunk in read():
            for hashes, values in zip(part, chunk, strict=True):
                hashes.extend(values[bisect_left(values, low) : bisect_left(values, high)])
        members, phones = map(sorted, part)
        found.members.extend(members)
        found.shared.extend(sorted({*_repeated(members), *_repeated(phones)}))
    return found


def _repeated(values: list[int]) -> Iterator[int]:
    """Yields the values that occur more than once in a sorted list."""
    return (value for value, following in pairwise(values) if value == following)


def _hash(key: MemberKey | PhoneKey) -> int:
    return zlib.crc32("\0".join(key).encode())


def _contains(hashes: "array[int]", value: int) -> bool:
    index = bisect_left(hashes, value)
    return index < len(hashes) and hashes[index] == value


def _to_bytes(first: "array[int]", second: "array[int]") -> bytes:
    return len(first).to_bytes(8, "little") + first.tobytes() + second.tobytes()


def _from_bytes(text: bytes) -> tuple["array[int]", "array[int]"]:
    end = 8 + 4 * int.from_bytes(text[:8], "little")
    return array(_INT, text[8:end]), array(_INT, text[end:])
