"""All errors that a caller can get, each with its code and HTTP status.

HTTP renders a RegistryError as RFC 9457 problem+json; an import writes its code and detail beside the rejected row.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Holder:
    """The member that holds a unique value: its id, and the import and line that wrote it, if any."""

    member_id: str
    import_id: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class FieldError:
    """An invalid field: a pointer, a code for programs, a sentence for people.

    A pointer is `#/phone_number` in the body, `?limit` in the query, or `{account_id}` in the path. `holder` is the
    member that holds the value, if the value is taken.
    """

    pointer: str
    code: str
    detail: str
    holder: Holder | None = None


class RegistryError(Exception):
    """The base of all errors. `errors` lists the invalid fields, `headers` are sent with the HTTP response.

    `facts` are further members of the problem (RFC 9457, 3.2), such as deleted_at.
    """

    status: ClassVar[int]
    code: str

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        facts: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.facts = dict(facts or {})


class Malformed(RegistryError):
    """The request cannot be parsed: broken JSON, a bad parameter, a cursor that was never issued."""

    status, code = 400, "malformed"


class InvalidCursor(Malformed):
    """No page of this list returned this cursor."""

    code = "invalid_cursor"

    def __init__(self) -> None:
        super().__init__("This cursor is not from this list. Use the `next` of its latest page.")


class Unauthorized(RegistryError):
    """Credentials are missing, wrong, expired or revoked. The response does not say which.

    For the log, `user` is the existing user whose password was wrong, `reason` why a token of single sign-on was
    refused, and `to_log` how many refusals the line of this one counts, 0 for no line.
    """

    status, code = 401, "unauthorized"

    def __init__(self, user: str | None = None, *, reason: str | None = None, to_log: int = 1) -> None:
        self.user = user
        self.reason = reason
        self.to_log = to_log
        # For `make local`: API Gateway renames this header of a function's response, and sends template.yaml's 401.
        challenge = 'Basic realm="rollcall", charset="UTF-8"'
        super().__init__("Credentials are missing or wrong.", headers={"WWW-Authenticate": challenge})


class Forbidden(RegistryError):
    """The caller lacks the permission, or the account is not among its accounts."""

    status, code = 403, "forbidden"


class NotFound(RegistryError):
    """No resource has this id."""

    status, code = 404, "not_found"


class MethodNotAllowed(RegistryError):
    """The path exists, but not with this method."""

    status, code = 405, "method_not_allowed"


class Taken(RegistryError):
    """The phone number or client member id already belongs to another member of the account."""

    status, code = 409, "phone_number_taken"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(" ".join(e.detail for e in errors), code=errors[0].code, errors=errors)


class Conflict(RegistryError):
    """Conflicts with the current state; the code says how."""

    status, code = 409, "conflict"


class Ended(RegistryError):
    """An import that has ended cannot be stopped."""

    status, code = 409, "import_ended"


class NotADryRun(RegistryError):
    """Only a dry run that has completed can be applied."""

    status, code = 409, "not_a_dry_run"

    def __init__(self) -> None:
        super().__init__("Only a dry run that has completed can be applied.")


class NotUndoable(RegistryError):
    """An import that cannot be taken back; the code says why."""

    status, code = 409, "not_undoable"


class NotAwaitingApproval(RegistryError):
    """Only an import that waits for approval can be approved or declined."""

    status, code = 409, "not_awaiting_approval"

    def __init__(self, import_status: str) -> None:
        super().__init__(f"The import does not wait for approval: it is {import_status}.")


class ApproverIsSender(Forbidden):
    """The deployment demands that somebody else approves."""

    code = "approver_must_differ"

    def __init__(self) -> None:
        super().__init__("Somebody else must approve: you have started this import.")


class StillRunning(RegistryError):
    """Another request with this Idempotency-Key has not ended."""

    status, code = 409, "request_in_progress"

    def __init__(self) -> None:
        detail = "The first request with this Idempotency-Key is still running. Wait, then send it again."
        super().__init__(detail, headers={"Retry-After": "1"})


class KeyReused(RegistryError):
    """The Idempotency-Key belongs to another request."""

    status, code = 422, "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__(
            "This Idempotency-Key was sent with another request. Use a new key for each request."
        )


class PreconditionFailed(RegistryError):
    """If-Match or If-None-Match does not hold for the current ETag."""

    status, code = 412, "precondition_failed"


class TooLarge(RegistryError):
    """The body exceeds the limit."""

    status, code = 413, "payload_too_large"


class UnsupportedMediaType(RegistryError):
    """The route does not accept the body's media type."""

    status, code = 415, "unsupported_media_type"


class Invalid(RegistryError):
    """The body was parsed, but some of its fields break a rule."""

    status, code = 422, "invalid"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(" ".join(e.detail for e in errors), errors=errors)


class TooManyAttempts(RegistryError):
    """Too many wrong passwords. None is checked until `until` (seconds since the epoch).

    With `flood` so many are sent that not each gets an answer and a line in the log of its own. `to_log` is the
    number of refusals that the line of this one counts, 0 for no line.
    """

    status, code = 429, "too_many_attempts"

    def __init__(self, until: float, *, flood: bool = False, to_log: int = 1) -> None:
        wait = max(1, math.ceil(until - time.time()))
        detail = f"Too many wrong passwords. Wait {wait} s, then try again."
        # The form of the IETF draft "RateLimit header fields for HTTP": five passwords in 300 s (access/throttle.py).
        limit = {"RateLimit-Policy": '"passwords";q=5;w=300', "RateLimit": f'"passwords";r=0;t={wait}'}
        super().__init__(detail, headers={"Retry-After": str(wait), **limit})
        self.until = until
        self.flood = flood
        self.to_log = to_log


class Busy(RegistryError):
    """The table throttles, or too many writers compete for one item. A retry may succeed."""

    status, code = 503, "busy"

    def __init__(self, detail: str = "The registry is busy. Wait a second, then try again.") -> None:
        super().__init__(detail, headers={"Retry-After": "1"})


class Throttled(Busy):
    """The table lacks capacity at the moment. Fewer requests will succeed."""


class Internal(RegistryError):
    """An unexpected error. The response gives no details; the log does."""

    status, code = 500, "internal_error"

    def __init__(self) -> None:
        super().__init__("The server failed. Report the request id to the operator.")


class Unreadable(RegistryError):
    """The file cannot be imported at all; its import fails with this code and detail."""

    status, code = 422, "unreadable_file"


def frames(error: Exception) -> list[str]:
    """Returns file and line of each stack frame, without values."""
    found = []
    trace = error.__traceback__
    while trace:
        found.append(f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return found


def without_values(error: Exception) -> RuntimeError:
    """Returns an error of the type and place of another one, whose message may quote personal data or credentials.

    Lambda logs what a function raises, with its message.
    """
    return RuntimeError(f"{type(error).__name__} at {' '.join(frames(error))}")
