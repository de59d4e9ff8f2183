"""Files as people and programs send them, from tests/cases/files, each dropped in the bucket."""

import csv
import io
import json
import tracemalloc
from collections.abc import Iterator

import pytest

from chalicelib import config
from chalicelib.cells.csv_text import BYTE_ORDER_MARK
from chalicelib.dynamodb.table import Table
from chalicelib.fields.phone import PhoneRule
from chalicelib.fields.validation import validate
from chalicelib.imports.records.model import ImportRecord
from chalicelib.imports.records.profile import PROFILE
from chalicelib.imports.rows.columns import RESULT_COLUMNS
from chalicelib.members.items import claimed_phone_key, from_item, member_key
from chalicelib.members.model import Member, NewMember
from chalicelib.members.repository import MemberRepository
from infra.package import table_definition
from tests.support.cases import CASES, Case
from tests.support.corpus import FIELDS, check_outcome
from tests.support.pipeline import Pipeline


@pytest.fixture
def own_table(settings: object, account: str) -> Iterator[str]:
    """A table for one case: small enough to be scanned repeatedly."""
    name = f"{config.settings().table_name}-{account}"
    config.dynamodb().create_table(**{**table_definition(), "TableName": name})
    yield name
    config.dynamodb().delete_table(TableName=name)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_file_has_its_expected_result(case: Case, own_table: str, account: str) -> None:
    pipeline = Pipeline(table_name=own_table, **case.settings)
    store(pipeline, case, account)
    before = members_of(pipeline, account)
    put_profile(pipeline, case, account)
    key, body = case.key.replace("{account}", account), case.body(account)

    predicted = None
    if case.validated:
        record = pipeline.run(key.replace("drops/", "drops/dry_run/", 1), body)
        predicted = check_outcome(pipeline, case, record)
        assert members_of(pipeline, account) == before, "a dry run has written a member"

    if case.megabytes:
        tracemalloc.start()
    record = pipeline.run(key, body)
    if case.megabytes:
        assert tracemalloc.get_traced_memory()[1] < case.megabytes * 1e6
        tracemalloc.stop()

    found = check_outcome(pipeline, case, record)
    assert predicted is None or found == predicted, "the dry run did not predict the result"
    after = members_of(pipeline, account)
    if record.dry_run:
        assert after == before
    else:
        assert len(after) == len(before) + case.created - case.deleted - case.elsewhere
    if case.members is not None:
        assert {name: [getattr(m, f) for f in FIELDS[:3]] for name, m in after.items()} == case.members
    if case.rejected and case.again:
        drop_again(pipeline, key, record)
        assert members_of(pipeline, account) == after


def drop_again(pipeline: Pipeline, key: str, record: ImportRecord) -> None:
    """Imports rejected.csv unchanged: every row is rejected again, and the columns stay the same."""
    first = pipeline.result(record.id, "rejected.csv")
    plain = key.removesuffix(".gz").removesuffix(".zip").replace(".xlsx", ".csv")
    again = pipeline.run(plain, BYTE_ORDER_MARK + first)
    assert again.counts.rows == again.counts.rejected == record.counts.rejected
    header, *rows = csv.reader(io.StringIO(first))
    own = slice(0, len(header) - len(RESULT_COLUMNS))
    found = csv.reader(io.StringIO(pipeline.result(again.id, "rejected.csv")))
    assert next(found) == header
    assert [row[own] for row in found] == [row[own] for row in rows]


def store(pipeline: Pipeline, case: Case, account: str) -> list[Member]:
    """Adds the members that exist before the file."""
    table = MemberRepository(Table(config.dynamodb(), pipeline.settings.table_name))
    fields = [dict(zip(FIELDS, values, strict=True)) | {"account_id": account} for values in case.stored]
    return [table.create(validate(NewMember, one, PhoneRule())) for one in fields]


def put_profile(pipeline: Pipeline, case: Case, account: str) -> None:
    """Stores the profile of the case's sender, if it has one."""
    if case.profile is not None:
        folder = case.key.replace("{account}", account).rpartition("/")[0]
        text = json.dumps(case.profile).replace("{account}", account)
        for name in (folder, folder.replace("drops/", "drops/dry_run/", 1)):
            pipeline.drop(f"{name}/{PROFILE}", text.encode())


def members_of(pipeline: Pipeline, account: str) -> dict[str, Member]:
    """Returns the account's members by client member id, and checks that each has exactly one phone claim."""
    pages = config.dynamodb().get_paginator("scan")
    found = pages.paginate(
        TableName=pipeline.settings.table_name,
        FilterExpression="sk = :sk",
        ExpressionAttributeValues={":sk": member_key(account, "")["sk"]},
    )
    items = [item for page in found for item in page["Items"]]
    members = [from_item(item) for item in items if "phone_number" in item]
    claims = sorted(claimed_phone_key(item) for item in items if "phone_number" not in item)
    assert claims == sorted((account, member.phone_number) for member in members)
    return {member.client_member_id: member for member in members}
