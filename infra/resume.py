"""Continue the imports that were under way when `make local` stopped.

The queue hides a message that a worker had received for its whole visibility timeout, half an hour, and the emulator
forgets calls of the function split. The import pipeline tolerates steps and events that come twice.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote_plus

from chalicelib.dynamodb.table import Table
from chalicelib.imports.model import ImportRecord
from chalicelib.imports.repository import LEASE_SECONDS, ImportRepository

PAGE = 500


def resume_imports(
    client: Callable[[str], Any], outputs: Mapping[str, str], split_function: str, started: float
) -> None:
    """Queue the current step of each open import again, or call split again for its file.

    `started` is a time.time() before the emulator started: workers with older leases have ended.
    """
    # At this time all leases from before the start have expired, and none from after it.
    repository = ImportRepository(
        Table(client("dynamodb"), outputs["TableName"]), lambda: started + LEASE_SECONDS
    )
    for record in _open_imports(repository):
        if record.status == "splitting":
            event = json.dumps(_split_event(record))
            client("lambda").invoke(FunctionName=split_function, InvocationType="Event", Payload=event)
        elif record.chunks and (leased := repository.acquire_lease(record)):
            repository.release_lease(leased)
            message = json.dumps({"import": record.id, "step": record.position})
            client("sqs").send_message(QueueUrl=outputs["LoadQueueUrl"], MessageBody=message)


def _open_imports(repository: ImportRepository) -> Iterator[ImportRecord]:
    before = None
    while page := repository.newest(PAGE, before):
        yield from (record for record in page if not record.finished_at)
        before = page[-1].id


def _split_event(record: ImportRecord) -> dict[str, Any]:
    """Return the S3 event of an import's file, with the time that its id was made of."""
    source = record.source
    uploaded = {"key": quote_plus(source.key), "versionId": source.version, "size": source.size}
    time = record.id.partition("-")[0]
    return {"Records": [{"eventTime": time, "s3": {"bucket": {"name": source.bucket}, "object": uploaded}}]}
