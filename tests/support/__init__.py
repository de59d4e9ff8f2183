"""What tests share: callers of the API, a driver of the pipeline, faults, cases."""

import os
from pathlib import Path

PROJECT = Path(__file__).parent.parent.parent
CASES_DIR = PROJECT / "tests" / "cases"
EXAMPLES = int(os.environ.get("EXAMPLES", "100"))  # of each test of a property
