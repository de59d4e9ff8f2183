"""The import command in this process, and a thread that acts as its S3 events and functions."""

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from click.testing import CliRunner, Result

from chalicelib import config
from chalicelib.errors import NotFound
from chalicelib.imports.records.model import ImportJob, ImportRecord, Source
from chalicelib.imports.records.steps import Step
from chalicelib.imports.records.storage import UPLOADS
from commands.progress import Lines, OnBytesSent
from rollcall import main
from tests.support.pipeline import Pipeline

HEADER = "first_name,last_name,phone_number,client_member_id,account_id\n"
TIMEOUT = 60.0  # seconds


class Workers(threading.Thread):
    """Imports each file that is uploaded or applied, in place of the bucket's event and the queues.

    It does so until `stopped` is set.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        super().__init__()
        self._pipeline = pipeline
        self._bucket = pipeline.settings.bucket_name
        self._seen = set(self._uploaded())
        for queue in (pipeline.settings.split_queue_url, pipeline.settings.load_queue_url):
            list(pipeline.messages(queue))  # those of other tests, whose imports may be gone
        self.may_load = threading.Event()
        self.may_load.set()
        self.stopped = threading.Event()
        self.ended: list[ImportRecord] = []  # in the order of their ends

    def run(self) -> None:
        """Import the files that are uploaded."""
        while not self.stopped.wait(0.05):
            if not self.may_load.is_set():
                continue
            for key in set(self._uploaded()) - self._seen:
                self._seen.add(key)
                self.load(key)
            self._load_applied()
            self._load_decided()

    def load(self, key: str) -> ImportRecord:
        """Import an uploaded file, and return the ended import."""
        found = config.s3().head_object(Bucket=self._bucket, Key=key)
        source = Source(bucket=self._bucket, key=key, version=found["VersionId"], size=found["ContentLength"])
        self.ended.append(self._pipeline.drain(self._pipeline.split_object(source, "unused").id))
        return self.ended[-1]

    def _load_applied(self) -> None:
        for message in self._pipeline.messages(self._pipeline.settings.split_queue_url):
            with suppress(NotFound):  # an import of another test
                record = self._pipeline.repository.get(message["import"])
                if record.applies or record.of:
                    self._pipeline.drain(self._pipeline.imports.split(message["import"]).id)

    def _load_decided(self) -> None:
        """Goes on with imports that waited for approval."""
        for message in self._pipeline.messages(self._pipeline.settings.load_queue_url):
            with suppress(NotFound):
                self._pipeline.imports.step(message["import"], Step(message["stage"], message["number"]))

    def _uploaded(self) -> list[str]:
        pages = config.s3().get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=UPLOADS)
        return [found["Key"] for page in pages for found in page.get("Contents", ())]


def run_import(*arguments: str | Path, stdin: str = "") -> Result:
    """Run `rollcall.py import` with these arguments."""
    return run_command("import", *arguments, stdin=stdin)


def run_command(*arguments: str | Path, stdin: str = "") -> Result:
    """Run `rollcall.py` with these arguments."""
    return CliRunner().invoke(main, [*map(str, arguments)], input=stdin)


def write_roster(path: Path, account: str, good: int = 3, bad: int = 0) -> Path:
    """Write a roster of `good` valid rows, and `bad` invalid rows after them; return its path."""
    rows = [f"Ann,Lee,{3235550000 + i},{i},{account}\n" for i in range(good)]
    rows += [f"Ben,Lee,12,{path.name}-{i},{account}\n" for i in range(bad)]
    path.write_text(HEADER + "".join(rows))
    return path


class InterferingLines(Lines):
    """A display that calls functions: before an upload, after an import was shown, after a line was printed."""

    def __init__(
        self,
        on_upload: Callable[[], None] = lambda: None,
        on_load: Callable[[str], object] = lambda _: None,
        on_line: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__()
        self._on_upload, self._on_load, self._on_line = on_upload, on_load, on_line

    def upload(self, name: str, size: int) -> OnBytesSent:
        """Call `on_upload`, then show that an upload begins."""
        self._on_upload()
        return super().upload(name, size)

    def load(self, name: str, shown: ImportJob) -> None:
        """Show the progress, then call `on_load` with the import's id."""
        super().load(name, shown)
        self._on_load(shown.id)

    def print_line(self, text: str) -> None:
        """Print a line, then call `on_line` with it."""
        super().print_line(text)
        self._on_line(text)
