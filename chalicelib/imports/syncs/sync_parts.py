"""What the steps of a sync hand to later steps, in the bucket."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import orjson

from chalicelib.errors import NotFound
from chalicelib.imports.records.model import ImportRecord
from chalicelib.imports.records.storage import ImportStorage
from chalicelib.imports.reports.changes import removal_line
from chalicelib.imports.rows.member_row import decode_row
from chalicelib.imports.rows.removal import KEPT, REMOVED, WOULD_REMOVE
from chalicelib.members.items import SHARDS
from chalicelib.members.model import Member, MemberKey, PhoneKey, Values

from .named_members import NamedMembers, accounts_of, ids_of

LINES = 1000  # of changes.csv that are made at once


class Missing(NamedTuple):
    """A member that the file of a sync does not name, as it was when they were compared."""

    client_member_id: str
    first_name: str
    last_name: str
    phone_number: str

    @classmethod
    def of(cls, member: Member) -> "Missing":
        """Returns the member."""
        return cls(*(getattr(member, name) for name in cls._fields))


class SyncParts:
    """The parts of one sync."""

    def __init__(self, storage: ImportStorage, record: ImportRecord) -> None:
        self._storage = storage
        self._record = record

    def put_named(self, number: int, named: NamedMembers) -> None:
        """Stores the members that the rows of a chunk name."""
        self._put(f"{number:05}.named", named.to_bytes())

    def accounts(self, number: int) -> list[str]:
        """Returns the accounts that the rows of a chunk name, at most two."""
        return accounts_of(self._part(f"{number:05}.named"))

    def named(self, number: int, shard: int) -> list[str]:
        """Returns the client member ids of a shard that the rows of a chunk name."""
        return ids_of(self._part(f"{number:05}.named"), shard)

    def put_missing(self, shard: int, missing: Iterable[Missing]) -> None:
        """Stores the members of a shard that the file does not name."""
        self._put(f"missing.{shard}", b"\n".join(orjson.dumps([*one]) for one in missing))

    def missing(self, shard: int) -> list[Missing]:
        """Returns the members of a shard that the file does not name, none before they were compared."""
        try:
            text = self._part(f"missing.{shard}")
        except NotFound:
            return []
        return [Missing(*orjson.loads(line)) for line in text.splitlines()]

    def all_missing(self) -> Iterator[Missing]:
        """Yields the members of all shards that the file does not name."""
        for shard in range(SHARDS):
            yield from self.missing(shard)

    def phones(self) -> Iterator[PhoneKey]:
        """Yields the phone numbers of all members that the file does not name."""
        account_id = self._account_id
        return (PhoneKey(account_id, missing.phone_number) for missing in self.all_missing())

    def put_kept(self, shard: int, kept: Mapping[int, str]) -> None:
        """Stores which of the missing members of a shard were not removed: the code of the reason, by place."""
        self._put(f"kept.{shard}", orjson.dumps(list(kept.items())))

    def kept(self, shard: int) -> dict[int, str]:
        """Returns what `put_kept` stored."""
        return dict(orjson.loads(self._part(f"kept.{shard}")))

    def put_named_since(self, ids: Iterable[str]) -> None:
        """Stores the missing members that newer files name."""
        self._put("named_since", orjson.dumps(list(ids)))

    def named_since(self) -> set[str]:
        """Returns the missing members that newer files name."""
        return set(orjson.loads(self._part("named_since")))

    def rows_of(self, number: int) -> Iterator[MemberKey]:
        """Yields the members that the accepted rows of a chunk are about; none if they are not stored."""
        try:
            text = self._part(f"{number:05}.rows")
        except NotFound:
            return
        for line in text.splitlines():
            yield from decode_row(line).keys

    def changes(self) -> Iterator[str]:
        """Yields lines of changes.csv: the members that the file does not name, shard after shard."""
        removal = self._record.removal
        if removal is None:
            return
        for shard in range(SHARDS):
            kept, missing = self._kept_or_none(shard), self.missing(shard)
            for start in range(0, len(missing), LINES):
                places = range(start, min(start + LINES, len(missing)))
                lines = (
                    removal_line(*self._outcome(kept, place), self._values(missing[place]))
                    for place in places
                )
                yield "".join(lines)

    def _outcome(self, kept: Mapping[int, str] | None, place: int) -> tuple[str, str]:
        """Returns (outcome, code) of a missing member."""
        removal = self._record.removal
        if removal is None or self._record.dry_run or self._record.status == "awaiting_approval":
            is_kept = removal is None or removal.state == "not_done"
            return (KEPT, removal.code or "") if removal and is_kept else (WOULD_REMOVE, "")
        if kept is None:
            return KEPT, removal.code or removal.state
        return (KEPT, kept[place]) if place in kept else (REMOVED, "")

    def _kept_or_none(self, shard: int) -> dict[int, str] | None:
        """Returns which missing members of a shard were not removed, None if no step has tried to."""
        try:
            return self.kept(shard)
        except NotFound:
            return None

    def _values(self, missing: Missing) -> Values:
        return (("account_id", self._account_id), *missing._asdict().items())

    @property
    def _account_id(self) -> str:
        removal = self._record.removal
        return (removal.account_id if removal else None) or ""

    def _put(self, name: str, body: bytes) -> None:
        self._storage.put_part(self._record.folder, name, body)

    def _part(self, name: str) -> bytes:
        return self._storage.find_part(self._record.folder, name)


def named_ids_of_shard(pool: ThreadPoolExecutor, parts: SyncParts, chunks: int, shard: int) -> set[str]:
    """Returns the client member ids of a shard that the whole file names."""
    found: set[str] = set()
    for ids in pool.map(lambda number: parts.named(number, shard), range(chunks)):
        found.update(ids)
    return found
