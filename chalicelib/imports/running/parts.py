"""What the steps of an import hand to later steps: in the bucket, or to the end of a file of one chunk."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import orjson

from chalicelib.imports.records.model import ImportRecord
from chalicelib.imports.records.storage import ImportStorage
from chalicelib.imports.reports.changes import chunk_lines
from chalicelib.imports.rows.chunk_reader import ReadChunk
from chalicelib.imports.rows.columns import Header
from chalicelib.imports.rows.member_row import MemberRow, decode_row, encode_row
from chalicelib.imports.rows.outcomes import (
    CREATED,
    Outcome,
    decode_outcomes,
    encode_outcomes,
    freed_numbers,
    not_created,
)
from chalicelib.imports.rows.row_hashes import Dependencies, RowHashes
from chalicelib.imports.rows.warnings import RowWarning
from chalicelib.imports.text.csv_reader import RejectedRow, Row
from chalicelib.members.model import PhoneKey


@dataclass(slots=True)
class WrittenRows:
    """What writing a chunk has left: outcomes by line except CREATED, the lines of deferred rows, and warnings."""

    outcomes: dict[int, Outcome] = field(default_factory=dict)
    deferred: list[int] = field(default_factory=list)
    warnings: list[RowWarning] = field(default_factory=list)

    def forget_after(self, last: int) -> None:
        """Removes the rows after the line `last`."""
        self.outcomes = {line: outcome for line, outcome in self.outcomes.items() if line <= last}
        self.deferred = [line for line in self.deferred if line <= last]
        self.warnings = [warning for warning in self.warnings if warning.line <= last]


@dataclass(frozen=True, slots=True)
class ResolvedRows:
    """The outcomes of deferred rows: by line those that were settled, and one of all others."""

    settled: Mapping[int, Outcome] = field(default_factory=dict)
    others: Outcome = CREATED

    def of(self, lines: Iterable[int]) -> dict[int, Outcome]:
        """Returns the outcomes of the deferred `lines`, except CREATED."""
        return not_created({line: self.settled.get(line, self.others) for line in lines})


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """What the worker that has loaded a file of one chunk knows: its columns, its rows, and what writing has left."""

    header: Header
    rows: list[Row | RejectedRow]
    member_rows: list[MemberRow]
    written: WrittenRows


class ImportParts:
    """The parts of one import."""

    def __init__(self, storage: ImportStorage, record: ImportRecord) -> None:
        self._storage = storage
        self._folder = record.folder
        self._in_one_step = record.in_one_step  # then `written` has the outcomes of all rows

    def put_read(self, number: int, found: ReadChunk, hashes: RowHashes) -> None:
        """Stores what reading a chunk has found."""
        self.put_rows(number, found.rows)
        self._put(number, "hashes", hashes.to_bytes())
        rejected = encode_outcomes(found.rejected.items())
        self._put(number, "rejected", rejected + b"\n" + _warnings_to_json(found.warnings))

    def put_rows(self, number: int, rows: Iterable[MemberRow]) -> None:
        """Stores the rows of a chunk that describe members."""
        self._put(number, "rows", b"\n".join(map(encode_row, rows)))

    def rows_text(self, number: int) -> bytes:
        """Returns the rows of a chunk that describe members, as they are stored."""
        return self._part(number, "rows")

    @staticmethod
    def rows(text: bytes) -> list[MemberRow]:
        """Returns the rows in what `rows_text` returned."""
        return [decode_row(line) for line in text.splitlines()]

    def deferred_rows(self, number: int) -> list[tuple[int, bytes]]:
        """Returns the deferred rows of a chunk: the line of each, and its stored form."""
        lines = set(self.written(number).deferred)
        texts = self.rows_text(number).splitlines() if lines else []
        return [(line, text) for text in texts if (line := decode_row(text).line) in lines]

    def found(self, number: int, resolved: ResolvedRows) -> tuple[dict[int, Outcome], list[RowWarning]]:
        """Returns the outcomes of a chunk's rows by line, except CREATED, and its warnings."""
        written = self.written(number)
        if self._in_one_step:
            return written.outcomes, written.warnings
        rejected, _, warnings = self._part(number, "rejected").partition(b"\n")
        outcomes = decode_outcomes(rejected) | written.outcomes | resolved.of(written.deferred)
        return outcomes, sorted({*_warnings_from_json(warnings), *written.warnings})

    def freed(self, number: int) -> list[PhoneKey]:
        """Returns the phone numbers that the independent rows of a chunk have freed."""
        outcomes = {line: one for line, one in self.written(number).outcomes.items() if one.before}
        return list(freed_numbers(self.rows(self.rows_text(number)), outcomes)) if outcomes else []

    def changes(self, number: int, resolved: ResolvedRows) -> str:
        """Returns the lines of a chunk in changes.csv."""
        return chunk_lines(self.rows_text(number), self.found(number, resolved)[0])

    def hashes(self, number: int) -> RowHashes:
        """Returns the hashes of a chunk's rows."""
        return RowHashes.from_bytes(self._part(number, "hashes"))

    def put_dependencies(self, dependencies: Dependencies) -> None:
        """Stores which rows may concern each other."""
        self._storage.put_part(self._folder, "dependencies", dependencies.to_bytes())

    def dependencies(self) -> Dependencies:
        """Returns which rows may concern each other."""
        return Dependencies.from_bytes(self._storage.part(self._folder, "dependencies"))

    def put_written(self, number: int, written: WrittenRows) -> None:
        """Stores what writing a chunk has left so far."""
        parts = (encode_outcomes(written.outcomes.items()), orjson.dumps(written.deferred))
        self._put(number, "written", b"\n".join((*parts, _warnings_to_json(written.warnings))))

    def written(self, number: int) -> WrittenRows:
        """Returns what writing a chunk has left."""
        outcomes, deferred, warnings = self._part(number, "written").split(b"\n")
        return WrittenRows(decode_outcomes(outcomes), orjson.loads(deferred), _warnings_from_json(warnings))

    def put_resolved(self, resolved: ResolvedRows) -> None:
        """Stores the outcomes of deferred rows."""
        others = encode_outcomes([(0, resolved.others)])
        text = encode_outcomes(resolved.settled.items()) + b"\n" + others
        self._storage.put_part(self._folder, "resolved", text)

    def resolved(self) -> ResolvedRows:
        """Returns the outcomes of deferred rows."""
        settled, _, others = self._storage.part(self._folder, "resolved").partition(b"\n")
        return ResolvedRows(decode_outcomes(settled), decode_outcomes(others)[0])

    def _put(self, number: int, kind: str, body: bytes) -> None:
        self._storage.put_part(self._folder, f"{number:05}.{kind}", body)

    def _part(self, number: int, kind: str) -> bytes:
        return self._storage.part(self._folder, f"{number:05}.{kind}")


def _warnings_to_json(warnings: Iterable[RowWarning]) -> bytes:
    return orjson.dumps(list(map(list, warnings)))


def _warnings_from_json(text: bytes) -> list[RowWarning]:
    return [RowWarning(*warning) for warning in orjson.loads(text)]
