"""The CPU time of cold starts, against a process that imports boto3 and builds a client of DynamoDB.

Each is a process of its own, from its start to its end. No request is sent.
"""

import os
import subprocess
import sys
from collections.abc import Mapping

from bench.stub import ENVIRONMENT, round_count

TRIES = 9  # the best one counts: other processes share the cores
BARE = "import boto3; boto3.client('dynamodb')"
SERVICES = "import app; from chalicelib.services import services; services()"
# What each function imports and builds until its first request to AWS.
FUNCTIONS: Mapping[str, str] = {
    "API": SERVICES,
    "authorizer": SERVICES + ".authenticator",
    "workers": SERVICES + ".imports",
}


def main() -> None:
    """Measure and print."""
    tries: dict[str, list[float]] = {code: [] for code in (BARE, *FUNCTIONS.values())}
    for _ in range(round_count(TRIES)):
        for code, found in tries.items():
            found.append(cpu_of(code))
    bare = min(tries[BARE])
    for name, code in FUNCTIONS.items():
        ours = min(tries[code])
        print(
            f"cold: {name} {ours * 1000:.0f} ms of CPU, bare boto3 {bare * 1000:.0f} ms: {ours / bare:.2f}x"
        )


def cpu_of(code: str, python: str = sys.executable, environment: Mapping[str, str] = os.environ) -> float:
    """Return the CPU time, in seconds, of a new process that runs Python code."""
    process = subprocess.Popen([python, "-c", code], env={**environment, **ENVIRONMENT})
    _, status, used = os.wait4(process.pid, 0)
    assert status == 0, code
    process.returncode = 0  # it has been waited for
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
