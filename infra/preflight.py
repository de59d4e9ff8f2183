"""Reports in one line what would stop `make local`, before anything is installed, and exits with status 1.

    python3 infra/preflight.py [EMULATOR_PORT PORT]

It runs on any Python, to report versions that are too old, and uses no library.
"""

# ruff: noqa: ANN001, ANN201, B905, PTH123, RUF005, UP024, UP031 - old versions of Python run this file

import errno
import fcntl
import os
import socket
import sys


def main(ports):
    # type: (list[str]) -> str | None
    """Returns the error message, or None."""
    if not (3, 11) <= sys.version_info < (3, 15):
        text = "Rollcall needs Python 3.11 to 3.14, but %s is %d.%d. Choose another: make PYTHON=python3.12"
        return text % ((sys.executable,) + sys.version_info[:2])
    if ports and is_running():
        return "`make local` is already running in this folder."
    for name, port in zip(("EMULATOR_PORT", "PORT"), ports):
        probe = socket.socket()
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(port)))
        except OSError as error:
            reason = "in use" if error.errno == errno.EADDRINUSE else "not available (%s)" % error.strerror
            return "Port %s is %s. Choose another: make local %s=%d" % (port, reason, name, int(port) + 1)
        except (ValueError, OverflowError):
            return "%s=%s is not a port. Use a number from 1 to 65535." % (name, port)
        finally:
            probe.close()
    return None


def is_running():
    # type: () -> bool
    """Returns whether another `make local` has the lock on this folder's data."""
    try:
        with open(os.environ.get("LOCAL_STATE", ".local") + "/lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except EnvironmentError as error:
        return error.errno == errno.EWOULDBLOCK  # other errors: no lock file yet
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
