"""A caller of the API: Chalice's gateway in this process, with no network between."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from chalice.app import Chalice
from chalice.config import Config
from chalice.test import HTTPResponse

from infra.serve import Gateway

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
Query = Mapping[str, object]
Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names as the API spells them."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)

    def ok(self, status: int = 200) -> Any:
        """The body of the success that was expected."""
        assert self.status == status, self
        return self.json if self.body else None

    def problem(self, status: int, code: str) -> Any:
        """The body of the error that was expected, held to RFC 9457 and to our own members of it."""
        assert (self.status, self.headers["Content-Type"]) == (status, "application/problem+json"), self
        said = self.json
        required = {"type": str, "title": str, "status": int, "detail": str, "code": str, "request_id": str}
        assert said.keys() - {"errors"} == required.keys(), said
        for name, kind in required.items():
            assert isinstance(said[name], kind), said
            assert said[name], said
        assert (said["status"], said["code"]) == (status, code), said
        for field in said.get("errors", []):
            assert field.keys() - {"member"} == {"pointer", "code", "detail"}, said
            assert field["pointer"][0] in "#?", said
            assert field["detail"].endswith("."), said  # a sentence
        return said

    def refused(self, method: str, status: int, code: str) -> None:
        """Checks the error that was expected; HEAD gets one without a body."""
        if method == "HEAD":
            assert (self.status, self.body) == (status, b""), self
        else:
            self.problem(status, code)


class Http:
    """Requests to the app."""

    def __init__(self, app: Chalice, authorization: str | None = None) -> None:
        self._app = app
        self._gateway = Gateway(app, Config())
        self.credentials = {"Authorization": authorization} if authorization else {}

    def basic(self, name: str, password: str) -> "Http":
        """The same API, called by a user."""
        return Http(self._app, "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode())

    def bearer(self, token: str) -> "Http":
        """The same API, called with a token."""
        return Http(self._app, f"Bearer {token}")

    def nobody(self) -> "Http":
        """The same API, called without credentials."""
        return Http(self._app)

    def request(
        self,
        method: str,
        path: str,
        body: bytes | str = b"",
        headers: Headers | None = None,
        query: Query | None = None,
    ) -> Answer:
        """Any request; a body given as text is sent in UTF-8."""
        if query is not None:
            path += "?" + urlencode(query)
        raw = body.encode() if isinstance(body, str) else body
        sent = {**self.credentials, **(headers or {})}
        answer = HTTPResponse.create_from_dict(self._gateway.handle_request(method, path, sent, raw))
        return Answer(answer.status_code, answer.headers, answer.body)

    def get(self, path: str, query: Query | None = None, headers: Headers | None = None) -> Answer:
        """A GET."""
        return self.request("GET", path, headers=headers, query=query)

    def send(self, method: str, path: str, data: object, headers: Headers | None = None) -> Answer:
        """A request with a JSON body."""
        return self.request(method, path, json.dumps(data), {"Content-Type": JSON, **(headers or {})})

    def form(self, path: str, data: Query) -> Answer:
        """A POST as `curl -d` sends it."""
        return self.request("POST", path, urlencode(data), {"Content-Type": FORM})

    def create(self, data: object) -> Any:
        """A new member, as the API shows it."""
        return self.send("POST", "/members", data).ok(201)

    def pages(self, path: str, query: Query) -> Iterator[Any]:
        """Page after page, by the Link header alone."""
        target = f"{path}?{urlencode(query)}"
        while target:
            answer = self.get(target)
            yield answer.ok()
            link = answer.headers.get("Link", "")
            assert link == "" or link.endswith('>; rel="next"'), link
            target = link.partition("<")[2].partition(">")[0]


def href(account_id: str, client_member_id: str) -> str:
    """The path of a member by its own two ids."""
    return f"/accounts/{quote(account_id, safe='')}/members/{quote(client_member_id, safe='')}"
