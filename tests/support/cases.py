"""The files of tests/cases, each with the members before it and the result of importing it."""

import base64
import gzip
import io
from collections import Counter
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import yaml
from pydantic import BaseModel, ConfigDict

from tests.support import CASES_DIR
from tests.support.workbooks import Cell, workbook

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
HEADER = "first_name,last_name,phone_number,client_member_id,account_id"


class Strict(BaseModel):
    """Rejects misspelt fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Part(Strict):
    """A text, or bytes in hex or base64, repeated `times` times; {i} in the text counts from 0000."""

    text: str = ""
    hex: str = ""
    base64: str = ""
    times: int = 1


class Case(Strict):
    """A file, the members before it and its result.

    In texts {header} is the usual header line, {account} an account id of the case's own.
    """

    name: str
    why: str
    # The file: `text`, then `parts`.
    key: str = "drops/x.csv"
    encoding: str = "utf-8"
    newline: str = "\n"  # replaces line feeds
    text: str = ""
    parts: list[Part] = []
    gzip: bool = False
    zip: list[str] = []  # the names of the files of a zip archive, each with this text
    sheet: list[list[Cell] | None] = []  # the rows of a workbook; None for one that its file leaves out
    cut: int = 0  # bytes missing at its end
    # Before it.
    stored: list[list[str]] = []  # members: first name, last name, phone number, client member id
    settings: dict[str, Any] = {}  # of the deployment
    profile: dict[str, Any] | None = None  # columns.json beside the file
    # How it is tested: each case as a drop, and as a request and by the command with the options of its folders.
    only_dropped: str = ""  # why it can be sent in no other way
    validated: bool = True  # a dry run must predict the result, and write no member
    again: bool = True  # rejected.csv, imported unchanged, is rejected again row by row
    # Its result.
    status: str = "completed"
    error: str = ""  # the code of a file that cannot be read
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    rejected: dict[int, str] = {}  # the code by line
    codes: dict[str, int] = {}  # instead of `rejected`: the number of rows by code
    reasons: dict[int, str] = {}  # a part of the reason by line
    warned: dict[str, list[int]] = {}  # the lines by code, of all warnings in report.json
    warned_dry: dict[str, list[int]] = {}  # those of a dry run alone
    report: dict[str, Any] = {}  # fields of report.json
    members: dict[str, list[str]] | None = (
        None  # all, by client member id: first name, last name, phone number
    )
    elsewhere: int = 0  # members created in other accounts
    megabytes: float = 0  # the limit of memory; 0 for none

    def body(self, account: str) -> bytes:
        """Returns the file."""

        def encoded(text: str, number: int = 0) -> bytes:
            text = text.replace("{header}", HEADER).replace("{account}", account)
            return text.replace("{i}", f"{number:04}").replace("\n", self.newline).encode(self.encoding)

        if self.sheet:
            return workbook([row and [_in_account(cell, account) for cell in row] for row in self.sheet])
        raw = encoded(self.text)
        for part in self.parts:
            fixed = bytes.fromhex(part.hex) + base64.b64decode(part.base64)
            if "{i}" in part.text:
                raw += b"".join(encoded(part.text, i) for i in range(part.times))
            else:
                raw += (encoded(part.text) + fixed) * part.times
        raw = gzip.compress(raw) if self.gzip else _zipped(raw, self.zip) if self.zip else raw
        return raw[: len(raw) - self.cut]

    @property
    def expected_codes(self) -> dict[str, int]:
        """The number of rejected rows by code."""
        return self.codes or dict(Counter(self.rejected.values()))

    @property
    def counts(self) -> dict[str, int]:
        """The counts; `rows` is their sum."""
        rejected = sum(self.expected_codes.values())
        done = {"created": self.created, "updated": self.updated, "unchanged": self.unchanged}
        done["deleted"] = self.deleted
        return {"rows": rejected + sum(done.values()), **done, "rejected": rejected, "removed": 0}


def _in_account(cell: Cell, account: str) -> Cell:
    return cell.replace("{account}", account) if isinstance(cell, str) else cell


def _zipped(raw: bytes, names: list[str]) -> bytes:
    file = io.BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, raw)
    return file.getvalue()


def load_cases(topic: str = "*") -> list[Case]:
    """Returns the cases of a topic, or of all."""
    paths = sorted((CASES_DIR / "files").glob(f"{topic}.yaml"))
    # The loader in C: each test process loads them, and the one in Python takes half a second.
    documents = [one for path in paths for one in yaml.load_all(path.read_text(encoding="utf-8"), _LOADER)]
    return [Case.model_validate(document) for document in documents]


CASES = load_cases()
