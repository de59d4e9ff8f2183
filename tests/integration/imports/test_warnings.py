"""Warnings in the report: of all chunks, in file order, once each."""

from contextlib import suppress

import pytest

from chalicelib import config
from chalicelib.imports.records.steps import Step
from tests.support.pipeline import HEADER, KilledError, Pipeline, dies

FEATURES = {4: "3-Feb", 40: "1E5", 41: "43.0", 77: "4-Feb", 100: "ab1", 120: "AB1"}  # id by line


def roster(account: str) -> str:
    """Returns a file of several chunks with a few doubtful ids."""
    lines = range(2, 152)
    return HEADER + "".join(
        f"Ann,Lee,{3235550000 + n},{FEATURES.get(n, f'{n:04}')},{account}\n" for n in lines
    )


def warnings_of(pipeline: Pipeline, import_id: str) -> dict[str, list[int]]:
    """Returns the lines of the warnings in the report, by code."""
    found = pipeline.report(import_id)["warnings"]
    assert all(one["text"] and one["count"] == len(one["cells"]) for one in found)
    assert {cell["column"] for one in found for cell in one["cells"]} <= {"client_member_id"}
    return {one["code"]: [cell["line"] for cell in one["cells"]] for one in found}


@pytest.mark.parametrize("chunk_size", [1024, 1_000_000])
@pytest.mark.parametrize("mode", ["", "validate/"])
def test_warnings_of_all_chunks_are_reported(
    settings: object, account: str, chunk_size: int, mode: str
) -> None:
    pipeline = Pipeline(chunk_size=chunk_size)
    record = pipeline.run(f"drops/{mode}a.csv", roster(account))
    assert record.counts.created == 150
    expected = {"decimal_id": [41], "date_like_id": [4, 77], "number_like_id": [40]}
    if mode:
        expected["case_differs"] = [100, 120]
    assert warnings_of(pipeline, record.id) == expected


@pytest.mark.parametrize("chunk_size", [1024, 1_000_000])
def test_repeated_steps_report_warnings_once(settings: object, account: str, chunk_size: int) -> None:
    """Each step dies as it notes its end, and is done again."""
    pipeline = Pipeline(chunk_size=chunk_size)
    import_id = pipeline.split("drops/validate/a.csv", roster(account)).id
    for message in pipeline.messages(pipeline.settings.load_queue_url):
        step = Step(message["stage"], message["number"])
        with dies(config.dynamodb(), "dynamodb.TransactWriteItems"), suppress(KilledError):
            pipeline.imports.step(import_id, step)
        pipeline.imports.step(import_id, step)
    expected = {
        "decimal_id": [41],
        "date_like_id": [4, 77],
        "number_like_id": [40],
        "case_differs": [100, 120],
    }
    assert warnings_of(pipeline, import_id) == expected
