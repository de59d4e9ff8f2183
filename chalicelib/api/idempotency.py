"""Idempotency-Key: a request that is sent again gets the response to the first one.

The header is that of the IETF draft "The Idempotency-Key HTTP Header Field".
"""

import hashlib
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from chalice.app import Request, Response

from chalicelib.errors import Busy, Malformed, RegistryError
from chalicelib.replies import Reply
from chalicelib.services import services

from .admission import Admission
from .refusals import IDEMPOTENCY_KEY
from .requests import body_bytes, query_parameters

_KEY = re.compile(r"[\x20-\x7e]{1,255}")


def answer_once(request: Request, admission: Admission, view: Callable[[Admission], Response]) -> Response:
    """Returns the response to the first request with this key and body; `view` makes it if this is the first.

    Only a success is kept: after an error that changed nothing the key is free. Raises Malformed, KeyReused,
    StillRunning, and what `view` raises.
    """
    replies = services().replies
    started = replies.begin(admission.by, _key(request), _fingerprint(request))
    if isinstance(started, Reply):
        admission.members.extend(started.members)
        return Response(started.body, {**started.headers, "Idempotency-Replayed": "true"}, started.status)
    try:
        response = view(replace(admission, attempt=started))
    except Exception as error:
        changed_nothing = isinstance(error, RegistryError) and error.status < 500
        with suppress(Busy):
            (replies.forget if changed_nothing else replies.release)(started)
        raise
    with suppress(Busy):  # the response is right, even if it cannot be kept
        if _is_final(response):
            headers = {name: str(value) for name, value in response.headers.items()}
            replies.keep(
                started, Reply(response.status_code, headers, str(response.body), tuple(admission.members))
            )
        else:
            replies.release(started)
    return response


def _key(request: Request) -> str:
    """Returns the key. Raises Malformed."""
    key = str(request.headers[IDEMPOTENCY_KEY]).strip()
    if not _KEY.fullmatch(key):
        detail = "Idempotency-Key: Send 1 to 255 visible ASCII characters, such as a UUID."
        raise Malformed(detail, code="invalid_header")
    return key


def _fingerprint(request: Request) -> str:
    """Returns a hash of what the request asks for."""
    asked = (
        request.context["resourcePath"],
        str(request.headers.get("content-type")),
        *(f"{name}={value}" for name, value in sorted((request.uri_params or {}).items())),
        *(f"{name}={value}" for name, value in sorted(query_parameters(request).items())),
    )
    return hashlib.sha256("\0".join(asked).encode() + b"\0" + body_bytes(request)).hexdigest()


def _is_final(response: Response) -> bool:
    """Returns whether sending the request again would do no more: not so for a batch with members left."""
    return not (response.status_code == 200 and "Retry-After" in response.headers)
