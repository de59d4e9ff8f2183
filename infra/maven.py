"""Fetches jars from Maven Central into a folder, once for each change of their pom.xml."""

import shutil
import subprocess
import sys
from pathlib import Path

TRIES = 3


class MavenError(Exception):
    """The jars cannot be fetched; the message is one line for the user."""


def fetch(pom: Path, home: Path, what: str) -> Path:
    """Returns the folder `home` with the jars that a pom.xml asks for, fetched unless they are there.

    Raises:
        MavenError: there is no Maven, or it failed three times.

    """
    stamp = home / "pom.xml"
    if stamp.is_file() and stamp.read_bytes() == pom.read_bytes():
        return home
    maven = shutil.which("mvn")
    if not maven:
        raise MavenError(f"Maven (mvn) is needed to fetch {what}, and is not installed.")
    print(f"fetching {what} from Maven Central (once)", flush=True)
    shutil.rmtree(home, ignore_errors=True)
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={home}"]
    # Without -U Maven remembers a failed download, and does not try it again.
    command = [maven, "-B", "-q", "-U", "-f", str(pom), *goal]
    for _ in range(TRIES):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not done.returncode:
            shutil.copyfile(pom, stamp)
            return home
    sys.stderr.write(done.stdout + done.stderr)
    raise MavenError(
        f"Maven could not fetch {what} in {TRIES} tries; its last output is above. "
        "Check the connection to Maven Central, then run this again."
    )
