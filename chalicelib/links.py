"""Links to objects of the bucket, for callers without AWS credentials."""

import time
from typing import TYPE_CHECKING, NamedTuple

from chalicelib.clock import iso_time

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LINK_SECONDS = 900  # how long a presigned link is valid


class Link(NamedTuple):
    """A presigned URL, and when it expires (ISO 8601, UTC)."""

    url: str
    expires_at: str


def presigned_link(s3: "S3Client", operation: str, **params: str) -> Link:
    """Returns the link with which anybody may call an operation of S3 with these parameters for 15 minutes."""
    url = s3.generate_presigned_url(operation, Params=params, ExpiresIn=LINK_SECONDS)
    return Link(url, iso_time(int(time.time() + LINK_SECONDS) * 1000))
