"""An AWS that answers at once: boto3 does all of its work up to the socket, and the answer is made here.

What is measured with it is our own CPU time and memory, with no server beside it on the same cores.
"""

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "TABLE_NAME": "bench",
    "BUCKET_NAME": "bench",
    "LOAD_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/1/bench",
}


class Stub:
    """Answers for DynamoDB and S3: every write is forgotten, every object is one and the same file."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file

    def behind(self, client: Any) -> None:
        """Answers in place of what the client would send to."""
        client.meta.events.register("before-send", self.answer)

    def answer(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        """The answer to a request that boto3 is about to send; a hook of its event before-send."""
        if self._file and request.method == "GET":
            return AWSResponse(request.url, 200, HTTPHeaders(), _Raw(self._file.open("rb")))
        sent: Any = request.body
        if hasattr(sent, "read"):
            sent.read()  # it is checksummed on the way out
        body = b'{"Responses": {}}' if "X-Amz-Target" in request.headers else b""  # DynamoDB's alone have one
        return AWSResponse(request.url, 200, HTTPHeaders(), _Raw(io.BytesIO(body)))


class _Raw:
    """An answer's body as urllib3 hands it over."""

    def __init__(self, file: IO[bytes]) -> None:
        self.read, self.close = file.read, file.close

    def stream(self) -> Iterator[bytes]:
        """The body, all at once."""
        yield self.read()


def stubbed(file: Path | None = None) -> Stub:
    """Puts a stub behind the AWS clients of this process, whose settings become those of a made-up deployment."""
    os.environ.update(ENVIRONMENT)
    from chalicelib import config

    stub = Stub(file)
    for client in (config.dynamodb(), config.s3()):
        stub.behind(client)
    return stub


def rows_asked(default: int) -> int:
    """How many rows to measure with: ROWS, or the benchmark's own number."""
    return int(os.environ.get("ROWS", default))
