"""Which stage of an import follows which."""

from itertools import takewhile
from typing import Any

import pytest

from chalicelib.imports.records.model import ImportRecord, Source
from chalicelib.imports.records.stages import next_stage
from chalicelib.imports.rows.removal import Removal


def stages(first: str = "read", **fields: Any) -> list[str]:
    """Returns the stages of an import from `first` on, until it ends or waits."""
    source = Source(bucket="b", key="k")
    record = ImportRecord(
        id="x", status="loading", created_at="2020-01-01T00:00:00.000Z", source=source, **fields
    )

    def following() -> Any:
        stage: Any = first
        while True:
            stage = next_stage(record.model_copy(update={"stage": stage}))
            yield stage

    return [*takewhile(lambda stage: stage not in ("finish", "hold"), following()), "…"]


@pytest.mark.parametrize(
    ("removal", "fields", "expected"),
    [
        ("not_done", {}, []),
        ("not_done", {"rows_deferred": 1}, ["resolve"]),
        ("within_limits", {}, ["remove"]),
        ("within_limits", {"rows_deferred": 2}, ["resolve", "remove"]),
        ("within_limits", {"rows_deferred": 2, "rows_held": 1}, ["resolve", "remove", "settle"]),
        ("within_limits", {"dry_run": True}, []),
        ("awaiting_approval", {"rows_deferred": 2, "rows_held": 1}, ["resolve"]),
        ("awaiting_approval", {"dry_run": True, "rows_deferred": 2}, ["resolve"]),
    ],
)
def test_sync_compares_then_removes_what_is_allowed(
    removal: Any, fields: dict[str, Any], expected: list[str]
) -> None:
    found = stages(mode="sync", removal=Removal(state=removal), **fields)
    assert found == ["decide", "write", "compare", "judge", *expected, "…"]


def test_approved_removal_is_checked_again() -> None:
    assert stages("recheck", mode="sync", removal=Removal(state="approved")) == ["remove", "…"]
    assert stages("recheck", mode="sync", removal=Removal(state="not_done"), rows_held=1) == ["settle", "…"]


def test_other_modes_remove_nothing() -> None:
    assert stages(mode="upsert", rows_deferred=1) == ["decide", "write", "resolve", "…"]
    assert stages(mode="create") == ["decide", "write", "…"]
