"""An import: its stored record, the part that callers see, its id."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, model_validator

from chalicelib.clock import iso_time
from chalicelib.fields.text import Timestamp
from chalicelib.imports.rows.removal import Removal
from chalicelib.imports.rows.row_context import MODES, ROW_MODES, FileMode, Mode, RowContext
from chalicelib.imports.text.csv_reader import Dialect
from chalicelib.members.items import SHARDS
from chalicelib.scope import Scope

from .estimate import Estimate
from .option_values import YesNo
from .pace import percent, progress_at, seconds_left, seconds_since

Status = Literal[
    "awaiting_upload", "splitting", "loading", "awaiting_approval", "completed", "failed", "cancelled"
]
# The stages of an import whose file is split. A file of one chunk has only `load`, in which one step does it all,
# unless it is a sync, which has more stages.
Stage = Literal[
    "read",
    "decide",
    "write",
    "compare",
    "judge",
    "resolve",
    "hold",
    "recheck",
    "remove",
    "settle",
    "finish",
    "load",
]
UPLOAD_SECONDS = 24 * 3600  # an announced import fails if its file has not arrived by then


class Source(BaseModel, defer_build=True):
    """The S3 object of an import: `size` in bytes, `version` its version id, `arrived_at` when S3 had stored it."""

    bucket: str
    key: str
    version: str | None = None
    size: int = 0
    arrived_at: Timestamp | None = None


class Counts(BaseModel, defer_build=True):
    """Rows by outcome; rows = created + updated + unchanged + deleted + rejected.

    `removed` counts the members beside them that a sync has removed.
    """

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    rejected: int = 0
    removed: int = 0


class LineAbove(BaseModel, defer_build=True):
    """A line above the column names, which is no member: a title or comment."""

    line: int
    text: str


class EncodingCandidate(BaseModel, defer_build=True):
    """An encoding that a file may be in, and up to three of its names or ids as that encoding reads them."""

    encoding: str
    names: list[str]


class Failure(BaseModel, defer_build=True):
    """The reason why an import ended before the end of its file."""

    code: str
    detail: str


class ImportJob(BaseModel, defer_build=True):
    """An import as callers see it. Times are ISO 8601 in UTC; `percent` is the share of the work that is done.

    `account_id`, `region`, `max_rejected` and `rows` are as given with the import (`rows` also by a trailer). A dry
    run (`dry_run`) has the counts that the import would have, and writes no member.
    `applies` is the id of the dry run whose file it imports. An undo takes back the import `of` of file `of_file`.
    `applied_by` is the latest import that applies this dry run, `undone_by` the latest one that takes it back.
    `encoding` is null until the file is split, unless it was declared. Where it was guessed, the examples are up to
    three names or ids as they were read. Where the guess was not sure (unsure_encoding), the candidates are up to
    three encodings with the same names in each.
    `changed_since` counts the unchanged rows whose member was changed by others after the file had arrived.
    `removal` is what a sync does about members that its file does not name, null in other modes. `estimate` is what
    the import would take that a completed dry run foretells, else null.
    `progress_at` is when it was started, or has last settled rows or gone on after an approval. `seconds_left` is an
    estimate, null before the first rows are settled. A `cancelled` or `failed` import without `finished_at` is still
    counting the rows that it will not load.
    """

    id: str
    status: Status
    mode: Mode
    dry_run: bool
    source: Source
    counts: Counts
    percent: int
    progress_at: Timestamp | None
    seconds_left: int | None
    created_at: Timestamp
    started_at: Timestamp | None
    finished_at: Timestamp | None
    error: Failure | None
    created_by: str | None
    account_id: str | None
    region: str | None
    max_rejected: str | None
    rows: int | None
    applies: str | None
    of: str | None
    of_file: str | None
    applied_by: str | None
    undone_by: str | None
    changed_since: int
    encoding: str | None
    encoding_guessed: bool
    encoding_examples: list[str]
    encoding_candidates: list[EncodingCandidate]
    max_removed: int | None
    max_removed_percent: int | None
    removal: Removal | None
    estimate: Estimate | None


class UndoOptions(BaseModel, defer_build=True):
    """The options of an undo."""

    dry_run: Annotated[
        YesNo, Field(description="Find out what the import would do, and write no member.")
    ] = False


class ImportOptions(UndoOptions):
    """The options that say what becomes of the rows."""

    mode: Annotated[FileMode, Field(description=MODES)] = "create"

    @model_validator(mode="before")
    @classmethod
    def _validate_is_a_dry_run(cls, data: Any) -> Any:
        return (
            {**data, "dry_run": True} if isinstance(data, dict) and data.get("mode") == "validate" else data
        )


class ImportRecord(ImportOptions):
    """An import as it is stored, with the fields that only workers need."""

    id: str
    status: Status
    mode: Mode  # type: ignore[assignment]  # no file has the mode undo
    source: Source
    counts: Counts = Counts()
    created_at: str
    started_at: str | None = None
    finished_at: str | None = None
    error: Failure | None = None
    account_id: str | None = None  # of every row; a row that names another account is rejected
    region: str | None = None  # of phone numbers without +; None for the deployment's
    created_by: str | None = None  # the user or token that started it; None for a dropped file
    accounts: list[str] | None = None  # the only accounts that it may write to; None for all
    max_rejected: str | None = None  # such as 100 or 5%: with more rejected rows the import fails
    rows: int | None = None  # that the file must have, by its sender or its trailer
    max_removed: int | None = None  # lower limits of this sync
    max_removed_percent: int | None = None
    applies: str | None = None  # the dry run whose file it imports
    of: str | None = None  # the import that it takes back
    of_file: str | None = None  # the name of that import's file
    has_trailer: bool = False  # its last row is a trailer, see chunk_reader.trailer_rows
    column_map: dict[str, str] = {}  # the sender's own names of columns by field
    columns: list[str] = []  # in the record only until it is written: see ImportRepository.columns
    encoding: str | None = None  # before the split: that the sender declared
    encoding_guessed: bool = False
    encoding_examples: list[str] = []  # up to three names or ids as they were read, if it was guessed
    encoding_candidates: list[EncodingCandidate] = []  # of a guess that was not sure
    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    header_line: int | None = None  # of the column names; in imports of earlier versions None, the first row
    lines_above_header: list[LineAbove] = []
    sheets: list[str] = []  # the visible ones of a workbook; the first was read
    invalid_bytes: int = 0  # bytes that are invalid in the encoding; in UTF-16, units of two bytes
    chunks: int = 0
    loading_at: str | None = None
    folder: str = ""  # the key prefix of its chunks
    estimate: Estimate | None = None
    # Like the counts, attributes of their own:
    applied_by: str | None = None  # the latest import that applies it, and the latest that takes it back
    undone_by: str | None = None
    stage: Stage | None = None  # None until the file is split
    steps_done: int = 0  # of this stage
    rows_found: int = 0  # in the chunks that are read
    rows_deferred: int = 0  # that the resolver settles
    other_headers: int = 0  # lines that name the columns in another order
    changed_since: int = 0  # rows, see outcomes.CHANGED_SINCE
    rows_held: int = 0  # that wait for numbers of members which a sync may remove
    unreadable_ids: int = 0  # rows of a sync
    members_found: int = 0  # of the account, when a sync compares them with its file
    removals_found: int = 0  # those of them that the file does not name
    shards_skipped: int = 0  # of the account, which could not be compared
    removal: Removal | None = None  # of a sync, from the stage decide on
    advanced_at: str | None = None  # the time of the last change of the counts
    notified: bool = False  # the notice of its end was sent

    @property
    def age(self) -> float:
        """The seconds since the file was split, 0 before."""
        return seconds_since(self.loading_at) if self.loading_at else 0

    @property
    def row_context(self) -> RowContext:
        """What the outcomes of its rows depend on."""
        mode = ROW_MODES.get(self.mode, self.mode)
        arrived_at, of = self.source.arrived_at or self.created_at, self.of or ""
        return RowContext(self.id, mode, arrived_at, self.dry_run, of=of, sync=self.mode == "sync")

    @property
    def dialect(self) -> Dialect:
        """How the cells of its file are separated and quoted."""
        return Dialect(self.delimiter, self.quote, self.escape)

    @property
    def scope(self) -> Scope:
        """The accounts that the import may write to."""
        return Scope(None if self.accounts is None else frozenset(self.accounts))

    @property
    def only_account(self) -> str | None:
        """The account of all members that the import may write, None if it may write to several."""
        account_id = self.account_id or (self.removal.account_id if self.removal else None)
        return (
            self.accounts[0] if not account_id and self.accounts and len(self.accounts) == 1 else account_id
        )

    def visible_to(self, scope: Scope) -> bool:
        """Returns whether the scope covers all accounts that the import may write to."""
        return scope.covers(self.accounts if self.account_id is None else [self.account_id])

    def shown(self) -> ImportJob:
        """Returns the import as callers see it; an announced one whose file is overdue has failed."""
        fields = self.model_dump(include=set(ImportJob.model_fields))
        if self.status == "awaiting_upload" and seconds_since(self.created_at) > UPLOAD_SECONDS:
            error = Failure(code="upload_expired", detail="The file was never uploaded.")
            ended = datetime.fromisoformat(self.created_at) + timedelta(seconds=UPLOAD_SECONDS)
            finished_at = iso_time(round(ended.timestamp() * 1000))
            fields |= {"status": "failed", "error": error, "finished_at": finished_at}
        share = 100 if self.status == "completed" else min(int(percent(self)), 99)
        return ImportJob(
            **fields, percent=share, progress_at=progress_at(self), seconds_left=seconds_left(self)
        )

    @property
    def steps(self) -> int:
        """The number of steps of this stage."""
        if self.stage in ("compare", "remove"):
            return SHARDS
        return self.chunks if self.stage in ("read", "write") else 1

    @property
    def in_one_step(self) -> bool:
        """Whether one step does all the work."""
        return self.chunks == 1 and self.mode != "sync"


def with_status(record: ImportRecord, status: Status, error: Failure | None) -> ImportRecord:
    """Returns the record with another status, and the reason for it."""
    return record.model_copy(update={"status": status, "error": error})
