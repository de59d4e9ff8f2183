"""An import whose worker dies anywhere, and that is cancelled then, ends with an outcome for each row."""

from contextlib import suppress

import pytest

from chalicelib import config
from chalicelib.imports.records.steps import Step
from chalicelib.imports.running import write_progress
from tests.support.pipeline import HEADER, KilledError, Pipeline, counts, dies

LOAD = Step("load")
ROWS = 300  # several parts, each of which is noted


def roster(account: str) -> str:
    """Returns a file whose first rows are deferred: two are about one member, and two about one number."""
    rows = [(1, 1), (1, 2), (3, 3), (4, 3), *((n, n) for n in range(5, ROWS + 1))]
    return HEADER + "".join(f"Ann,Lee,{3235550000 + number},{name},{account}\n" for name, number in rows)


@pytest.fixture
def _noting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part of the rows is noted."""
    monkeypatch.setattr(write_progress, "NOTE_SECONDS", 0)


@pytest.mark.usefixtures("_noting")
@pytest.mark.parametrize("fails_too_often", [False, True])
@pytest.mark.parametrize("spared", [2, 4, 6, 8])
def test_cancelled_file_of_one_chunk_ends(
    settings: object, account: str, spared: int, *, fails_too_often: bool
) -> None:
    pipeline = Pipeline(writes_in_flight=1)
    record = pipeline.split("drops/upsert/a.csv", roster(account))
    with dies(config.dynamodb(), "dynamodb.TransactWriteItems", spared), suppress(KilledError):
        pipeline.imports.step(record.id, LOAD)
    pipeline.imports.cancel(record.id)
    (pipeline.imports.give_up if fails_too_often else pipeline.imports.step)(record.id, LOAD)
    done = pipeline.drain(record.id)
    assert (done.status, counts(done)["rows"], len(pipeline.changes(done.id))) == ("cancelled", ROWS, ROWS)
