"""Notices about imports without progress, printed once a minute: what each file waits for."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from chalicelib.imports.records.model import ImportRecord

NOTICE_SECONDS = 60.0  # without progress until the first notice, and from each notice to the next
TICK_SECONDS = 0.25

Clock = Callable[[], float]  # returns monotonic seconds


@dataclass(frozen=True)
class _Wait:
    progress: object
    text: str
    since: float
    noticed: float


class Waits:
    """Records the progress of each file and what it waits for. Without progress, prints a notice once a minute."""

    def __init__(self, print_line: Callable[[str], None], clock: Clock = time.monotonic) -> None:
        self._print_line = print_line
        self._clock = clock
        self._waits: dict[str, _Wait] = {}
        self._lock = threading.Lock()

    def update(self, name: str, progress: object, text: str) -> None:
        """Records what a file waits for. `progress` is any value; a changed value is progress."""
        with self._lock:
            known = self._waits.get(name)
            if known and known.progress == progress:
                self._waits[name] = replace(known, text=text)
            else:
                now = self._clock()
                self._waits[name] = _Wait(progress, text, since=now, noticed=now)

    def end(self, name: str) -> None:
        """Removes a file that waits for nothing more."""
        with self._lock:
            self._waits.pop(name, None)

    def check(self) -> None:
        """Prints a notice about each file without progress, at most once a minute."""
        with self._lock:
            now = self._clock()
            for name, wait in self._waits.items():
                if now - wait.noticed >= NOTICE_SECONDS:
                    self._waits[name] = replace(wait, noticed=now)
                    minutes = int((now - wait.since) // 60)
                    self._print_line(f"{name}: no progress for {minutes} min: {wait.text}")

    @contextmanager
    def checking(self) -> Iterator[None]:
        """Checks continually during the block, in a thread of its own: calls to AWS may block the others."""
        ended = threading.Event()

        def tick() -> None:
            while not ended.wait(TICK_SECONDS):
                self.check()

        thread = threading.Thread(target=tick, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def describe_wait(record: ImportRecord, logs: str) -> str:
    """Returns what an import waits for; `logs` is where its stage's functions write their logs."""
    shown = record.shown()
    return f"import {record.id} is {shown.status} at {shown.percent}%, waiting for {_next_step(record)}. See {logs}"


def _next_step(record: ImportRecord) -> str:
    if record.status == "awaiting_upload":
        return "the bucket to call the function start_import for the uploaded file"
    if record.status == "splitting":
        return "the function split to divide the file into chunks"
    if record.status == "awaiting_approval":
        return "somebody to approve or decline the removals"
    done = f"({record.steps_done} of {record.chunks} chunks done)"
    works = {
        "read": f"read the rows {done}",
        "decide": "compare the rows",
        "write": f"write the rows {done}" if record.status == "loading" else f"reject the rows {done}",
        "compare": "compare the members of the account with the file",
        "judge": "compare the removals with the limits",
        "resolve": "settle rows that depend on each other",
        "hold": "write what waits for approval",
        "recheck": "find the members that newer files name",
        "remove": "remove the members that the file does not name",
        "settle": "settle rows that ask for numbers of removed members",
        "finish": "write the report",
        "load": "load the rows",
    }
    return f"the function load to {works[record.stage or 'load']}"
