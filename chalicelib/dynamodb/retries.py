"""Which errors are transient, and how long to wait before the next attempt."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.errors import Busy

MAX_ATTEMPTS = 12  # of one write that meets others on the same items: about 3 s of pauses
MAX_WAIT_SECONDS = 8.0  # seconds after which no further attempt is made, for a throttled one lasts by itself
# What DynamoDB says, besides any status from 500, when the same request may succeed later. botocore has tried
# again by then.
RETRYABLE_CODES = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
}


@contextmanager
def transient_errors_as_busy() -> Iterator[None]:
    """Turns what may pass (throttles, timeouts, no connection or a lost one) into Busy."""
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
    """Counts the attempts at one thing that others keep from happening, a random and growing pause before each."""
    end = time.monotonic() + MAX_WAIT_SECONDS
    for attempt in range(MAX_ATTEMPTS):
        if attempt:
            if time.monotonic() > end:
                return
            time.sleep(random.uniform(0, min(1.0, 0.01 * 2**attempt)))  # noqa: S311 - no secret
        yield attempt
