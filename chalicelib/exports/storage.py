"""Stores the files of exports in the bucket, in parts."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from chalicelib.errors import NotFound
from chalicelib.links import Link, presigned_link

from .formats import CONTENT_TYPES
from .model import ExportRecord, Part

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LOST_CODES = ("NoSuchUpload", "InvalidPart")


class UploadLost(Exception):
    """S3 does not have the upload of a file any more, or not the parts that were stored."""


class ExportStorage:
    """The bucket of one deployment."""

    def __init__(self, s3: "S3Client", bucket_name: str) -> None:
        self._s3 = s3
        self._bucket = bucket_name

    def put(self, record: ExportRecord, body: bytes) -> None:
        """Stores a whole file."""
        self._s3.put_object(**self._file(record), Body=body, ContentType=CONTENT_TYPES[record.format])

    def start_upload(self, record: ExportRecord) -> str:
        """Returns the id of a new upload, to which parts can be added. S3 removes it after a day or more."""
        started = self._s3.create_multipart_upload(
            **self._file(record), ContentType=CONTENT_TYPES[record.format]
        )
        return started["UploadId"]

    def put_part(self, record: ExportRecord, body: bytes) -> Part:
        """Stores the next part of a file, and returns it. Raises UploadLost."""
        number = len(record.parts) + 1
        with _lost_upload():
            stored = self._s3.upload_part(**self._upload(record), PartNumber=number, Body=body)
        return Part(etag=stored["ETag"], checksum=stored.get("ChecksumCRC32"), size=len(body))

    def complete(self, record: ExportRecord) -> None:
        """Makes a file of the parts; repeating it changes nothing. Raises UploadLost."""
        parts: list[Any] = [
            # Without its checksum S3 refuses a part of an upload for which the SDK chose checksums
            # ("CompleteMultipartUpload" in the API Reference).
            {"PartNumber": number, "ETag": part.etag}
            | ({"ChecksumCRC32": part.checksum} if part.checksum else {})
            for number, part in enumerate(record.parts, 1)
        ]
        try:
            with _lost_upload():
                self._s3.complete_multipart_upload(**self._upload(record), MultipartUpload={"Parts": parts})
        except UploadLost:
            if not self.has_file(record):  # an earlier attempt may have completed it
                raise

    def has_file(self, record: ExportRecord) -> bool:
        """Returns whether the bucket has the whole file. Without the right to list it, S3 answers 403 if not."""
        from botocore.exceptions import ClientError

        try:
            self._s3.head_object(**self._file(record))
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in (403, 404):
                return False
            raise
        return True

    def put_pending(self, record: ExportRecord, rows: int, body: bytes) -> str:
        """Stores what is too little for a part, up to this number of rows; returns its key."""
        key = f"chunks/exports/{record.id}/{rows}"
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=body)
        return key

    def pending(self, key: str) -> bytes:
        """Returns what `put_pending` stored."""
        return self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()

    def link(self, record: ExportRecord) -> Link:
        """Returns the link to download a completed export. Raises NotFound after its file has expired."""
        if not self.has_file(record):
            raise NotFound("The file of this export is no longer stored. Export again.", code="no_results")
        return presigned_link(
            self._s3,
            "get_object",
            **self._file(record),
            ResponseContentType=CONTENT_TYPES[record.format],
            ResponseContentDisposition=f'attachment; filename="{record.filename}"',
        )

    def _file(self, record: ExportRecord) -> Any:
        return {"Bucket": self._bucket, "Key": export_key(record)}

    def _upload(self, record: ExportRecord) -> Any:
        return {**self._file(record), "UploadId": record.upload_id}


@contextmanager
def _lost_upload() -> Iterator[None]:
    """Turns S3's errors about an unknown upload into UploadLost."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in LOST_CODES:
            raise UploadLost from None
        raise


def export_key(record: ExportRecord) -> str:
    """Returns the key of an export's file."""
    return f"exports/{record.id}/members.{record.format}"
