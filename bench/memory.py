"""The largest resident set of each step of an import, each in a process of its own, on an emulator.

Measures two files: one with all rows good, and one with all rows rejected, the worst case for the report. The steps
of a stage follow each other in one process, as in a worker. `python -m bench.memory decide` ends after that stage.
"""

import os
import sys
import tempfile
import uuid
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from bench.child import measure
from bench.stub import row_count
from chalicelib import config
from chalicelib.imports.records.model import Stage
from infra.emulator import started
from infra.package import table_definition
from tools.roster import Roster

ROWS = 100_000
STAGES = ("read", "decide", "write", "resolve", "finish")


def main() -> None:
    """Measure and print."""
    count = row_count(ROWS)
    last = sys.argv[1] if sys.argv[1:] else STAGES[-1]
    with tempfile.TemporaryDirectory() as folder, started() as emulator:
        os.environ.update({name: v for name, v in emulator.environment.items() if name.startswith("AWS_")})
        name = f"rollcall-bench-{uuid.uuid4().hex[:8]}"
        config.dynamodb().create_table(**{**table_definition(), "TableName": name})
        config.s3().create_bucket(Bucket=name)
        os.environ |= {"TABLE_NAME": name, "BUCKET_NAME": name}
        for kind in ("split", "load", "export"):
            queue = config.sqs().create_queue(QueueName=f"{name}-{kind}")["QueueUrl"]
            os.environ[f"{kind.upper()}_QUEUE_URL"] = queue
        print(f"memory: {measure('bench.memory:idle').peak:.0f} MB before any work")
        for kind, bad in (("good", 0.0), ("bad", 1.0)):
            path = Path(folder) / f"{kind}.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                Roster(count, bad=bad, seed=3).write(file)
            config.s3().upload_file(str(path), name, f"drops/{path.name}")
            split = measure("bench.memory:split", f"drops/{path.name}")
            import_id, chunks = split.result
            peaks = {"split": split.peak}
            for stage in STAGES[: STAGES.index(last) + 1]:
                number = chunks if stage in ("read", "write") else 1
                peaks[stage] = measure("bench.memory:steps", import_id, stage, str(number)).peak
            figures = ", ".join(f"{stage} {peak:.0f} MB" for stage, peak in peaks.items())
            print(f"memory: {count:,} {kind} rows: {figures}")


def idle() -> Callable[[], None]:
    """Import the functions' code and build their clients."""
    import_module("app")
    from chalicelib.services import services

    assert services().imports
    return lambda: None


def split(key: str) -> Callable[[], tuple[str, int]]:
    """Return work that splits a dropped file, and returns the import's id and number of chunks."""
    idle()
    from chalicelib.imports.records.import_ids import new_import_id
    from chalicelib.imports.records.model import Source
    from chalicelib.services import services

    def work() -> tuple[str, int]:
        imports = services().imports
        started = imports.start(Source(bucket=config.settings().bucket_name, key=key), new_import_id())
        record = imports.split(started.id)
        return record.id, record.chunks

    return work


def steps(import_id: str, stage: Stage, count: str) -> Callable[[], None]:
    """Return work that does the steps of a stage."""
    idle()
    from chalicelib.imports.records.steps import Step
    from chalicelib.services import services

    def work() -> None:
        for number in range(int(count)):
            services().imports.step(import_id, Step(stage, number))

    return work


if __name__ == "__main__":
    main()
