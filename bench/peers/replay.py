"""Replays the table's responses at once, so that only the function's own work is measured.

They are recorded from the emulator first: whatever a peer asks for, it gets what its table returned.
"""

import io
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.httpsession import URLLib3Session

from bench.stub import Raw


class Replay:
    """Responses to reads, by request body; writes succeed and are discarded."""

    def __init__(self, responses: dict[str, str] | None = None) -> None:
        self.responses = responses or {}

    @contextmanager
    def attached(self, client: Any) -> Iterator[None]:
        """Responds to the requests of a client within the block."""
        with _handling(client, self._respond):
            yield

    @contextmanager
    def recording(self, client: Any) -> Iterator[None]:
        """Sends the requests of a client to its table within the block, and keeps the responses to reads."""
        no_delay: Any = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each response comes 40 ms late
        session = URLLib3Session(proxies={}, socket_options=[no_delay])

        def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
            response = session.send(request)
            body = _body(request)
            if not _is_write(body):
                self.responses[body] = response.content.decode()
            return response

        try:
            with _handling(client, send):
                yield
        finally:
            session.close()

    def _respond(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        body = _body(request)
        content = "{}" if _is_write(body) else self.responses[body]
        return AWSResponse(request.url, 200, HTTPHeaders(), Raw(io.BytesIO(content.encode())))

    def save(self, path: Path) -> None:
        """Writes the responses to a file."""
        path.write_text(json.dumps(self.responses), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "Replay":
        """Returns the replay of a file that `save` wrote."""
        return cls(json.loads(path.read_text(encoding="utf-8")))


@contextmanager
def _handling(client: Any, handler: Any) -> Iterator[None]:
    client.meta.events.register("before-send.dynamodb", handler)
    try:
        yield
    finally:
        client.meta.events.unregister("before-send.dynamodb", handler)


def _body(request: AWSPreparedRequest) -> str:
    body: Any = request.body
    return str(body.decode())


def _is_write(body: str) -> bool:
    return '"TransactItems"' in body or '"Item"' in body
