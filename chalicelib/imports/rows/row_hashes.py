"""Which rows of a file may concern each other, found by hashes: without reading the table, in little memory. Pure.

Rows are independent if no other row is about their member or asks for their phone number. A row with a previous
client member id is about two members. A wrong answer is possible in one direction only: an independent row may be
taken for a dependent one, which costs time. With hashes of 32 bits that happens to one row in a thousand of a file of
five million.
"""

import hashlib
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from chalicelib.members.model import MemberKey

from .member_row import MemberRow

HASHES = 1 << 32  # their number: those of crc32, which takes a tenth of the time of a cryptographic hash
PART_SIZE = 1_000_000  # rows whose hashes are sorted in memory at once
_INT, _LONG = "I", "Q"  # arrays of 4 and 8 bytes each
EXACT_BITS = 16  # of a folded hash: they tell ids apart that differ by case alone


class RowHashes(NamedTuple):
    """The hashes of a chunk's rows, sorted: of each row's members, and of each number asked for.

    In a dry run also one of each key with letters, without regard to case; its last bits depend on case.
    """

    members: "array[int]"
    phones: "array[int]"
    folded: "array[int]"

    def to_bytes(self) -> bytes:
        """Returns the form in storage."""
        return _to_bytes(*self)

    @classmethod
    def from_bytes(cls, text: bytes) -> "RowHashes":
        """Returns what `to_bytes` wrote."""
        return cls(*_from_bytes(text))


class Dependencies(NamedTuple):
    """Sorted hashes: of all members in the file, of members and numbers on more than one row.

    `alike` are the folded hashes, without their last bits, of keys that differ from another by case alone.
    """

    members: "array[int]"
    shared: "array[int]"
    alike: "array[int]"

    def names_member(self, key: MemberKey) -> bool:
        """Returns whether a row may be about this member."""
        return _contains(self.members, _hash(*key))

    def shares(self, row: MemberRow) -> bool:
        """Returns whether another row may be about a member of the row, or ask for its phone number."""
        return bool(self.shared) and (
            _contains(self.shared, _hash(*row.key))
            or (row.asks_for_phone and _contains(self.shared, _hash(*row.phone)))
            or (bool(row.previous) and _contains(self.shared, _hash(*row.previous_key)))
        )

    def differs_by_case(self, row: MemberRow) -> bool:
        """Returns whether another row is about a member whose ids differ from the row's by case alone."""
        return bool(self.alike) and _contains(self.alike, _folded_hash(row.key) >> EXACT_BITS)

    def to_bytes(self) -> bytes:
        """Returns the form in storage."""
        return _to_bytes(*self)

    @classmethod
    def from_bytes(cls, text: bytes) -> "Dependencies":
        """Returns what `to_bytes` wrote."""
        return cls(*_from_bytes(text))


INDEPENDENT = Dependencies(array(_INT), array(_INT), array(_LONG))  # of rows that do not concern each other


def hash_rows(rows: Sequence[MemberRow], *, dry_run: bool = False) -> RowHashes:
    """Returns the hashes of a chunk's rows."""
    members, phones = [], []
    for _, member, previous, deletes, _ in rows:
        account_id, phone_number = member.account_id, member.phone_number
        members.append(_hash(account_id, member.client_member_id))
        if previous:
            members.append(_hash(account_id, previous))
        if phone_number and not deletes:
            phones.append(_hash(account_id, phone_number))
    folded = [_folded_hash(row.key) for row in rows if _has_letters(row.key)] if dry_run else []
    return RowHashes(array(_INT, sorted(members)), array(_INT, sorted(phones)), array(_LONG, sorted(folded)))


def find_dependencies(read: Callable[[], Iterable[RowHashes]], rows: int) -> Dependencies:
    """Returns the dependencies of a file of so many rows; `read` returns the hashes of its chunks.

    Sorts the hashes part by part, each part a range of values, and reads all chunks for each.
    """
    found = Dependencies(array(_INT), array(_INT), array(_LONG))
    parts = 1 + rows // PART_SIZE
    for number in range(parts):
        low, high = (n * HASHES // parts for n in (number, number + 1))
        bounds = ((low, high), (low, high), (low << 32, high << 32))
        part = RowHashes(array(_INT), array(_INT), array(_LONG))
        for chunk in read():
            for hashes, values, (first, end) in zip(part, chunk, bounds, strict=True):
                hashes.extend(values[bisect_left(values, first) : bisect_left(values, end)])
        members = sorted(part.members)
        found.members.extend(members)
        shared = set(_repeated(members))
        del members  # as a list, a million hashes take 40 MB
        shared.update(_repeated(sorted(part.phones)))
        found.shared.extend(sorted(shared))
        found.alike.extend(sorted(set(_alike(sorted(part.folded)))))
    return found


def _repeated(values: list[int]) -> Iterator[int]:
    """Yields the values that occur more than once in a sorted list."""
    return (value for value, following in pairwise(values) if value == following)


def _alike(values: list[int]) -> Iterator[int]:
    """Yields, without their last bits, the values of a sorted list that differ in these bits alone."""
    return (
        value >> EXACT_BITS
        for value, following in pairwise(values)
        if value != following and value >> EXACT_BITS == following >> EXACT_BITS
    )


def _has_letters(key: MemberKey) -> bool:
    return any(part.lower() != part.upper() for part in key)


def _folded_hash(key: MemberKey) -> int:
    """Returns 48 bits that do not depend on case, then EXACT_BITS that do.

    Two of five million keys rarely have the same 48 bits.
    """
    folded = hashlib.blake2b("\0".join(key).casefold().encode(), digest_size=6).digest()
    return int.from_bytes(folded) << EXACT_BITS | _hash(*key) & ((1 << EXACT_BITS) - 1)


def _hash(account_id: str, value: str) -> int:
    """Returns the hash of the key of a member or a claim."""
    return zlib.crc32(f"{account_id}\0{value}".encode())


def _contains(hashes: "array[int]", value: int) -> bool:
    index = bisect_left(hashes, value)
    return index < len(hashes) and hashes[index] == value


def _to_bytes(*arrays: "array[int]") -> bytes:
    sizes = b"".join(len(hashes).to_bytes(8, "little") for hashes in arrays)
    return sizes + b"".join(hashes.tobytes() for hashes in arrays)


def _from_bytes(text: bytes) -> Iterator["array[int]"]:
    types = (_INT, _INT, _LONG)
    start = 8 * len(types)
    for number, kind in enumerate(types):
        hashes = array(kind)
        size = int.from_bytes(text[8 * number : 8 * number + 8], "little") * hashes.itemsize
        hashes.frombytes(text[start : start + size])
        start += size
        yield hashes
