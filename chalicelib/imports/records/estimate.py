"""What an import would take of the table: a dry run ends with an estimate. Pure."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import BaseModel

# Measured by bench/capacity.py: see "A table with limits" in bench/README.md.
TRANSACTION_SECONDS = 0.06  # that a transaction of 50 new members takes
TRANSACTION_UNITS = 250
# Of a row, for what is done beside writing: reading before the first write, the results after it.
ROW_SECONDS = 0.00001


class Estimate(BaseModel, defer_build=True):
    """What an import would take, by the dry run of it.

    `write_units` are those of its members, `dollars` the price of these. `minutes` are rounded up, for an import that
    has the table to itself, at its present throughput; null where the table does not say what that is.
    """

    write_units: int
    dollars: float
    minutes: int | None


@dataclass(frozen=True, slots=True)
class Estimator:
    """Estimates imports.

    `accepted_units` returns the write units a second that the table accepts at present, None if it does not say.
    `price` is that of a million write units in dollars. The others are settings of the deployment.
    """

    accepted_units: Callable[[], int | None]
    price: float
    writes_in_flight: int
    import_concurrency: int
    load_write_units: int

    def estimate(self, units: int, rows: int, chunks: int) -> Estimate:
        """Returns what an import of a file takes. Raises Busy."""
        dollars = round(units * self.price / 1_000_000, 6)
        accepted = self.accepted_units()
        minutes = math.ceil(self._seconds(units, rows, chunks, accepted) / 60) if accepted else None
        return Estimate(write_units=units, dollars=dollars, minutes=minutes)

    def _seconds(self, units: int, rows: int, chunks: int, accepted: int) -> float:
        """Returns the seconds that an import takes: the least of what table, workers and settings allow."""
        in_flight = self.writes_in_flight * min(self.import_concurrency, chunks)
        rates = [accepted, in_flight * TRANSACTION_UNITS / TRANSACTION_SECONDS]
        if self.load_write_units:
            rates.append(self.load_write_units)
        return units / min(rates) + rows * ROW_SECONDS
