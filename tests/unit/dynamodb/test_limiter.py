"""The adaptive limit of requests in flight."""

import math
import threading
from collections.abc import Callable

import pytest

from chalicelib.dynamodb.limiter import LEAST, Limiter
from chalicelib.errors import Busy, Throttled
from tests.support.clock import Clock


class Paced:
    """A limiter on a clock that its pauses and requests move."""

    def __init__(self, most: int = 16) -> None:
        self.clock = Clock()
        self.pauses: list[float] = []
        self.limiter = Limiter(most, self.clock, self.sleep, seed=7)

    def sleep(self, seconds: float) -> None:
        """Pauses."""
        self.pauses.append(seconds)
        self.clock.now += seconds

    def request(
        self, error: type[Exception] | None = None, time_left: Callable[[], float] = lambda: math.inf
    ) -> None:
        """Makes a request of 0.1 s, which ends with an error."""
        with self.limiter.slot(time_left):
            self.clock.now += 0.1
            if error:
                raise error

    def throttle(self) -> None:
        """Makes a request that is throttled."""
        with pytest.raises(Throttled):
            self.request(Throttled)


def test_limit_grows_to_its_maximum_until_first_throttle() -> None:
    paced = Paced(most=4)
    for _ in range(5):
        paced.request()
    assert paced.limiter.limit == 4
    assert paced.pauses == []


def test_throttle_halves_limit_and_success_adds_little() -> None:
    paced = Paced(most=8)
    for _ in range(8):
        paced.request()
    paced.throttle()
    assert paced.limiter.limit == 4
    paced.request()
    assert paced.limiter.limit == pytest.approx(4.04)


def test_throttles_of_one_round_trip_halve_once() -> None:
    paced = Paced(most=8)
    for _ in range(8):
        paced.request()
    slots = [paced.limiter.slot(lambda: math.inf) for _ in range(4)]
    for slot in slots:
        slot.__enter__()
    paced.clock.now += 0.1
    for slot in slots:
        slot.__exit__(Throttled, Throttled(), None)
    assert paced.limiter.limit == 4


def test_limit_below_one_pauses_between_requests() -> None:
    paced = Paced()
    paced.request()
    for _ in range(4):
        paced.throttle()
    assert paced.limiter.limit == pytest.approx(2 / 16)
    before = len(paced.pauses)
    for _ in range(20):
        paced.limiter.limit = 1 / 8
        paced.request()
    mean = sum(paced.pauses[before:]) / 20
    assert mean == pytest.approx(0.7, rel=0.2)  # seven of eight round trips


def test_long_success_hastens_growth() -> None:
    paced = Paced()
    paced.throttle()
    limits = []
    for _ in range(60):
        paced.request()
        limits.append(paced.limiter.limit)
    first, last = limits[1] - limits[0], limits[-1] - limits[-2]
    assert last > 3 * first


def test_throttle_is_followed_by_a_random_pause() -> None:
    paced = Paced()
    for _ in range(8):
        paced.request()
    paced.throttle()
    paced.request()
    assert [0.05 <= pause <= 0.15 for pause in paced.pauses] == [True]


def test_limit_has_a_floor() -> None:
    paced = Paced()
    for _ in range(50):
        paced.throttle()
    assert paced.limiter.limit == LEAST


def test_partly_throttled_request_halves_limit() -> None:
    paced = Paced(most=8)
    for _ in range(8):
        paced.request()
    with paced.limiter.slot(lambda: math.inf) as slot:
        slot.throttled = True
    assert paced.limiter.limit == 4


def test_other_errors_leave_limit_as_it_is() -> None:
    paced = Paced(most=8)
    paced.request()
    for error in (Busy, ValueError):
        with pytest.raises(error):
            paced.request(error)
    assert paced.limiter.limit == 2


def test_request_that_would_start_too_late_is_throttled() -> None:
    paced = Paced()
    for _ in range(6):
        paced.throttle()
    with pytest.raises(Throttled):
        paced.request(time_left=lambda: 0.01)
    paced.request()  # its slot is free again


def test_requests_in_flight_stay_within_limit() -> None:
    paced = Paced(most=2)
    paced.request()
    running, most = threading.Semaphore(0), list[int]()
    in_flight, lock, go_on = [0], threading.Lock(), threading.Event()

    def work() -> None:
        with paced.limiter.slot(lambda: math.inf):
            with lock:
                in_flight[0] += 1
                most.append(in_flight[0])
            running.release()
            go_on.wait()
            with lock:
                in_flight[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    running.acquire()
    running.acquire()
    go_on.set()
    for thread in threads:
        thread.join()
    assert max(most) == 2
