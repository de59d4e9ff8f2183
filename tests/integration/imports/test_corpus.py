"""Files as people and machines send them, from tests/cases/files.yaml, each through the whole pipeline."""

import base64
import csv
import gzip
import io
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, ConfigDict

from chalicelib import config
from chalicelib.dynamodb.table import Table
from chalicelib.fields.phone import PhoneRule
from chalicelib.fields.validation import validate
from chalicelib.imports.columns import RESULT_COLUMNS
from chalicelib.imports.escaping import escaped
from chalicelib.imports.model import ImportRecord
from chalicelib.imports.outcomes import OUTCOMES
from chalicelib.imports.results import BYTE_ORDER_MARK
from chalicelib.members.items import claimed_phone_key, from_item, member_key
from chalicelib.members.model import Member, NewMember
from chalicelib.members.repository import MemberRepository
from infra.package import PROJECT, table_definition
from tests.support import CASES_DIR
from tests.support.pipeline import Pipeline

HEADER = "first_name,last_name,phone_number,client_member_id,account_id"
FIELDS = ("first_name", "last_name", "phone_number", "client_member_id")


class Strict(BaseModel):
    """A case with a misspelt word in it is no case."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Part(Strict):
    """A text, or bytes in hex or base64, so many times over; {i} in it counts, from 0000."""

    text: str = ""
    hex: str = ""
    base64: str = ""
    times: int = 1


class Case(Strict):
    """A file, what was there before it, and what becomes of it; the head of files.yaml explains each field."""

    name: str
    why: str
    key: str = "drops/x.csv"
    encoding: str = "utf-8"
    newline: str = "\n"
    text: str = ""
    parts: list[Part] = []
    gzip: bool = False
    cut: int = 0
    stored: list[list[str]] = []
    settings: dict[str, Any] = {}
    validated: bool = True
    again: bool = True
    status: str = "completed"
    error: str = ""
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: dict[int, str] = {}
    codes: dict[str, int] = {}
    reasons: dict[int, str] = {}
    report: dict[str, Any] = {}
    members: dict[str, list[str]] | None = None
    elsewhere: int = 0
    seconds: float = 20
    megabytes: float = 0

    def body(self, account: str) -> bytes:
        """The file."""

        def encoded(text: str, number: int = 0) -> bytes:
            text = text.replace("{header}", HEADER).replace("{account}", account)
            return text.replace("{i}", f"{number:04}").replace("\n", self.newline).encode(self.encoding)

        raw = encoded(self.text)
        for part in self.parts:
            fixed = bytes.fromhex(part.hex) + base64.b64decode(part.base64)
            if "{i}" in part.text:
                raw += b"".join(encoded(part.text, i) for i in range(part.times))
            else:
                raw += (encoded(part.text) + fixed) * part.times
        raw = gzip.compress(raw) if self.gzip else raw
        return raw[: len(raw) - self.cut]

    @property
    def codes_expected(self) -> dict[str, int]:
        """How many rows each code has."""
        return self.codes or dict(Counter(self.rejected.values()))

    @property
    def counts(self) -> dict[str, int]:
        """The counts, the rows among them, which is the independent count of the file's lines with text."""
        rejected = sum(self.codes_expected.values())
        done = {"created": self.created, "updated": self.updated, "unchanged": self.unchanged}
        return {"rows": rejected + sum(done.values()), **done, "rejected": rejected}


DOCUMENTS = yaml.safe_load_all((CASES_DIR / "files.yaml").read_text(encoding="utf-8"))
CASES = [Case.model_validate(document) for document in DOCUMENTS]


@pytest.fixture
def own_table(settings: object, account: str) -> Iterator[str]:
    """A table of the case's own, small enough to be looked through whole again and again."""
    name = f"{config.settings().table_name}-{account}"
    config.dynamodb().create_table(**{**table_definition(), "TableName": name})
    yield name
    config.dynamodb().delete_table(TableName=name)


def test_there_are_enough_cases_and_each_says_what_it_is_for() -> None:
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)
    assert all(len(case.why) > 20 for case in CASES)


def test_the_admin_page_has_words_for_every_reason() -> None:
    words = (PROJECT / "chalicelib/console/report.js").read_text(encoding="utf-8")
    codes = {code for case in CASES for code in (*case.rejected.values(), *case.codes)}
    assert not [code for code in codes if f"\n  {code}: " not in words]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_corpus(case: Case, own_table: str, account: str) -> None:
    pipeline = Pipeline(table_name=own_table, **case.settings)
    store(pipeline, case, account)
    before = members_of(pipeline, account)
    key, body = case.key.replace("{account}", account), case.body(account)

    trial = None
    if case.validated and key.split("/")[1] not in ("upsert", "validate"):
        record = pipeline.run(key.replace("drops/", "drops/validate/", 1), body)
        trial = outcome(pipeline, case, record)
        assert members_of(pipeline, account) == before, "validate has written a member"

    begun = time.process_time()  # whatever else the machine does
    if case.megabytes:
        tracemalloc.start()
    record = pipeline.run(key, body)
    if case.megabytes:
        assert tracemalloc.get_traced_memory()[1] < case.megabytes * 1e6
        tracemalloc.stop()
    assert time.process_time() - begun < case.seconds

    found = outcome(pipeline, case, record)
    assert trial is None or found == trial, "validate did not foretell what create does"
    after = members_of(pipeline, account)
    if case.key.startswith("drops/validate/"):
        assert after == before
    else:
        assert len(after) == len(before) + case.created - case.elsewhere
    if case.members is not None:
        assert {name: [getattr(m, f) for f in FIELDS[:3]] for name, m in after.items()} == case.members
    if case.rejected and case.again:
        drop_again(pipeline, key, record)
        assert members_of(pipeline, account) == after


def drop_again(pipeline: Pipeline, key: str, record: ImportRecord) -> None:
    """Drops rejected.csv as it is: nobody has corrected it, so no row goes in, and it keeps its columns."""
    first = pipeline.result(record.id, "rejected.csv")
    again = pipeline.run(key.removesuffix(".gz"), BYTE_ORDER_MARK + first)
    assert again.counts.rows == again.counts.rejected == record.counts.rejected
    header, *rows = csv.reader(io.StringIO(first))
    own = slice(0, len(header) - len(RESULT_COLUMNS))
    found = csv.reader(io.StringIO(pipeline.result(again.id, "rejected.csv")))
    assert next(found) == header
    assert [row[own] for row in found] == [row[own] for row in rows]


def store(pipeline: Pipeline, case: Case, account: str) -> list[Member]:
    """Adds the members that were there before the file."""
    table = MemberRepository(Table(config.dynamodb(), pipeline.settings.table_name))
    fields = [dict(zip(FIELDS, values, strict=True)) | {"account_id": account} for values in case.stored]
    return [table.create(validate(NewMember, one, PhoneRule())) for one in fields]


def members_of(pipeline: Pipeline, account: str) -> dict[str, Member]:
    """The account's members by client member id, each of which has its claim of a phone number, and no other."""
    pages = config.dynamodb().get_paginator("scan")
    found = pages.paginate(
        TableName=pipeline.settings.table_name,
        FilterExpression="sk = :sk AND NOT begins_with(pk, :dry_run)",
        ExpressionAttributeValues={":sk": member_key(account, "")["sk"], ":dry_run": {"S": "DRY_RUN#"}},
    )
    items = [item for page in found for item in page["Items"]]
    members = [from_item(item) for item in items if "phone_number" in item]
    claims = sorted(claimed_phone_key(item) for item in items if "phone_number" not in item)
    assert claims == sorted((account, member.phone_number) for member in members)
    return {member.client_member_id: member for member in members}


def outcome(pipeline: Pipeline, case: Case, record: ImportRecord) -> list[tuple[int, str]]:
    """Holds an ended import to its case, and its results to each other; (line, code) of its rejected rows."""
    assert record.status == case.status, record.error
    assert (record.error.code if record.error else "") == case.error
    counts = record.counts.model_dump()
    assert counts["rows"] == sum(counts[name] for name in OUTCOMES)
    report = pipeline.report(record.id)
    assert report["counts"] == counts
    for name in ("mode", "status", "finished_at"):
        assert report[name] == getattr(record, name)
    for name, value in case.report.items():
        assert report[name] == value, name
    if case.error:
        assert counts["rows"] == 0
        assert report["error"]["detail"]
        return []

    rejected = pipeline.rejected(record.id)
    found = [(int(row["line"]), row["code"]) for row in rejected]
    assert found == sorted(found)
    assert len(found) == counts["rejected"]
    assert report["codes"] == dict(Counter(code for _, code in found)) == case.codes_expected
    assert counts == case.counts
    shown = [(one["line"], one["code"], one["reason"]) for one in report["sample"]]
    assert set(shown) <= {(int(row["line"]), row["code"], row["reason"]) for row in rejected}
    assert bool(shown) == bool(found)
    if not case.codes:
        assert dict(found) == case.rejected
    said = {int(row["line"]): row["reason"] for row in rejected}
    assert all(reason and escaped(reason) == reason for reason in said.values()), "a reason holds a formula"
    for line, words in case.reasons.items():
        assert words in said[line]
    return found
