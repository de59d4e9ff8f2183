"""The capacity of a table: budgets that refill, partitions that split, a quota.

Titles in quotation marks are pages of the DynamoDB Developer Guide.
"""

import bisect
import hashlib
from dataclasses import dataclass
from functools import lru_cache

HASHES = 2**64  # partition keys are hashed; each partition holds a range of hashes

MINUTE = 60.0
BUSY_SHARE = 0.8  # of its write units that a partition uses in a minute at its limit


@dataclass(frozen=True, slots=True)
class Rules:
    """What limits a table. The defaults are a new on-demand table: four partitions, for it and for its index.

    "DynamoDB on-demand capacity mode": a new table sustains 4,000 writes and 12,000 reads a second.
    """

    partitions: int = 4
    index_partitions: int = 4
    # "Best practices for designing and using partition keys effectively in DynamoDB": units a second and partition.
    write_units: float = 1_000
    read_units: float = 3_000
    # "DynamoDB burst and adaptive capacity": up to 300 s of unused capacity is retained, but DynamoDB may use it up
    # without notice. Nothing may depend on it, so a budget here holds one second.
    burst_seconds: float = 1
    # "Quotas in Amazon DynamoDB": units a second of a table together with its indexes, by default.
    table_write_units: float = 40_000
    table_read_units: float = 40_000
    # Seconds for which a partition is near its limit before it splits. The guide gives no figure, only that traffic
    # may double within 30 minutes ("DynamoDB on-demand capacity mode"). None: it never splits.
    split_seconds: float | None = None


class Budget:
    """Units that refill at `rate` a second, up to `seconds` of them."""

    def __init__(self, rate: float, seconds: float, now: float) -> None:
        self._rate, self._most = rate, rate * seconds
        self._units, self._filled_at = self._most, now

    def has(self, units: float, now: float) -> bool:
        """Returns whether so many units are left."""
        self._units = min(self._most, self._units + (now - self._filled_at) * self._rate)
        self._filled_at = now
        return self._units >= units

    def take(self, units: float) -> None:
        """Uses units, of which `has` was asked before; negative ones are returned."""
        self._units -= units


@dataclass(slots=True)
class Partition:
    """One partition: the hashes from `start` on, and its budgets."""

    start: int
    writes: Budget
    reads: Budget
    made_at: float
    minute_from: float
    used: float = 0  # write units in this minute
    busy_minutes: int = 0  # in a row


class Partitions:
    """The partitions of a table or of an index.

    One that has been near its limit for `split_seconds` splits in the middle of its range ("DynamoDB burst and
    adaptive capacity"). So a single partition key never exceeds the limits of one partition.
    """

    def __init__(self, rules: Rules, count: int, now: float) -> None:
        self._rules = rules
        self._partitions = [self._new(HASHES * i // count, now) for i in range(count)]
        self._starts = [partition.start for partition in self._partitions]

    def __len__(self) -> int:
        return len(self._partitions)

    def given(self, now: float) -> float:
        """Returns the write units that all partitions could have given by now, in even use."""
        return sum((now - partition.made_at) * self._rules.write_units for partition in self._partitions)

    def of(self, key: str) -> Partition:
        """Returns the partition that holds a partition key."""
        return self._partitions[bisect.bisect_right(self._starts, _hash(key)) - 1]

    def note(self, partition: Partition, units: float, now: float) -> None:
        """Notes the use of write units, and splits the partition if it has been busy for long."""
        partition.used += units
        if now - partition.minute_from < MINUTE:
            return
        share = partition.used / (now - partition.minute_from) / self._rules.write_units
        partition.busy_minutes = partition.busy_minutes + 1 if share >= BUSY_SHARE else 0
        partition.minute_from, partition.used = now, 0
        after = self._rules.split_seconds
        if after is not None and partition.busy_minutes * MINUTE >= after:
            partition.busy_minutes = 0
            self._split(partition, now)

    def _split(self, partition: Partition, now: float) -> None:
        index = self._starts.index(partition.start)
        end = self._starts[index + 1] if index + 1 < len(self._starts) else HASHES
        new = self._new((partition.start + end) // 2, now)
        self._partitions.insert(index + 1, new)
        self._starts.insert(index + 1, new.start)

    def _new(self, start: int, now: float) -> Partition:
        rules = self._rules
        writes = Budget(rules.write_units, rules.burst_seconds, now)
        return Partition(start, writes, Budget(rules.read_units, rules.burst_seconds, now), now, now)


@lru_cache(maxsize=10_000)  # an account's shards repeat
def _hash(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big")
