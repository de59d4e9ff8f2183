"""Files as people and programs send them, from tests/cases/files, each sent to POST /imports."""

import pytest

from chalicelib.api.imports import MAX_CSV
from tests.support.api import finish_import
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
from tests.support.pipeline import Pipeline


@pytest.mark.parametrize("case", SENT, ids=[case.name for case in SENT])
def test_sent_file_has_its_expected_result(case: Case, http: Http, settings: object, account: str) -> None:
    pipeline = Pipeline(**case.settings)
    store_by_requests(http, case, account)
    options = options_of(case, account) | {"filename": filename_of(case)}
    send = send_body if case.body(account).strip() and len(case.body(account)) <= MAX_CSV else upload
    import_id = send(http, pipeline, options, case.body(account))
    check_outcome(pipeline, case, pipeline.repository.get(import_id))
    check_members(http, case, account)


def send_body(http: Http, pipeline: Pipeline, options: dict[str, str], body: bytes) -> str:
    """Sends the file as the request, with its encoding as the charset; returns the id of the ended import."""
    charset = options.pop("encoding", "")
    kind = f'text/csv; charset="{charset}"' if charset else "text/csv"
    shown = http.request("POST", "/imports", body, {"Content-Type": kind}, options).ok(202)
    return str(finish_import(pipeline, shown)["id"])


def upload(http: Http, pipeline: Pipeline, options: dict[str, str], body: bytes) -> str:
    """Sends a file that is blank, or too large for a request, to an upload link; returns the import's id."""
    shown = http.send("POST", "/imports", options).ok(201)
    pipeline.drop(shown["source"]["key"], body)
    return str(finish_import(pipeline, shown)["id"])
