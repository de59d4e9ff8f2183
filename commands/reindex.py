"""`./rollcall reindex`: brings members that an earlier version wrote to the name order of this one."""

import click

from chalicelib.members.reindexing import Reindexed, reindexed
from chalicelib.services import Services

from .display import status_line
from .results import Result
from .stage import with_services


@click.command("reindex", short_help="Bring members to this version's order of names.")
@with_services
def reindex(services: Services) -> Result:
    """Bring all members to the order of names of this version, by which they are listed and found.

    Run it once after an update that says so. It changes nothing else, may run while the service is in use, and may be
    stopped and repeated: members that are in order are only read.
    """
    with status_line() as show:
        done = Reindexed()
        for done in reindexed(services.patient_table):
            show(_text(done))
    return Result(_text(done), done._asdict(), _advice(done))


def _text(done: Reindexed) -> str:
    return f"{done.read:,} members read, {done.moved:,} brought to their place in the order of names."


def _advice(done: Reindexed) -> str:
    if not done.changed:
        return ""
    return f"{done.changed:,} were renamed or deleted meanwhile. Run it again, until it brings none."
