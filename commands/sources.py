"""The files of an import command: paths, and - for standard input."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from chalicelib.imports.text.file_names import UNSUPPORTED_FILE_TYPE, is_roster

STDIN = Path("-")
STDIN_NAME = "stdin.csv"  # standard input is imported as a file of this name


def named(given: Path) -> Path:
    """Returns the path that names a file and its results."""
    return Path(STDIN_NAME) if given == STDIN else given


@contextmanager
def opened_source(given: Path) -> Iterator[Path]:
    """Yields the path of a file's contents: standard input is copied to a file, as Ctrl-C cannot end its upload."""
    if given != STDIN:
        yield given
        return
    with NamedTemporaryFile(prefix="rollcall-") as copy:
        shutil.copyfileobj(sys.stdin.buffer, copy)
        copy.flush()
        yield Path(copy.name)


def refusal(path: Path, source: Path) -> str | None:
    """Returns why a file is not imported, None if it may be. Raises OSError if it cannot be read."""
    if source.exists() and not source.is_file():  # opening a pipe would block
        return "cannot be read: it is not a file."
    if not is_roster(path.name):
        return UNSUPPORTED_FILE_TYPE
    with source.open("rb"):
        return None
