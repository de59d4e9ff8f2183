"""Continue the imports that were under way when `make local` stopped.

A queue hides a message that a worker had received for its whole visibility timeout, half an hour or more. The import
pipeline tolerates messages that come twice.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from chalicelib.dynamodb.table import Table
from chalicelib.imports.messages import Messenger
from chalicelib.imports.model import ImportRecord
from chalicelib.imports.repository import LEASE_SECONDS, ImportRepository

PAGE = 500


def resume_imports(client: Callable[[Any], Any], outputs: Mapping[str, str], started: float) -> None:
    """Queue the split of each import whose file is not split, and the current step of each other open import.

    `started` is a time.time() before the emulator started: workers with older leases have ended.
    """
    # At this time all leases from before the start have expired, and none from after it.
    repository = ImportRepository(
        Table(client("dynamodb"), outputs["TableName"]), lambda: started + LEASE_SECONDS
    )
    queues = outputs["SplitQueueUrl"], outputs["LoadQueueUrl"]
    messenger = Messenger(client("sqs"), *queues, client("sns"), outputs.get("NoticeTopicArn"))
    for record in _open_imports(repository):
        if record.status == "splitting":
            messenger.send_split(record)
        elif record.chunks and (leased := repository.acquire_lease(record)):
            repository.release_lease(leased)
            messenger.send_step(record)


def _open_imports(repository: ImportRepository) -> Iterator[ImportRecord]:
    before = None
    while page := repository.newest(PAGE, before):
        yield from (record for record in page if not record.finished_at)
        before = page[-1].id
