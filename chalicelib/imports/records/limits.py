"""What stops an import before the first write: the limits that its sender sets, and a second header. Pure."""

from .model import Failure, ImportRecord

SECOND_HEADER = Failure(
    code="other_header",
    detail="The file has a second header with the columns in another order, so the rows after it would be misread. "
    "Send the two parts as files of their own.",
)


def broken_limit(record: ImportRecord, rejected: int, rows: int, other_headers: int) -> Failure | None:
    """Returns why an import must not write, None if it may.

    The file has so many rows, so many rejected ones, and lines that name the columns in another order.
    """
    if other_headers:
        return SECOND_HEADER
    if record.rows not in (None, rows):
        detail = f"The file has {rows:,} rows, but {record.rows:,} were announced. Nothing was imported."
        return Failure(code="rows_differ", detail=detail)
    if exceeds_limit(record.max_rejected, rejected, rows):
        were = "was" if rejected == 1 else "were"
        return Failure(code="too_many_rejected", detail=f"{rejected:,} of {rows:,} rows {were} rejected.")
    return None


def exceeds_limit(max_rejected: str | None, rejected: int, rows: int) -> bool:
    """Returns whether more rows are rejected than `max_rejected`, a number or a percentage of `rows`, allows."""
    if max_rejected is None:
        return False
    if max_rejected.endswith("%"):
        return rejected * 100 > int(max_rejected[:-1]) * rows
    return rejected > int(max_rejected)
