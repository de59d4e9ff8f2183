"""An export: its stored record, and the part that callers see. Pure."""

import re
import time
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.clock import now
from chalicelib.fields.text import Identifier, Name, Timestamp
from chalicelib.scope import Scope
from chalicelib.timed_ids import new_timed_id

Format = Literal["csv", "csv.gz", "ndjson"]
Status = Literal["queued", "running", "completed", "failed"]


class ExportFailure(BaseModel, defer_build=True):
    """The reason why an export ended without a file."""

    code: str
    detail: str


class Part(BaseModel, defer_build=True):
    """A part of the file that S3 has: what the completion of its upload must name, and its size in bytes."""

    etag: str
    checksum: str | None = None
    size: int


class ExportJob(BaseModel, defer_build=True):
    """An export as callers see it. Times are ISO 8601 in UTC.

    `rows` counts the members that are read so far, and `as_of` is the time at which the export started: the file has
    each member as it was then or later. `size` is that of the file in bytes.
    """

    id: str
    status: Status
    account_id: str
    last_name_prefix: str | None
    format: Format
    rows: int
    as_of: Timestamp
    size: int | None
    created_by: str | None
    finished_at: Timestamp | None
    error: ExportFailure | None


class ExportRecord(BaseModel, defer_build=True):
    """An export as it is stored, with how far its file has come.

    `after` is the place of the last member that is in the parts or the pending object, in the order of the index by
    name; None before the first. `settled_rows` are the rows until there.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    account_id: str
    last_name_prefix: str | None
    format: Format
    as_of: str
    created_by: str | None
    started: bool = False
    rows: int = 0
    finished_at: str | None = None
    size: int | None = None
    error: ExportFailure | None = None
    after: str | None = None
    settled_rows: int = 0
    upload_id: str | None = None
    parts: list[Part] = []
    pending: str | None = None  # the object with what is read, and too little for a part
    is_read: bool = False  # all members are in the parts

    @property
    def age(self) -> float:
        """The seconds since it was asked for."""
        return time.time() - datetime.fromisoformat(self.as_of).timestamp()

    @property
    def filename(self) -> str:
        """The name of its file for people. It says that the file is only a part of the account."""
        names = ["members", self.account_id]
        names += ["last-name", self.last_name_prefix] if self.last_name_prefix else []
        time = re.sub(r"[-:]|\.\d+", "", self.as_of)  # 20261126T064500Z
        return "-".join(re.sub(r"[^A-Za-z0-9._]+", "_", name) for name in (*names, time)) + f".{self.format}"

    def visible_to(self, scope: Scope) -> bool:
        """Returns whether its account is in the scope."""
        return scope.includes(self.account_id)

    def shown(self) -> ExportJob:
        """Returns the export as callers see it."""
        status: Status = "running" if self.started else "queued"
        if self.finished_at:
            status = "failed" if self.error else "completed"
        return ExportJob(status=status, **self.model_dump(include=set(ExportJob.model_fields)))


class NewExport(BaseModel, defer_build=True):
    """What to export: an account, or its members whose last names start with a prefix, as a search finds them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    account_id: Identifier
    last_name_prefix: Name | None = None
    format: Annotated[
        Format,
        Field(
            description="csv can be imported again, as csv.gz packed; ndjson has all fields of the members."
        ),
    ] = "csv"

    def record(self, created_by: str | None = None, export_id: str = "") -> ExportRecord:
        """Returns the record of a new export, by default with a new id."""
        return ExportRecord(
            id=export_id or new_timed_id(), as_of=now(), created_by=created_by, **self.model_dump()
        )
