"""What tests share: callers of the API, a driver of the pipeline, faults, cases."""

from pathlib import Path

PROJECT = Path(__file__).parent.parent.parent
CASES_DIR = PROJECT / "tests" / "cases"
