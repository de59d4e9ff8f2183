"""Callers of the API in model time, who create, read and change members while imports load."""

import itertools
import statistics
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

from chalicelib.errors import Busy, NotFound
from chalicelib.members.model import MemberKey, NewMember
from chalicelib.services import Services

from .model_time import ModelTime

CALLERS = 5
PAUSE_SECONDS = 0.5  # of a caller, between two requests
ACCOUNT = "callers"


class Callers:
    """Some callers, each with a process of the API of its own."""

    def __init__(self, model: ModelTime, process: Callable[[], Services]) -> None:
        self._model, self._process = model, process
        self._seconds: list[float] = []  # of each request
        self._refused = 0
        self._numbers = itertools.count()
        self._ended = False

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Lets the callers send requests within a block."""
        threads = [threading.Thread(target=self._call, args=(self._process(),)) for _ in range(CALLERS)]
        for thread in threads:
            thread.start()
        yield
        self._ended = True
        for thread in threads:
            thread.join()

    def summary(self) -> tuple[float, float, int]:
        """Returns (the median of the seconds, what 99 of 100 take at most, how many were refused as busy)."""
        return statistics.median(self._seconds), statistics.quantiles(self._seconds, n=100)[-1], self._refused

    def _call(self, services: Services) -> None:
        while not self._ended:
            number = next(self._numbers)
            new = NewMember(
                account_id=ACCOUNT,
                client_member_id=f"{number}",
                first_name="Ann",
                last_name="Lee",
                phone_number=f"+1415{number:07}",
            )
            key = MemberKey(new.account_id, new.client_member_id)
            self._request(partial(services.members.create, new, "user:caller"))
            self._request(partial(services.members.get, key))

    def _request(self, send: Callable[[], object]) -> None:
        started = self._model.now
        try:
            with suppress(NotFound):  # its creation was refused
                send()
        except Busy:
            self._refused += 1
        self._seconds.append(self._model.now - started)
        self._model.sleep(PAUSE_SECONDS)
