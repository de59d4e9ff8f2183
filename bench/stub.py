"""A stub of AWS below boto3: it replaces the HTTP transport and responds at once.

Benchmarks with it measure this process's CPU time and memory, without a server on the same cores.
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
    "SPLIT_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/1/bench-split",
    "LOAD_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/1/bench-load",
    "EXPORT_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/1/bench-export",
    "PYDANTIC_DISABLE_PLUGINS": "__all__",  # as in infra/template.yaml
}


class Stub:
    """Responds as DynamoDB and S3: writes are discarded, and every object is the same file."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file

    def attach(self, client: Any) -> None:
        """Respond to all requests of a client."""
        client.meta.events.register("before-send", self.respond)

    def respond(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        """Return the response to a request; a handler of boto3's event before-send."""
        if self._file and request.method == "GET":
            return AWSResponse(request.url, 200, HTTPHeaders(), Raw(self._file.open("rb")))
        sent: Any = request.body
        if hasattr(sent, "read"):
            sent.read()  # computes its checksum
        body = b'{"Responses": {}}' if "X-Amz-Target" in request.headers else b""  # only DynamoDB's have it
        return AWSResponse(request.url, 200, HTTPHeaders(), Raw(io.BytesIO(body)))


class Raw:
    """A response's body as urllib3 returns it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.read, self.close = file.read, file.close

    def stream(self) -> Iterator[bytes]:
        """Yield the whole body."""
        yield self.read()


def attach_stub(file: Path | None = None) -> Stub:
    """Attach a stub to the AWS clients of this process, and set its environment to a made-up deployment's."""
    os.environ.update(ENVIRONMENT)
    from chalicelib import config

    stub = Stub(file)
    for client in (config.dynamodb(), config.s3()):
        stub.attach(client)
    return stub


def row_count(default: int) -> int:
    """Return ROWS of the environment, else the benchmark's default."""
    return int(os.environ.get("ROWS", default))


def round_count(default: int) -> int:
    """Return ROUNDS of the environment, else the benchmark's default."""
    return int(os.environ.get("ROUNDS", default))
