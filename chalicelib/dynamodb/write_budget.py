"""A bound on the write units that all workers together use in a second, so that callers of the API keep the rest.

The budget is one item: the moment until which its units are reserved. A worker reserves units for about a tenth of a
second, waits until their moment has come, and uses them up before it reserves more. So the item gets about ten
updates a second, however many workers share it.
"""

import threading
import time
from collections.abc import Callable

from chalicelib.errors import Throttled

from .items import Item
from .limiter import TimeLeft
from .table import Table

KEY: Item = {"pk": {"S": "WRITE_BUDGET"}, "sk": {"S": "LOADS"}}
RESERVED_SECONDS = 0.1
# Two items in a transaction, each of at most 1 kB, and one of them in the index: five units for two writes
# ("DynamoDB read and write operations" in the Developer Guide).
UNITS_PER_WRITE = 2.5


class WriteBudget:
    """The budget of one deployment; threads may share it. `clock` returns seconds since the epoch."""

    def __init__(
        self,
        table: Table,
        units_per_second: float,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._table = table
        self._rate = units_per_second
        self._clock, self._sleep = clock, sleep
        self._units = 0.0  # reserved and not used yet; below 0 after a transaction that needed more
        self._lock = threading.Lock()

    def spend(self, writes: int, time_left: TimeLeft) -> None:
        """Waits until so many items may be written in a transaction. Raises Throttled without time, and Busy."""
        with self._lock:
            while self._units <= 0:
                if time_left() <= 0:
                    raise Throttled
                self._sleep(max(0.0, self._reserve() - self._clock()))
                self._units += self._rate * RESERVED_SECONDS
            self._units -= writes * UNITS_PER_WRITE

    def _reserve(self) -> float:
        """Reserves the next units; returns the moment from which they may be used."""
        while True:
            now = self._clock()
            for condition, start in (
                ("reserved_until > :now", "reserved_until"),
                ("attribute_not_exists(reserved_until) OR reserved_until <= :now", ":now"),
            ):
                before = self._table.update(
                    KEY,
                    UpdateExpression=f"SET reserved_until = {start} + :seconds",
                    ConditionExpression=condition,
                    ExpressionAttributeValues={
                        ":now": {"N": str(now)},
                        ":seconds": {"N": str(RESERVED_SECONDS)},
                    },
                    ReturnValues="ALL_OLD",
                )
                if before is not None:
                    return max(now, float(before.get("reserved_until", {"N": "0"})["N"]))
