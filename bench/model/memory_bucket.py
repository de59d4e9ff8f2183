"""An S3 bucket in memory, which understands the requests that imports send."""

import io
import itertools
from collections.abc import Callable
from typing import Any

from botocore.response import StreamingBody

from .responses import Answer, failure, success

PARAMETERS = "model_parameters"
SECONDS, BYTES_A_SECOND = (
    0.02,
    50e6,
)  # of a request; S3's documentation gives 100 to 200 ms for small objects at worst


class MemoryBucket:
    """The objects of all buckets, by key. Each request takes time."""

    def __init__(self, sleep: Callable[[float], object]) -> None:
        self.objects: dict[str, tuple[bytes, dict[str, str]]] = {}
        self._sleep = sleep
        self._versions = itertools.count(1)
        self._parts: dict[str, dict[int, bytes]] = {}

    def attach(self, client: Any) -> None:
        """Answers all requests of a client."""
        client.meta.events.register("before-parameter-build.s3", _keep_parameters)
        client.meta.events.register_last("before-call.s3", self._respond)

    def _respond(self, model: Any, context: dict[str, Any], **_: Any) -> Answer:
        sent: dict[str, Any] = context[PARAMETERS]
        body = sent.get("Body", b"")
        sent["Body"] = body.read() if hasattr(body, "read") else body
        stored, _ = self.objects.get(sent.get("Key", ""), (b"", {}))
        self._sleep(SECONDS + max(len(sent["Body"]), len(stored)) / BYTES_A_SECOND)
        answers: dict[str, Callable[[dict[str, Any]], Answer]] = {
            "PutObject": self._put,
            "GetObject": self._get,
            "HeadObject": self._get,
            "ListObjectsV2": self._list,
            "PutObjectTagging": lambda _: success(),
            "CreateMultipartUpload": lambda _: success(UploadId=str(next(self._versions))),
            "UploadPart": self._put_part,
            "CompleteMultipartUpload": self._complete,
        }
        return answers[model.name](sent)

    def _put(self, sent: dict[str, Any]) -> Answer:
        self.objects[sent["Key"]] = sent["Body"], sent.get("Metadata", {})
        return success(VersionId=str(next(self._versions)), ETag="model")

    def _get(self, sent: dict[str, Any]) -> Answer:
        if sent["Key"] not in self.objects:
            return failure("NoSuchKey", 404)
        data, metadata = self.objects[sent["Key"]]
        start = int(sent.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
        body = StreamingBody(io.BytesIO(data[start:]), len(data) - start)
        return success(Body=body, Metadata=metadata, ContentLength=len(data))

    def _list(self, sent: dict[str, Any]) -> Answer:
        found = [{"Key": key} for key in sorted(self.objects) if key.startswith(sent["Prefix"])]
        return success(KeyCount=len(found), Contents=found)

    def _put_part(self, sent: dict[str, Any]) -> Answer:
        self._parts.setdefault(sent["UploadId"], {})[sent["PartNumber"]] = sent["Body"]
        return success(ETag="model")

    def _complete(self, sent: dict[str, Any]) -> Answer:
        parts = self._parts.pop(sent["UploadId"])
        return self._put({**sent, "Body": b"".join(parts[number] for number in sorted(parts))})


def _keep_parameters(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    context[PARAMETERS] = dict(params)
