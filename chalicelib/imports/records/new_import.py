"""The options of a new import, and its first record."""

import re
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, JsonValue
from pydantic_core import PydanticCustomError

from chalicelib.clock import now
from chalicelib.fields.phone import Region
from chalicelib.fields.text import TEXT_SCHEMA, Identifier, Name
from chalicelib.imports.text.encodings import Encoding
from chalicelib.imports.text.file_names import NAME_END

from .import_ids import new_import_id
from .model import ImportOptions, ImportRecord, Source
from .option_values import ColumnMap, MaxRemoved, MaxRemovedPercent, RowCount

# For the OpenAPI document: the file names that the API accepts.
FILENAME_SCHEMA: dict[str, JsonValue] = {"pattern": str(TEXT_SCHEMA["pattern"]).removesuffix("$") + NAME_END}
MAX_REJECTED = "With more rejected rows, a number or a percentage such as 5%, the import fails."
LIMIT_PATTERN = r"^([0-9]{1,9}|[0-9]{1,2}%)$"


def _check_limit(text: str) -> str:
    if not re.fullmatch(LIMIT_PATTERN, text):
        detail = "Must be a number such as 100, or a percentage such as 5%."
        raise PydanticCustomError("wrong_form", detail)
    return text


def _without_path(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2]


class NewImport(ImportOptions):
    """The options of a new import."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    filename: Annotated[
        Name,
        AfterValidator(_without_path),
        Field(json_schema_extra=FILENAME_SCHEMA, description="The file's name. Its end says how it is read."),
    ] = "upload.csv"
    account_id: Annotated[
        Identifier | None,
        Field(description="The account of all rows. A row with another one is rejected (account_differs)."),
    ] = None
    region: Region | None = None
    encoding: Encoding | None = None
    max_rejected: (
        Annotated[
            str,
            AfterValidator(_check_limit),
            Field(json_schema_extra={"pattern": LIMIT_PATTERN}, description=MAX_REJECTED),
        ]
        | None
    ) = None
    rows: RowCount | None = None
    max_removed: MaxRemoved | None = None
    max_removed_percent: MaxRemovedPercent | None = None
    columns: ColumnMap | None = None

    def record(
        self, accounts: list[str] | None = None, created_by: str | None = None, import_id: str = ""
    ) -> ImportRecord:
        """Returns the record of the import before its upload; its source is set when it is announced.

        `accounts` are the only ones it may write to, None for all.
        """
        return ImportRecord(
            id=import_id or new_import_id(),
            status="awaiting_upload",
            source=Source(bucket="", key=""),
            created_at=now(),
            accounts=accounts,
            created_by=created_by,
            column_map=self.columns or {},
            **self.model_dump(exclude={"filename", "columns"}),
        )
