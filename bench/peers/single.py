"""CPU time of one request in a warm function, with the table's responses replayed at once."""

import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from bench.child import measure
from bench.peers.replay import Replay
from bench.peers.services import BARE, MODULES, Request, Service
from bench.stub import round_count

ROUNDS = 25  # ROUNDS of the environment replaces it
CALLS = 20  # of each request in a round

Times = dict[str, dict[str, float]]  # milliseconds of CPU by request and service


def main(recorded: Path) -> None:
    """Measures and prints."""
    times: Times = measure("bench.peers.single:work", str(recorded)).result
    for request, of in times.items():
        print(f"peers: {request}: {BARE} {of[BARE]:.3g} ms of CPU; {compared(of, BARE)}")


def compared(times: dict[str, float], base: str) -> str:
    """Returns each time but the base's, with its ratio to the base's."""
    return ", ".join(f"{n} {t:.3g} ms ({t / times[base]:.2f}x)" for n, t in times.items() if n != base)


def work(recorded: str) -> Callable[[], Times]:
    """Returns work that measures all services in this process, by turns, and returns the medians."""
    replay = Replay.load(Path(recorded))
    services = {name: Service(name) for name in MODULES}

    def measured() -> Times:
        found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for _ in range(round_count(ROUNDS)):
            for name, service in services.items():
                with replay.attached(service.client):
                    for request in service.requests():
                        found[request.name][name].append(_milliseconds(service, request))
        return {
            request: {name: statistics.median(times) for name, times in of.items()}
            for request, of in found.items()
        }

    return measured


def _milliseconds(service: Service, request: Request) -> float:
    service.answer(request)
    started = time.process_time()
    for _ in range(CALLS):
        service.answer(request)
    return (time.process_time() - started) * 1000 / CALLS
