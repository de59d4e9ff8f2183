"""POST /imports of files with unusual cells: the result is that of a dropped file."""

from urllib.parse import urlencode

import pytest

from tests.support.api import finish_import, post_csv
from tests.support.cases import Case, load_cases
from tests.support.client import Http
from tests.support.pipeline import Pipeline

TOPICS = ("invisible", "spellings_of_ids", "spreadsheet_traces", "joined_files", "several_numbers")
CASES = [case for topic in TOPICS for case in load_cases(topic)]

FIELDS = ("first_name", "last_name", "phone_number", "client_member_id")


def options_of(key: str) -> dict[str, str]:
    """Returns the query parameters that say what the folders of a drop key say."""
    pairs = [folder.partition("=") for folder in key.split("/")[1:-1]]
    names = {"account": "account_id", "region": "region"}
    return {names[name] if mark else "mode": value or name for name, mark, value in pairs}


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_posted_file_has_its_expected_result(
    case: Case, http: Http, account: str, pipeline: Pipeline
) -> None:
    for values in case.stored:
        http.create(dict(zip(FIELDS, values, strict=True)) | {"account_id": account})
    query = urlencode(options_of(case.key.replace("{account}", account)))
    shown = post_csv(http, case.body(account), f"?{query}").ok(202)
    assert finish_import(pipeline, shown)["counts"] == case.counts
    path = f"/imports/{shown['id']}"
    report = http.get(f"{path}/report").ok()
    assert report["codes"] == case.expected_codes
    warned = {one["code"]: [cell["line"] for cell in one["cells"]] for one in report["warnings"]}
    assert warned == case.warned
    rejected = list(http.pages(f"{path}/rejected/rows", {"limit": 100}))
    assert {row["line"]: row["code"] for page in rejected for row in page["items"]} == case.rejected
    for client_id, values in (case.members or {}).items():
        [member] = http.get("/members", {"account_id": account, "client_member_id": client_id}).ok()["items"]
        assert [member[name] for name in FIELDS[:3]] == values
