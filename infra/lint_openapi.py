"""Lints the OpenAPI document with Redocly and Spectral, which warnings fail too.

python -m infra.lint_openapi
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from chalicelib.api.openapi.document import document

HERE = Path(__file__).parent
PROJECT = HERE.parent
# Redocly would report its use, and look for a newer version.
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


def main() -> int:
    """Lints the document; returns the exit status."""
    path = PROJECT / "build" / "openapi.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({**document(), "servers": [{"url": "/"}]}), encoding="utf-8")
    programs = PROJECT / "node_modules" / ".bin"
    commands: tuple[list[str | Path], ...] = (
        [programs / "redocly", "lint", path, "--config", HERE / "redocly.yaml"],
        [programs / "spectral", "lint", path, "--ruleset", HERE / "spectral.yaml", "--fail-severity", "hint"],
    )
    environment = {**os.environ, **QUIET}
    started = [
        subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for command in commands
    ]
    for process in started:
        output, _ = process.communicate()
        if process.returncode:
            print(output)
    return max(process.returncode for process in started)


if __name__ == "__main__":
    sys.exit(main())
