"""What a sync removes: the members of its account that its file does not name. Pure."""

from typing import Literal, NamedTuple

from pydantic import BaseModel

from chalicelib.fields.text import Timestamp

RemovalState = Literal[
    "pending",
    "not_done",
    "within_limits",
    "awaiting_approval",
    "approved",
    "declined",
    "superseded",
    "expired",
]
# The outcomes of members in changes.csv that no row of the file is about.
REMOVED, WOULD_REMOVE, KEPT = "removed", "would_remove", "kept"
REMOVAL_OUTCOMES = (REMOVED, WOULD_REMOVE, KEPT)
APPROVAL_DAYS = 14  # for which a removal waits
NO_LINE = 0  # the line of members that no row of the file is about, where one is needed
LIMIT_SECONDS = 24 * 3600  # the removals of an account in this time count together

# Why nothing is removed, by code.
REASONS = {
    "unreadable_id": "The client member id of a row could not be read, so its member would seem to be missing.",
    "encoding_guessed": "The encoding of the file was guessed, so ids may be misread. Declare it, or save as UTF-8.",
    "invalid_bytes": "The file has invalid bytes, so ids may be misread. Save it as UTF-8.",
    "account_forbidden": "The caller that started this import has no access to the account.",
    "cancelled": "The import was cancelled.",
    "failed": "The import failed.",
    "not_processed": "The members of the account could not be compared with the file. Send it again.",
    "superseded": "A newer file of the account was synced.",
}


class Removal(BaseModel, defer_build=True):
    """What a sync does about the members that its file does not name.

    `members` is the number of members that the account had when the file arrived, `found` that of those which the
    file does not name. `state`: pending until they are counted; not_done, with the reason; within_limits, so they are
    removed; awaiting_approval, until `expires_at`; then approved, declined, superseded by a newer sync, or expired.
    """

    account_id: str | None = None
    state: RemovalState = "pending"
    members: int = 0
    found: int = 0
    code: str | None = None
    detail: str | None = None
    decided_at: Timestamp | None = None
    decided_by: str | None = None
    expires_at: Timestamp | None = None

    @property
    def is_allowed(self) -> bool:
        """Whether the members may be removed."""
        return self.state in ("within_limits", "approved")

    def not_done(self, code: str) -> "Removal":
        """Returns the removal that is not done, for a reason of REASONS."""
        return self.model_copy(update={"state": "not_done", "code": code, "detail": REASONS[code]})


class RemovalLimits(NamedTuple):
    """Removals are held if they exceed both: a number of members, and a percentage of the account."""

    number: int
    percent: int

    def lowered(self, number: int | None, percent: int | None) -> "RemovalLimits":
        """Returns the limits of an import, which can lower those of the deployment, and not raise them."""
        return RemovalLimits(
            self.number if number is None else min(number, self.number),
            self.percent if percent is None else min(percent, self.percent),
        )

    def are_exceeded(self, removed: int, members: int) -> bool:
        """Returns whether so many removals from an account of so many members are held."""
        return removed > self.number and removed * 100 > self.percent * members
