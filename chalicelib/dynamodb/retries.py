"""Transient errors, and the pauses between attempts."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.errors import Busy

MAX_ATTEMPTS = 12  # per operation; their pauses add up to about 3 s
MAX_WAIT_SECONDS = 8.0  # no attempt starts later: a throttled one takes long by itself

# The same request may succeed after these codes, or after any status from 500. botocore has already retried it.
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
    """Yields attempt numbers from 0, with a growing random pause before each one but the first.

    Ends after MAX_ATTEMPTS attempts or MAX_WAIT_SECONDS.
    """
    end = time.monotonic() + MAX_WAIT_SECONDS
    for attempt in range(MAX_ATTEMPTS):
        if attempt:
            if time.monotonic() > end:
                return
            time.sleep(random.uniform(0, min(1.0, 0.01 * 2**attempt)))  # noqa: S311 - jitter need not be unpredictable
        yield attempt
