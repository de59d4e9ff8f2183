"""What the steps of an import hand to later steps: in the bucket, or to the end of a file of one chunk."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import orjson

from .chunk_reader import ReadChunk
from .columns import Header
from .csv_reader import RejectedRow, Row
from .member_row import MemberRow, decode_row, encode_row
from .model import ImportRecord
from .outcomes import Outcome
from .row_hashes import Dependencies, RowHashes
from .storage import ImportStorage
from .warnings import RowWarning


@dataclass(slots=True)
class WrittenRows:
    """What writing a chunk has left: outcomes of rejected rows by line, the lines of deferred ones, and warnings."""

    rejected: dict[int, Outcome] = field(default_factory=dict)
    deferred: list[int] = field(default_factory=list)
    warnings: list[RowWarning] = field(default_factory=list)

    def forget_after(self, last: int) -> None:
        """Removes the rows after the line `last`."""
        self.rejected = {line: outcome for line, outcome in self.rejected.items() if line <= last}
        self.deferred = [line for line in self.deferred if line <= last]
        self.warnings = [warning for warning in self.warnings if warning.line <= last]


@dataclass(frozen=True, slots=True)
class ResolvedRows:
    """The outcomes of deferred rows: by line those that were settled, and one of all others, if there are any."""

    settled: Mapping[int, Outcome] = field(default_factory=dict)
    others: Outcome | None = None

    def rejected(self, lines: Iterable[int]) -> dict[int, Outcome]:
        """Returns the outcomes of those of the deferred `lines` that were rejected."""
        found = ((line, self.settled.get(line, self.others)) for line in lines)
        return {line: outcome for line, outcome in found if outcome and outcome.outcome == "rejected"}


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """What the worker that has loaded a file of one chunk knows: its columns, its rows, and what writing has left."""

    header: Header
    rows: list[Row | RejectedRow]
    written: WrittenRows


class ImportParts:
    """The parts of one import."""

    def __init__(self, storage: ImportStorage, record: ImportRecord) -> None:
        self._storage = storage
        self._folder = record.folder
        self._in_one_step = record.chunks == 1  # then `written` has the outcomes of all rejected rows

    def put_read(self, number: int, found: ReadChunk, hashes: RowHashes) -> None:
        """Stores what reading a chunk has found."""
        self._put(number, "rows", b"\n".join(map(encode_row, found.rows)))
        self._put(number, "hashes", hashes.to_bytes())
        rejected = _outcomes_to_json(found.rejected)
        self._put(number, "rejected", rejected + b"\n" + _warnings_to_json(found.warnings))

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
        """Returns the outcomes of a chunk's rejected rows by line, and its warnings."""
        written = self.written(number)
        if self._in_one_step:
            return written.rejected, written.warnings
        rejected, _, warnings = self._part(number, "rejected").partition(b"\n")
        outcomes = _outcomes_from_json(rejected) | written.rejected | resolved.rejected(written.deferred)
        return outcomes, sorted({*_warnings_from_json(warnings), *written.warnings})

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
        parts = (_outcomes_to_json(written.rejected), orjson.dumps(written.deferred))
        self._put(number, "written", b"\n".join((*parts, _warnings_to_json(written.warnings))))

    def written(self, number: int) -> WrittenRows:
        """Returns what writing a chunk has left."""
        rejected, deferred, warnings = self._part(number, "written").split(b"\n")
        return WrittenRows(
            _outcomes_from_json(rejected), orjson.loads(deferred), _warnings_from_json(warnings)
        )

    def put_resolved(self, resolved: ResolvedRows) -> None:
        """Stores the outcomes of deferred rows."""
        text = _outcomes_to_json(resolved.settled) + b"\n" + orjson.dumps(list(resolved.others or ()))
        self._storage.put_part(self._folder, "resolved", text)

    def resolved(self) -> ResolvedRows:
        """Returns the outcomes of deferred rows."""
        settled, _, others = self._storage.part(self._folder, "resolved").partition(b"\n")
        found = orjson.loads(others)
        return ResolvedRows(_outcomes_from_json(settled), Outcome(*found) if found else None)

    def _put(self, number: int, kind: str, body: bytes) -> None:
        self._storage.put_part(self._folder, f"{number:05}.{kind}", body)

    def _part(self, number: int, kind: str) -> bytes:
        return self._storage.part(self._folder, f"{number:05}.{kind}")


def _outcomes_to_json(outcomes: Mapping[int, Outcome]) -> bytes:
    return orjson.dumps([[line, *outcome] for line, outcome in outcomes.items()])


def _outcomes_from_json(text: bytes) -> dict[int, Outcome]:
    return {line: Outcome(*rest) for line, *rest in orjson.loads(text)}


def _warnings_to_json(warnings: Iterable[RowWarning]) -> bytes:
    return orjson.dumps(list(map(list, warnings)))


def _warnings_from_json(text: bytes) -> list[RowWarning]:
    return [RowWarning(*warning) for warning in orjson.loads(text)]
