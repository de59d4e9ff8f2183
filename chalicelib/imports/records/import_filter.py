"""Which imports a caller asks for. Pure."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .model import ImportRecord, Status


class ImportFilter(NamedTuple):
    """The imports that a caller asks for: of one account, with one status; None for all."""

    account_id: str | None = None
    status: "Status | None" = None

    def selects(self, record: "ImportRecord") -> bool:
        """Returns whether the import is one of them."""
        return self.account_id in (None, record.only_account) and self.status in (None, record.shown().status)
