"""Which step does the work of which stage; the runner does that of the others (see stages.py for their order)."""

from collections.abc import Callable, Mapping

from chalicelib.imports.records.model import ImportRecord, Stage
from chalicelib.imports.records.steps import Lease

from .removal_steps import RemovalSteps
from .sync_steps import SyncSteps
from .write_steps import Work, WriteSteps

StageHandler = Callable[[ImportRecord, Lease, Work], None]


def stage_handlers(
    writes: WriteSteps, syncs: SyncSteps, removals: RemovalSteps
) -> Mapping[Stage, StageHandler]:
    """Returns what does a step of a stage, by stage."""
    return {
        "write": writes.write,
        "resolve": writes.resolve,
        "settle": writes.resolve,
        "compare": syncs.compare,
        "judge": syncs.judge,
        "recheck": syncs.recheck,
        "remove": removals.remove,
    }
