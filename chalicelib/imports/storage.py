"""Where an import keeps its things: the bucket's keys, the queue of next steps, the topic of notices."""

import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from chalicelib.config import Settings
from chalicelib.errors import NotFound

from .csv_reader import Chunk
from .model import ImportRecord, Source

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient


UPLOADS = "drops/http/"  # <import id>/<file name>, of those who upload through the API
BLOCK = 256 * 1024  # bytes read from S3 at once
LINK_SECONDS = 900  # how long a presigned address is good


class ImportStorage:
    """The bucket, the queue and the topic of one deployment."""

    def __init__(self, settings: Settings, s3: "S3Client", sqs: "SQSClient", sns: "SNSClient") -> None:
        self.settings = settings
        self._s3 = s3
        self._sqs = sqs
        self._sns = sns

    def upload_key(self, import_id: str, name: str) -> str:
        """The key under which the file of an announced import must arrive."""
        return f"{UPLOADS}{import_id}/{name}"

    def upload_url(self, key: str) -> str:
        """Where a file of up to 5 GB can be PUT."""
        params = {"Bucket": self.settings.bucket_name, "Key": key}
        return self._s3.generate_presigned_url("put_object", Params=params, ExpiresIn=LINK_SECONDS)

    def result_url(self, import_id: str, name: str) -> str:
        """Where a result of an import can be fetched."""
        params = {
            "Bucket": self.settings.bucket_name,
            "Key": result_key(import_id, name),
            "ResponseContentType": "text/csv; charset=utf-8",
            "ResponseContentDisposition": f'attachment; filename="{import_id}.{name}"',
        }
        return self._s3.generate_presigned_url("get_object", Params=params, ExpiresIn=LINK_SECONDS)

    def blocks(self, source: Source) -> Generator[bytes]:
        """The bytes of a file, block by block; close it, or read it to the end."""
        version = {"VersionId": source.version} if source.version else {}
        body = self._s3.get_object(Bucket=source.bucket, Key=source.key, **version)["Body"]  # type: ignore[arg-type]
        with body:
            yield from body.iter_chunks(min(BLOCK, self.settings.chunk_size))

    def result(self, import_id: str, name: str) -> bytes:
        """A result of an import, whole: only a report is small enough. Raises NotFound."""
        with _kept():
            answer = self._s3.get_object(Bucket=self.settings.bucket_name, Key=result_key(import_id, name))
        return answer["Body"].read()

    def result_size(self, import_id: str, name: str) -> int:
        """The bytes of a result. Raises NotFound."""
        with _kept():
            answer = self._s3.head_object(Bucket=self.settings.bucket_name, Key=result_key(import_id, name))
        return answer["ContentLength"]

    def result_lines(self, import_id: str, name: str, start: int) -> tuple[Generator[bytes], int]:
        """(the lines of a result from this byte on, to be closed; the size of the whole in bytes).

        Raises IndexError where there is no such byte, NotFound.
        """
        size = self.result_size(import_id, name)
        if not 0 <= start <= size:
            raise IndexError(start)
        return self._lines(result_key(import_id, name), start, size), size

    def _lines(self, key: str, start: int, size: int) -> Generator[bytes]:
        if start == size:
            return
        body = self._s3.get_object(Bucket=self.settings.bucket_name, Key=key, Range=f"bytes={start}-")["Body"]
        with body:
            yield from body.iter_lines(chunk_size=BLOCK // 4, keepends=True)

    def put(self, key: str, body: bytes, **more: Any) -> None:
        """Stores an object."""
        self._s3.put_object(Bucket=self.settings.bucket_name, Key=key, Body=body, **more)

    def put_large(self, key: str, file: Any, kind: str) -> None:
        """Stores what can be read from `file`, a few parts of it in memory at a time."""
        self._s3.upload_fileobj(file, self.settings.bucket_name, key, ExtraArgs={"ContentType": kind})

    def put_chunk(self, folder: str, number: int, piece: Chunk) -> None:
        """Stores a piece of a file."""
        self.put(_chunk_key(folder, number), piece.text.encode(), Metadata={"line": str(piece.line)})

    def chunk(self, folder: str, number: int) -> Chunk:
        """The piece stored under this number."""
        answer = self._s3.get_object(Bucket=self.settings.bucket_name, Key=_chunk_key(folder, number))
        return Chunk(int(answer["Metadata"]["line"]), answer["Body"].read().decode())

    def put_rejected(self, folder: str, number: int, text: str) -> None:
        """Stores the rejected rows of a chunk, as CSV without a header."""
        self.put(_chunk_key(folder, number, "rejected.csv"), text.encode())

    def rejected(self, folder: str, number: int) -> str:
        """The rejected rows of a chunk."""
        return self._read(_chunk_key(folder, number, "rejected.csv"))

    def put_note(self, folder: str, number: int, text: str) -> None:
        """Stores what a worker must not forget of a chunk under way."""
        self.put(_chunk_key(folder, number, "note.json"), text.encode())

    def note(self, folder: str, number: int) -> str | None:
        """The last note on a chunk, None where there is none."""
        key = _chunk_key(folder, number, "note.json")
        # Asked for by name, what is missing looks forbidden to a role that may not list the whole bucket.
        found = self._s3.list_objects_v2(Bucket=self.settings.bucket_name, Prefix=key)
        return self._read(key) if found["KeyCount"] else None

    def _read(self, key: str) -> str:
        return self._s3.get_object(Bucket=self.settings.bucket_name, Key=key)["Body"].read().decode()

    def send(self, record: ImportRecord) -> None:
        """Queues the import's next step."""
        message = json.dumps({"import": record.id, "step": record.position})
        self._sqs.send_message(QueueUrl=self.settings.load_queue_url, MessageBody=message)

    def notify(self, record: ImportRecord) -> None:
        """Tells the topic, if there is one, that an import has ended."""
        if self.settings.notice_topic_arn:
            self._sns.publish(
                TopicArn=self.settings.notice_topic_arn,
                Subject=f"Rollcall import {record.id}: {record.status}",
                Message=record.shown().model_dump_json(),
            )


@contextmanager
def _kept() -> Iterator[None]:
    """Says of a result that the bucket has let go of by its age that it is there no more.

    Asked for by name, what is missing looks forbidden to a role that may not list the bucket.
    """
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in (403, 404):
            raise NotFound("The results of this import are not kept any more.", code="no_results") from None
        raise


def result_key(import_id: str, name: str) -> str:
    """Where a result of an import lies in the bucket."""
    return f"imports/{import_id}/{name}"


def _chunk_key(folder: str, number: int, kind: str = "csv") -> str:
    return f"chunks/{folder}/{number:05}.{kind}"
