"""Which stage of an import follows which. Pure."""

from .model import ImportRecord, Stage

NEXT_STAGE: dict[Stage, Stage] = {
    "read": "decide",
    "decide": "write",
    "compare": "judge",
    "settle": "finish",
    "load": "finish",
}


def next_stage(record: ImportRecord) -> Stage:
    """Returns the stage after the record's."""
    stage = record.stage or "read"
    if following := NEXT_STAGE.get(stage):
        return following
    if stage == "write" and record.mode == "sync":
        return "compare"
    if stage in ("write", "judge") and record.rows_deferred:
        return "resolve"
    return _after_rows(record, stage)


def _after_rows(record: ImportRecord, stage: Stage) -> Stage:
    """Returns the stage after all rows are settled but those that wait for a removal."""
    removal = record.removal
    if removal and not record.dry_run and stage != "remove":
        if removal.state == "awaiting_approval" and stage != "hold":
            return "hold"
        if removal.is_allowed:
            return "remove"
    return "settle" if record.rows_held else "finish"
