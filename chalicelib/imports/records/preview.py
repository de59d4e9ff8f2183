"""What callers see of a file before it is imported. Pure."""

from pydantic import BaseModel, Field

from chalicelib.imports.rows.row_context import FileMode

from .model import EncodingCandidate, Failure, LineAbove


class PreviewColumn(BaseModel):
    """A column of a file: the field that it is used as, and the field that its name means; null for none."""

    name: str
    field: str | None
    means: str | None


class PreviewRow(BaseModel):
    """A row; `code` and `reason` where it would be rejected for what it says.

    `column` is the index of the invalid cell, null if the whole row is invalid. Cells beyond the columns come last.
    """

    line: int
    cells: list[str]
    code: str | None
    reason: str | None
    column: int | None


class Preview(BaseModel):
    """How an import would read a file, as far as its start shows.

    `encoding` is null for a workbook, and while no letter beyond ASCII shows it. The first of the candidates is the
    encoding that the file is read in; names are up to three names or ids in each. It is not
    sure where an import would ask for it (unsure_encoding). `missing` are the fields that the
    mode needs and no column was found for; `modes` are the modes without missing ones. `problem` is why an import
    with these options would fail, null if nothing shows that it would.
    """

    encoding: str | None = None
    encoding_guessed: bool = False
    encoding_sure: bool = True
    encoding_candidates: list[EncodingCandidate] = Field(default_factory=list)
    delimiter: str = ","
    sheets: list[str] = Field(default_factory=list)
    lines_above_header: list[LineAbove] = Field(default_factory=list)
    columns: list[PreviewColumn] = Field(default_factory=list)
    missing: list[str] = Field(default_factory=list)
    modes: list[FileMode] = Field(default_factory=list)
    rows: list[PreviewRow] = Field(default_factory=list)
    problem: Failure | None = None
