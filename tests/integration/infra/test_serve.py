"""`chalice local` as a client with one connection sees it."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection

import pytest

from infra import child
from infra.emulator import free_ports
from tests.support.client import Http

HOST = "127.0.0.1"
TIMEOUT = 60.0  # seconds
VARYING = ("Date", "X-Request-Id")  # headers that differ from response to response


@pytest.fixture(scope="module")
def port(settings: object) -> Iterator[int]:
    """Yield the port of a server that uses the run's table."""
    (port,) = free_ports(1)
    command = ["infra.serve", "local", "--no-autoreload", "--host", HOST, "--port", str(port)]
    server = child.start(command, dict(os.environ), None)
    try:
        deadline = time.monotonic() + TIMEOUT
        while not _listens(port):
            assert server.poll() is None
            assert time.monotonic() < deadline
        yield port
    finally:
        child.stop(server, 5)


def _listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        time.sleep(0.1)
        return False
    return True


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/openapi.json", 200),
        ("/admin", 200),
        ("/groups/viewers", 200),
        ("/users/nobody", 404),
        ("/nothing/here", 404),  # a gateway response
        ("/sessions", 405),
    ],
)
def test_connection_is_usable_after_head(http: Http, port: int, path: str, status: int) -> None:
    """A body after the headers of HEAD would be read as the start of the next response."""
    seen = []
    with closing(HTTPConnection(HOST, port, timeout=TIMEOUT)) as connection:
        connection.connect()
        first = connection.sock
        for method in ("HEAD", "GET", "HEAD", "GET"):
            connection.request(method, path, headers=http.credentials)
            response = connection.getresponse()
            body = response.read()
            assert (response.status, bool(body)) == (status, method == "GET")
            assert connection.sock is first
            headers = {
                name: response.headers.get_all(name) for name in response.headers if name not in VARYING
            }
            seen.append(headers)
    assert seen[1]["Content-Length"] == [str(len(body))]
    assert seen == [seen[1]] * 4
