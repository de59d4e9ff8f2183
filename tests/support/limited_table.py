"""A table with limits, in memory."""

from typing import Any

import boto3

from bench.model.capacity import Rules
from bench.model.limits import Limits
from bench.model.memory_table import MemoryTable
from tests.support.clock import Clock


class LimitedTable:
    """A table in memory, its limits on a clock that only its requests and `clock` move, and a client of it."""

    def __init__(self, **rules: Any) -> None:
        self.clock = Clock()
        self.memory = MemoryTable()
        self.client: Any = boto3.client(
            "dynamodb", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        self.limits = Limits(Rules(**rules), clock=self.clock, sleep=self.sleep, find=self.memory.find)
        self.slept: list[float] = []  # by requests
        self.retry_pauses: list[float] = []
        self.limits.attach(self.client)
        self.memory.attach(self.client)

    def sleep(self, seconds: float) -> None:
        """Notes how long a request takes."""
        self.slept.append(seconds)
