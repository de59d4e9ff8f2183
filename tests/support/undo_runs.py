"""Takes imports back, and says what of the members must be the same then."""

from chalicelib.imports.records.model import ImportRecord
from chalicelib.members.model import Member

from .pipeline import Pipeline


def undo(pipeline: Pipeline, record: ImportRecord, *, dry_run: bool = False) -> ImportRecord:
    """Takes an import back, and returns the undo, which has ended."""
    started = pipeline.imports.undo(record, "user:ann", dry_run=dry_run)
    for message in pipeline.messages(pipeline.settings.split_queue_url):
        pipeline.imports.split(message["import"])
    return pipeline.drain(started.id)


def kept(members: dict[str, Member]) -> dict[str, dict[str, object]]:
    """Returns what an undo gives back of each member."""
    apart = ("last_modified", "modified_by", "version")
    return {
        name: {field: value for field, value in vars(member).items() if field not in apart}
        for name, member in members.items()
    }
