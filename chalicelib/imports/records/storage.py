"""Stores the objects of imports in the bucket: dropped files, chunks, results."""

import io
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from chalicelib.errors import NotFound, RegistryError, Unreadable
from chalicelib.imports.text.csv_reader import Chunk
from chalicelib.links import Link, presigned_link

from .import_ids import is_import_id
from .model import Source
from .profile import MAX_PROFILE

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


UPLOADS = "drops/http/"  # <import id>/<file name>, of files that are uploaded through the API
CHANGES = "changes.csv"  # a result: what the import did with each row
BLOCK = 256 * 1024  # bytes of one read from S3


class ImportStorage:
    """The bucket of one deployment.

    `chunk_size` is the number of characters in a chunk; reads from S3 are at most that many bytes.
    """

    def __init__(self, s3: "S3Client", bucket_name: str, chunk_size: int) -> None:
        self.bucket_name = bucket_name
        self.chunk_size = chunk_size
        self._s3 = s3

    def upload_link(self, key: str) -> Link:
        """Returns the link to which a file of up to 5 GB can be PUT."""
        return self._link("put_object", Key=key)

    def result_link(self, import_id: str, name: str) -> Link:
        """Returns the link to download a result of an import."""
        return self._link(
            "get_object",
            Key=result_key(import_id, name),
            ResponseContentType="text/csv; charset=utf-8",
            ResponseContentDisposition=f'attachment; filename="{import_id}.{name}"',
        )

    def _link(self, operation: str, **params: str) -> Link:
        return presigned_link(self._s3, operation, Bucket=self.bucket_name, **params)

    def blocks(self, source: Source) -> Generator[bytes]:
        """Yields the bytes of a file, block by block; read to the end, or close the generator. Raises Unreadable."""
        version = {"VersionId": source.version} if source.version else {}
        expired = Unreadable("The file is no longer stored. Send it again.", code="file_expired")
        with _missing_as(expired, 404):
            body = self._s3.get_object(Bucket=source.bucket, Key=source.key, **version)["Body"]  # type: ignore[arg-type]
        with body:
            yield from body.iter_chunks(min(BLOCK, self.chunk_size))

    def profile(self, key: str) -> bytes | None:
        """Returns the start of an object of a few kilobytes, None if there is none.

        With the right to list the bucket, S3 answers 404 and not 403 for a missing key ("GetObject" in the Amazon S3
        API Reference): so a refusal is an error.
        """
        with _missing_ignored(), self._s3.get_object(Bucket=self.bucket_name, Key=key)["Body"] as body:
            return body.read(MAX_PROFILE + 1)
        return None

    def tag_roster(self, source: Source) -> None:
        """Marks a dropped file to be expired by the bucket's lifecycle, which must keep the profiles beside it."""
        version = {"VersionId": source.version} if source.version else {}
        tags = {"TagSet": [{"Key": "rollcall", "Value": "roster"}]}
        with _missing_ignored():
            self._s3.put_object_tagging(Bucket=source.bucket, Key=source.key, Tagging=tags, **version)  # type: ignore[arg-type]

    def seekable(self, source: Source) -> "ObjectFile":
        """Returns a file that can be read from any place. Raises what S3 raises."""
        return ObjectFile(self._s3, source)

    def result(self, import_id: str, name: str) -> bytes:
        """Returns a whole result of an import: only reports are small enough. Raises NotFound."""
        with _missing_as_not_found():
            response = self._s3.get_object(Bucket=self.bucket_name, Key=result_key(import_id, name))
        return response["Body"].read()

    def result_size(self, import_id: str, name: str) -> int:
        """Returns the size of a result in bytes. Raises NotFound."""
        with _missing_as_not_found():
            response = self._s3.head_object(Bucket=self.bucket_name, Key=result_key(import_id, name))
        return response["ContentLength"]

    def result_lines(self, import_id: str, name: str, start: int) -> tuple[Generator[bytes], int]:
        """Returns (the lines of a result from byte `start` on, a generator to close; the result's size in bytes).

        Raises IndexError if `start` is outside the result, NotFound.
        """
        size = self.result_size(import_id, name)
        if not 0 <= start <= size:
            raise IndexError(start)
        return self._lines(result_key(import_id, name), start, size), size

    def _lines(self, key: str, start: int, size: int) -> Generator[bytes]:
        if start == size:
            return
        body = self._s3.get_object(Bucket=self.bucket_name, Key=key, Range=f"bytes={start}-")["Body"]
        with body:
            yield from body.iter_lines(chunk_size=BLOCK // 4, keepends=True)

    def put(self, key: str, body: bytes, **more: Any) -> str | None:
        """Stores an object. Returns its version id, None in a bucket without versions."""
        return self._s3.put_object(Bucket=self.bucket_name, Key=key, Body=body, **more).get("VersionId")

    def put_large(self, key: str, file: Any, content_type: str) -> None:
        """Stores what `file` yields, in a multipart upload that holds a few parts in memory."""
        self._s3.upload_fileobj(file, self.bucket_name, key, ExtraArgs={"ContentType": content_type})

    def put_chunk(self, folder: str, number: int, chunk: Chunk) -> None:
        """Stores a chunk of a file."""
        self.put(_chunk_key(folder, number), chunk.text.encode(), Metadata={"line": str(chunk.line)})

    def chunk(self, folder: str, number: int) -> Chunk:
        """Returns the chunk stored under this number."""
        response = self._s3.get_object(Bucket=self.bucket_name, Key=_chunk_key(folder, number))
        return Chunk(int(response["Metadata"]["line"]), response["Body"].read().decode())

    def put_part(self, folder: str, name: str, body: bytes) -> None:
        """Stores what one step of an import hands to later ones."""
        self.put(_part_key(folder, name), body)

    def part(self, folder: str, name: str) -> bytes:
        """Returns what `put_part` stored."""
        return self._s3.get_object(Bucket=self.bucket_name, Key=_part_key(folder, name))["Body"].read()

    def find_part(self, folder: str, name: str) -> bytes:
        """Returns what `put_part` stored. Raises NotFound."""
        with _missing_as_not_found():
            return self.part(folder, name)


class ObjectFile(io.RawIOBase):
    """An object of the bucket as a file: each read is a request for a range of bytes.

    `limit` is the number of bytes that may still be read, None for any number; after them it raises ValueError.
    """

    def __init__(self, s3: "S3Client", source: Source) -> None:
        self.limit: int | None = None
        self._s3 = s3
        self._object: Any = {"Bucket": source.bucket, "Key": source.key}
        self._object |= {"VersionId": source.version} if source.version else {}
        self._size = s3.head_object(**self._object)["ContentLength"]
        self._position = 0

    def readable(self) -> bool:
        """Returns True."""
        return True

    def seekable(self) -> bool:
        """Returns True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Moves to a place, and returns it."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError("a negative position")
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        """Returns the place of the next read."""
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Reads the next bytes into the buffer, and returns their number."""
        count = min(len(buffer), self._size - self._position)
        if count <= 0:
            return 0
        if self.limit is not None:
            self.limit -= count
            if self.limit < 0:
                raise ValueError("the limit is exceeded")
        ends = f"bytes={self._position}-{self._position + count - 1}"
        response = self._s3.get_object(**self._object, Range=ends)
        with response["Body"] as body:
            # The emulator ignores a range of an old version, and returns the whole object.
            skipped = 0 if "ContentRange" in response else self._position
            while skipped:
                skipped -= len(body.read(min(skipped, BLOCK)))
            buffer[:count] = body.read(count)
        self._position += count
        return count


@contextmanager
def _missing_ignored() -> Iterator[None]:
    """Does nothing about an object that does not exist."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise


def _missing_as_not_found() -> AbstractContextManager[None]:
    """Raises NotFound for a result that the bucket's lifecycle has removed.

    Without the right to list the bucket, S3 answers 403 for a missing key.
    """
    return _missing_as(
        NotFound("The results of this import are no longer stored.", code="no_results"), 403, 404
    )


@contextmanager
def _missing_as(missing: RegistryError, *statuses: int) -> Iterator[None]:
    """Raises `missing` where S3 answers with one of these statuses."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in statuses:
            raise missing from None
        raise


def upload_key(import_id: str, filename: str) -> str:
    """Returns the key under which the file of an announced import must arrive."""
    return f"{UPLOADS}{import_id}/{filename}"


def announced_import_id(key: str) -> str | None:
    """Returns the import id in an upload's key, None for other keys."""
    folder = key.removeprefix(UPLOADS).split("/")[0]
    return folder if key.startswith(UPLOADS) and is_import_id(folder) else None


def result_key(import_id: str, name: str) -> str:
    """Returns the key of an import's result."""
    return f"imports/{import_id}/{name}"


def _chunk_key(folder: str, number: int) -> str:
    return _part_key(folder, f"{number:05}.csv")


def _part_key(folder: str, name: str) -> str:
    return f"chunks/{folder}/{name}"
