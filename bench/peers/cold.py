"""CPU time of a cold start: a new process that imports a service, builds its client and answers one GET.

The process is measured whole, with Python's own start. On Lambda a TLS handshake comes on top, the same for all.
"""

import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

from bench.peers.replay import Replay
from bench.peers.services import FASTAPI, MODULES, ROLLCALL, Service
from bench.peers.single import compared

ROUNDS = 15  # ROUNDS of the environment replaces it
CLIENT = "import boto3 and a client"


def main(recorded: Path) -> None:
    """Measures and prints."""
    commands = {CLIENT: ["-c", "import boto3; boto3.client('dynamodb')"]}
    commands |= {name: ["-m", "bench.peers.cold", name, str(recorded)] for name in MODULES}
    found: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(int(os.environ.get("ROUNDS", ROUNDS)) + 1):
        for name, command in commands.items():
            spent = _milliseconds(command)
            if number:  # the first start may compile bytecode
                found[name].append(spent)
    times = {name: statistics.median(spent) for name, spent in found.items()}
    print(f"peers: cold start: {CLIENT} {times[CLIENT]:.0f} ms of CPU; {compared(times, CLIENT)}")
    print(f"peers: cold start: {ROLLCALL} : {FASTAPI} = {times[ROLLCALL] / times[FASTAPI]:.2f}")


def _milliseconds(command: list[str]) -> float:
    """Returns the CPU time of a run of this Python."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *command], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def start(name: str, recorded: str) -> None:
    """Answers the first request of a function, with the responses replayed."""
    service = Service(name)
    with Replay.load(Path(recorded)).attached(service.client):
        service.answer(service.get_one())


if __name__ == "__main__":
    start(*sys.argv[1:])
