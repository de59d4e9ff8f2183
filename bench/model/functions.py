"""Lambda functions and API Gateway in model time, as far as floods of requests meet them.

Titles in quotation marks are pages of the AWS documentation.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from .model_time import ModelTime

# Of a call beside what its code waits for: the function's own CPU, and Lambda's. Refusals take about 1 ms.
CALL_SECONDS = 0.002
COLD_SECONDS = 1.0  # of a new process, during which it counts as running
Process = TypeVar("Process")


class Refused(Exception):
    """The account's concurrency is used up ("Understanding Lambda function scaling"): the gateway answers 503."""


class Account:
    """The concurrent executions of an account, which all its functions share."""

    def __init__(self, executions: int) -> None:
        self.executions = executions
        self.running = 0
        self.most = 0

    @contextmanager
    def execution(self) -> Iterator[None]:
        """Takes one within a block. Raises Refused where none is left: nobody waits for one."""
        if self.running >= self.executions:
            raise Refused
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            yield
        finally:
            self.running -= 1


class Function(Generic[Process]):
    """A function: its processes, each of which handles one call at a time and keeps what it knows for the next."""

    def __init__(
        self, model: ModelTime, account: Account, start: Callable[[], Process], *, warm: int = 0
    ) -> None:
        self._model, self._account, self._start = model, account, start
        self._idle = [start() for _ in range(warm)]
        self.calls = 0

    @contextmanager
    def call(self) -> Iterator[Process]:
        """Yields a process for one call. Raises Refused."""
        with self._account.execution():
            self.calls += 1
            if self._idle:
                process = self._idle.pop()
            else:
                process = self._start()
                self._model.sleep(COLD_SECONDS)
            self._model.sleep(CALL_SECONDS)
            try:
                yield process
            finally:
                self._idle.append(process)
