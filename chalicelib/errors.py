"""The only error vocabulary: what can go wrong, under which code and HTTP status.

Every error a caller can meet is a RegistryError. HTTP renders it as RFC 9457 problem+json, an import
writes its code and detail beside the rejected row.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Holder:
    """The member that has a unique value: its id, and the import and line that wrote it, if one did."""

    member_id: str
    import_id: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field that is wrong: where (`#/phone_number`, `?limit`), a code for machines, a sentence for people.

    `holder` is the member that has the value already, where that is the error.
    """

    pointer: str
    code: str
    detail: str
    holder: Holder | None = None


class RegistryError(Exception):
    """An error with a name. `errors` lists the fields at fault, `headers` travel with the HTTP answer."""

    status: ClassVar[int]
    code: str
    headers: Mapping[str, str]

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


class Malformed(RegistryError):
    """The request cannot be read at all: broken JSON, a bad parameter, a cursor nobody handed out."""

    status = 400
    code = "malformed"


class Unauthorized(RegistryError):
    """Credentials are missing, wrong, expired or revoked; which of these, a stranger is not told.

    `user` is for the log: the user whose password was wrong, if there is one of this name.
    """

    status = 401
    code = "unauthorized"

    def __init__(self, user: str | None = None) -> None:
        self.user = user
        challenge = 'Basic realm="rollcall", charset="UTF-8"'
        super().__init__("Credentials are missing or wrong.", headers={"WWW-Authenticate": challenge})


class Forbidden(RegistryError):
    """The caller is known, and may not do this."""

    status = 403
    code = "forbidden"


class NotFound(RegistryError):
    """Nothing stands under this id."""

    status = 404
    code = "not_found"


class MethodNotAllowed(RegistryError):
    """The path exists, the method does not."""

    status = 405
    code = "method_not_allowed"


class Taken(RegistryError):
    """A phone number or a client member id of this account belongs to another member already."""

    status = 409
    code = "phone_number_taken"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(" ".join(e.detail for e in errors), code=errors[0].code, errors=errors)


class Conflict(RegistryError):
    """What stands there does not allow it; the code says what that is."""

    status = 409
    code = "conflict"


class Ended(RegistryError):
    """An import that has ended cannot be stopped."""

    status = 409
    code = "import_ended"


class Stale(RegistryError):
    """If-Match or If-None-Match does not hold for the current ETag."""

    status = 412
    code = "version_mismatch"


class TooLarge(RegistryError):
    """The body is over the limit."""

    status = 413
    code = "payload_too_large"


class UnsupportedMediaType(RegistryError):
    """The body is of a type this route does not read."""

    status = 415
    code = "unsupported_media_type"


class Invalid(RegistryError):
    """The body was read, and some of its fields break a rule."""

    status = 422
    code = "invalid"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(" ".join(e.detail for e in errors), errors=errors)


class TooManyAttempts(RegistryError):
    """Too many wrong passwords for this user; `until` (seconds of the epoch) no further one is looked at."""

    status = 429
    code = "too_many_attempts"

    def __init__(self, until: float) -> None:
        wait = max(1, math.ceil(until - time.time()))
        super().__init__(
            "Too many wrong passwords. Wait, then try again.", headers={"Retry-After": str(wait)}
        )
        self.until = until


class Busy(RegistryError):
    """The table throttles, or too many writers meet on one item; it may pass."""

    status = 503
    code = "busy"

    def __init__(self, detail: str = "The registry is busy; try again.") -> None:
        super().__init__(detail, headers={"Retry-After": "1"})


class Internal(RegistryError):
    """What no caller can mend. It says nothing of what happened: the log does."""

    status = 500
    code = "internal_error"

    def __init__(self) -> None:
        super().__init__("Something went wrong on our side.")


class Unreadable(RegistryError):
    """A file that cannot be imported at all; the import fails with this reason."""

    status = 422
    code = "unreadable_file"
