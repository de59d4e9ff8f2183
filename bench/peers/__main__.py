"""`make bench-peers`, or `python -m bench.peers [single] [cold] [load]`: Rollcall beside its peers, in one run."""

import os
import sys
import tempfile
from pathlib import Path

from bench.child import measure
from bench.peers import cold, load, single, store
from bench.stub import ENVIRONMENT
from infra.emulator import started
from infra.package import table_definition

PARTS = ("single", "cold", "load")


def main(parts: list[str]) -> None:
    """Measures and prints."""
    unknown = set(parts) - set(PARTS)
    if unknown:
        sys.exit(f"unknown part {', '.join(sorted(unknown))}: use {', '.join(PARTS)}")
    with tempfile.TemporaryDirectory(prefix="rollcall-bench-") as folder:
        if not {"single", "cold"}.isdisjoint(parts):
            responses = Path(folder) / "responses.json"
            _record(responses)
            if "single" in parts:
                single.main(responses)
            if "cold" in parts:
                cold.main(responses)
        if "load" in parts:
            load.main(Path(folder))


def _record(path: Path) -> None:
    """Writes to `path` what the tables of the services return; set the environment that they need."""
    with started() as emulator:
        os.environ.update({name: v for name, v in emulator.environment.items() if name.startswith("AWS_")})
        os.environ |= ENVIRONMENT | {"PEERS_TABLE_NAME": "bench-peers"}
        tables = emulator.client("dynamodb")
        tables.create_table(**table_definition(), TableName=os.environ["TABLE_NAME"])
        tables.create_table(**store.table_definition(), TableName=store.table_name())
        measure("bench.peers.services:recording", str(path))
    del os.environ["AWS_ENDPOINT_URL"]  # endpoints as on AWS; the replay sends nothing


if __name__ == "__main__":
    main(sys.argv[1:] or list(PARTS))
