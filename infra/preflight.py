"""Say in one line what would stop `make local`, before anything is installed, and exit with status 1.

    python3 infra/preflight.py [EMULATOR_PORT PORT]

It is written for any Python, the old ones that it turns away included, and uses no library.
"""

# ruff: noqa: ANN001, ANN201, B905, PTH123, RUF005, UP024, UP031 - old Pythons read this file

import errno
import fcntl
import os
import socket
import sys


def main(ports):
    # type: (list[str]) -> str | None
    """Return the one line, or None when nothing is in the way."""
    if not (3, 11) <= sys.version_info < (3, 15):
        words = "Rollcall needs Python 3.11 to 3.14, and %s is %d.%d. Name another: make PYTHON=python3.12"
        return words % ((sys.executable,) + sys.version_info[:2])
    if ports and runs_already():
        return "`make local` runs in this folder already."
    for name, port in zip(("EMULATOR_PORT", "PORT"), ports):
        probe = socket.socket()
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(port)))
        except OSError as error:
            reason = "is taken" if error.errno == errno.EADDRINUSE else "cannot be used (%s)" % error.strerror
            return "Port %s %s. Name another: make local %s=%d" % (port, reason, name, int(port) + 1)
        except (ValueError, OverflowError):
            return "%s=%s is not a port." % (name, port)
        finally:
            probe.close()
    return None


def runs_already():
    # type: () -> bool
    """Return whether a `make local` holds the lock on this folder's data."""
    try:
        with open(os.environ.get("LOCAL_STATE", ".local") + "/lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except EnvironmentError as error:
        return error.errno == errno.EWOULDBLOCK  # any other: there is none
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
