"""The CPU time of splitting a large file, against csv.reader reading the same file, and its memory.

S3 is stubbed below boto3: the file is read from disk, and the chunks are discarded.
"""

import csv
import gzip
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.child import MB, measure
from bench.stub import attach_stub, row_count

ROWS = 500_000
UNQUOTED = "{0},Maximilian,Mustermann,323{1:07},{2:07},42\n"
QUOTED = '"{0}","Maximilian ""Max""","Mustermann, Jr.","323{1:07}","{2:07}","42"\n'


def main() -> None:
    """Measure and print."""
    count = row_count(ROWS)
    with tempfile.TemporaryDirectory() as folder:
        plain, quoted, packed = (Path(folder) / name for name in ("plain.csv", "quoted.csv", "packed.csv.gz"))
        for path, row in ((plain, UNQUOTED), (quoted, QUOTED)):
            with path.open("w") as file:
                file.writelines(lines(count, row))
        with plain.open("rb") as whole, gzip.open(packed, "wb", compresslevel=6) as small:
            shutil.copyfileobj(whole, small)
        for path in (plain, quoted, packed):
            ours, bare = (measure(f"bench.split:{name}", str(path)) for name in ("split", "read"))
            print(
                f"split: {path.name}, {count:,} rows, {path.stat().st_size / MB:.0f} MB: {ours.result} chunks in "
                f"{ours.cpu:.1f} s of CPU ({ours.wall:.1f} s), csv.reader {bare.cpu:.1f} s: "
                f"{ours.cpu / bare.cpu:.2f}x, peak {ours.peak:.0f} MB"
            )


def lines(count: int, row: str) -> Iterator[str]:
    """Yield the lines of a roster of about 50 bytes a row."""
    yield "id,first_name,last_name,phone_number,client_member_id,account_id\n"
    for number in range(count):
        yield row.format(number + 1, number % 10**7, number)


def split(path: str) -> Callable[[], int]:
    """Return work that splits a file as the function does, and returns the number of chunks."""
    from chalicelib.clock import now
    from chalicelib.imports.records.import_ids import new_import_id
    from chalicelib.imports.records.model import ImportRecord, Source
    from chalicelib.imports.splitting.splitter import split_object
    from chalicelib.services import services

    attach_stub(Path(path))
    source = Source(bucket="bench", key=f"drops/{Path(path).name}")
    record = ImportRecord(
        id=new_import_id(), status="splitting", mode="create", source=source, created_at=now()
    )
    storage = services().import_storage
    return lambda: split_object(storage, record).chunks


def read(path: str) -> Callable[[], int]:
    """Return work that reads all rows, and returns their number."""

    def work() -> int:
        opened = gzip.open if path.endswith(".gz") else open
        with opened(path, "rt", newline="", encoding="utf-8") as file:
            return sum(1 for _ in csv.reader(file))

    return work


if __name__ == "__main__":
    main()
