"""Which errors are transient, and how long to wait before the next attempt."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.errors import Busy

MAX_ATTEMPTS = 12  # of one operation that meets others on the same items: about 3 s of pauses
MAX_WAIT_SECONDS = 8.0  # no attempt begins later than this: a throttled one takes long by itself

# Besides any status from 500, the codes after which the same request may succeed later. botocore has already
# retried them.
RETRYABLE_CODES = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
}


@contextmanager
def transient_errors_as_busy() -> Iterator[None]:
    """Turns throttles, timeouts, lost connections and server errors into Busy."""
    from botocore import exceptions as botocore

    try:
        yield
    except botocore.ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status >= 500 or error.response["Error"]["Code"] in RETRYABLE_CODES:
            raise Busy from error
        raise
    except (botocore.HTTPClientError, botocore.ConnectionError) as error:
        raise Busy from error


def backoff() -> Iterator[int]:
    """Yields the attempts' numbers from 0, with a growing random pause before each but the first.

    Ends after MAX_ATTEMPTS attempts or MAX_WAIT_SECONDS.
    """
    end = time.monotonic() + MAX_WAIT_SECONDS
    for attempt in range(MAX_ATTEMPTS):
        if attempt:
            if time.monotonic() > end:
                return
            time.sleep(random.uniform(0, min(1.0, 0.01 * 2**attempt)))  # noqa: S311 - jitter is no secret
        yield attempt
