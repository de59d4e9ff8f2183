"""The services to compare, the requests to measure, and the recording of what their tables return."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from bench.peers import events
from bench.peers.replay import Replay

BARE, ROLLCALL, FASTAPI, POWERTOOLS = "bare boto3", "Rollcall", "FastAPI + Mangum", "Powertools"
MODULES = {
    BARE: "bare",
    ROLLCALL: "rollcall",
    FASTAPI: "fastapi_mangum",
    POWERTOOLS: "powertools",
}
MEMBERS = 400  # of an account


class Request(NamedTuple):
    """A request to measure, and the status of its response."""

    name: str
    event: dict[str, Any]
    status: int


class Service:
    """One of the services, with its client for the table of the environment and an account of its own."""

    def __init__(self, name: str, account_id: str | None = None) -> None:
        module: Any = import_module(f"bench.peers.{MODULES[name]}")
        self.name = name
        self.client: Any = module.client()
        self.account_id = account_id or f"bench-{MODULES[name]}"
        self._handler = module.handler

    def answer(self, request: Request) -> dict[str, Any]:
        """Returns the response to a request. Fails unless it has the expected status."""
        response: dict[str, Any] = self._handler(request.event, events.CONTEXT)
        assert response["statusCode"] == request.status, response
        return response

    def get_one(self) -> Request:
        """Returns the request for the account's first member."""
        return Request("GET one member", events.get_one(self.account_id, 0), 200)

    def post(self, number: int) -> Request:
        """Returns the request that creates a member of the account."""
        return Request("POST a member", events.post(self.account_id, number), 201)

    def get_page(self) -> Request:
        """Returns the request for the first 100 members of the account."""
        return Request("GET a page of 100", events.get_page(self.account_id, 100), 200)

    def requests(self) -> list[Request]:
        """Returns the requests to measure. The POST repeats because its write is discarded."""
        return [self.get_one(), self.post(MEMBERS), self.get_page()]

    def record(self, replay: Replay, members: int = MEMBERS) -> None:
        """Adds members through the service's own POST, and records the responses to the measured reads."""
        with replay.recording(self.client):
            for number in range(members):
                self.answer(self.post(number))
            for request in (self.get_one(), self.get_page()):
                self.answer(request)


def recording(path: str) -> Callable[[], None]:
    """Returns work that fills each service's table, and writes the responses to the measured reads to `path`."""

    def work() -> None:
        replay = Replay()
        for name in MODULES:
            Service(name).record(replay)
        replay.save(Path(path))

    return work
