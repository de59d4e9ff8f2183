"""Transient errors, and the pauses between attempts."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from chalicelib.errors import Busy, Throttled

from .limiter import TimeLeft

# For a caller who waits for the response, which API Gateway ends after 29 s.
MAX_ATTEMPTS = 12  # per operation
MAX_WAIT_SECONDS = 2.5  # no attempt starts later

FIRST_PAUSE_SECONDS = 0.02  # at most; each further one may last twice as long
MAX_PAUSE_SECONDS = 1.0

# The request may succeed later. The codes are those of DynamoDB, and of S3, SQS and SNS.
THROTTLE_CODES = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "Throttled",
    "Throttling",
    "ThrottlingException",
}
# These may succeed later too, and so may a request after any status from 500.
CONFLICT_CODES = {"TransactionConflictException", "TransactionInProgressException"}


@contextmanager
def transient_errors_as_busy() -> Iterator[None]:
    """Turns throttles into Throttled; conflicts, timeouts, lost connections and server errors into Busy."""
    from botocore import exceptions as botocore

    try:
        yield
    except botocore.ClientError as error:
        status, code = error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
        if code in THROTTLE_CODES:
            raise Throttled from error
        if status >= 500 or code in CONFLICT_CODES:
            raise Busy from error
        raise
    except (botocore.HTTPClientError, botocore.ConnectionError) as error:
        raise Busy from error


def backoff(time_left: TimeLeft | None = None) -> Iterator[int]:
    """Yields attempt numbers from 0, with a growing random pause before each one but the first.

    Ends after MAX_ATTEMPTS attempts or MAX_WAIT_SECONDS; for a worker, when it has no `time_left`.
    """
    end = time.monotonic() + MAX_WAIT_SECONDS
    for attempt in count():
        if attempt:
            given_up = attempt >= MAX_ATTEMPTS or time.monotonic() > end
            if time_left() <= 0 if time_left else given_up:
                return
            longest = min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
            time.sleep(random.uniform(0, longest))  # noqa: S311 - jitter need not be unpredictable
        yield attempt
