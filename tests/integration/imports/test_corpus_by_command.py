"""Files as people and programs send them, from tests/cases/files, each sent by the command."""

import itertools
import json
import re
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from chalicelib.cells.csv_text import BYTE_ORDER_MARK
from chalicelib.imports.records.model import ImportRecord
from commands.imports import OPTIONS
from tests.support.cases import Case
from tests.support.client import Http
from tests.support.corpus import (
    SENT,
    check_members,
    check_outcome,
    filename_of,
    options_of,
    store_by_requests,
)
from tests.support.import_command import Workers, run_import
from tests.support.pipeline import Pipeline

FILES_AT_ONCE = 10


class Sent(NamedTuple):
    """A case that was sent: its account, the file, its ended import, and what the command printed about it."""

    account: str
    path: Path
    record: ImportRecord
    printed: str


@pytest.fixture(scope="module")
def sent(stage: None, http: Http, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sent]:
    """Sends the cases, those with the same options by one command; returns them by name."""
    found: dict[str, Sent] = {}
    accounts = {case.name: f"acc-{uuid.uuid4().hex[:12]}" for case in SENT}
    for batch in batches(accounts):
        found |= send(batch, accounts, http, tmp_path_factory.mktemp("files"))
    return found


def batches(accounts: dict[str, str]) -> Iterator[Sequence[Case]]:
    """Yields cases that have the same options."""

    def options(case: Case) -> str:
        return json.dumps([options_of(case, accounts[case.name]), case.settings], sort_keys=True)

    for _, same in itertools.groupby(sorted(SENT, key=options), options):
        cases = list(same)
        yield from (cases[i : i + FILES_AT_ONCE] for i in range(0, len(cases), FILES_AT_ONCE))


def send(batch: Sequence[Case], accounts: dict[str, str], http: Http, folder: Path) -> dict[str, Sent]:
    """Runs the command for some cases; returns them by name."""
    paths = {}
    for number, case in enumerate(batch):
        account = accounts[case.name]
        store_by_requests(http, case, account)
        paths[case.name] = folder / f"{number:02}-{filename_of(case)}"
        paths[case.name].write_bytes(case.body(account))
    given = options_of(batch[0], accounts[batch[0].name])
    dry_run = ["--dry-run"] if given.pop("dry_run", "") == "True" else []
    arguments = [text for name, value in given.items() for text in (OPTIONS.get(name, f"--{name}"), value)]
    workers = Workers(Pipeline(**batch[0].settings))
    workers.start()
    try:
        done = run_import(*paths.values(), *arguments, *dry_run)
    finally:
        workers.stopped.set()
        workers.join()
    records = {record.source.key.rpartition("/")[2]: record for record in workers.ended}
    printed = re.split(rf"^(?={re.escape(str(folder))}/)", done.stdout, flags=re.MULTILINE)[1:]
    assert len(records) == len(batch), done.output
    return {
        name: Sent(accounts[name], path, records[path.name], text)
        for (name, path), text in zip(paths.items(), printed, strict=True)
    }


@pytest.mark.parametrize("case", SENT, ids=[case.name for case in SENT])
def test_file_of_the_command_has_its_expected_result(case: Case, sent: dict[str, Sent], http: Http) -> None:
    one = sent[case.name]
    pipeline = Pipeline(**case.settings)
    rejected = [row for row in check_outcome(pipeline, case, one.record) if row["outcome"] == "rejected"]
    check_members(http, case, one.account)
    assert one.printed.startswith(f"{one.path}: ")
    if one.record.error:
        assert one.record.error.detail in one.printed
    beside = one.path.with_name(f"{one.path.name}.rejected.csv")
    assert beside.exists() == bool(rejected)
    if rejected:
        text = beside.read_text(encoding="utf-8")
        assert text == BYTE_ORDER_MARK + pipeline.result(one.record.id, "rejected.csv")
