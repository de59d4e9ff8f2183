"""Fixtures of the tests of the import command."""

from collections.abc import Iterator

import pytest

from tests.support.import_command import Workers
from tests.support.pipeline import Pipeline


@pytest.fixture
def workers(pipeline: Pipeline, stage: None) -> Iterator[Workers]:
    """Run workers during the test."""
    workers = Workers(pipeline)
    workers.start()
    yield workers
    workers.stopped.set()
    workers.join()
