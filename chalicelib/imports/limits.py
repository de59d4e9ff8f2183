"""The limits that a sender sets, which stop an import before the first write. Pure."""

from .model import Failure, ImportRecord


def broken_limit(record: ImportRecord, rejected: int, rows: int) -> Failure | None:
    """Returns why an import with so many rows, and so many rejected ones, must not write; None if it may."""
    if record.rows not in (None, rows):
        detail = f"The file has {rows:,} rows, but {record.rows:,} were announced. Nothing was imported."
        return Failure(code="rows_differ", detail=detail)
    if exceeds_limit(record.max_rejected, rejected, rows):
        return Failure(code="too_many_rejected", detail=f"{rejected} of {rows} rows were rejected.")
    return None


def exceeds_limit(max_rejected: str | None, rejected: int, rows: int) -> bool:
    """Returns whether more rows are rejected than `max_rejected`, a number or a percentage of `rows`, allows."""
    if max_rejected is None:
        return False
    if max_rejected.endswith("%"):
        return rejected * 100 > int(max_rejected[:-1]) * rows
    return rejected > int(max_rejected)
