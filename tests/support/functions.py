"""Calls the functions of the app as Lambda does, with events in the form of AWS."""

import json
from typing import Any
from urllib.parse import quote_plus

from chalice.local import LambdaContext
from chalice.test import InvokeResponse

from chalicelib.imports.records.model import Source


class Functions:
    """Calls the app's functions as Lambda does. Chalice's own client leaves them three seconds."""

    def invoke(self, name: str, event: dict[str, Any], seconds: int = 300) -> InvokeResponse:
        """Calls a function that has so many seconds."""
        from app import app

        context = LambdaContext(name, memory_size=128, max_runtime_ms=seconds * 1000)
        return InvokeResponse(app.handler_map[name](event, context))


def dropped(*sources: Source, **changes: Any) -> dict[str, Any]:
    """Returns an S3 event: keys form-encoded, one record for each object."""
    records = [
        {
            "eventTime": "2026-11-23T04:00:00.000Z",
            "eventName": "ObjectCreated:Put",
            "s3": {
                "bucket": {"name": source.bucket},
                "object": {
                    "key": quote_plus(source.key, safe="/"),
                    "size": source.size,
                    "versionId": source.version,
                    "sequencer": "0055AED6DCD90281E5",
                    **changes,
                },
            },
        }
        for source in sources
    ]
    return {"Records": records}


def message(body: Any, times: int = 1) -> dict[str, Any]:
    """Returns an SQS event of one message in its `times`-th delivery."""
    attributes = {"ApproximateReceiveCount": str(times)}
    return {"Records": [{"messageId": "m1", "body": json.dumps(body), "attributes": attributes}]}
