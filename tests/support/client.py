"""Calls the API through Chalice's gateway in this process, without a network."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from chalice.app import Chalice
from chalice.config import Config
from chalice.test import HTTPResponse

from chalicelib.api.openapi.codes import FIELD_CODES, PROBLEM_CODES
from infra.serve import Gateway

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
HOST = "rollcall.test"
Query = Mapping[str, object]
Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Response:
    """A response, with header names as the API spells them."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Returns the body, parsed as JSON."""
        return json.loads(self.body)

    def ok(self, status: int = 200) -> Any:
        """Returns the JSON body of an expected success."""
        assert self.status == status, self
        return self.json if self.body else None

    def problem(self, status: int, code: str) -> Any:
        """Returns the body of an expected error, after a check of its shape: RFC 9457 and our own members."""
        assert (self.status, self.headers["Content-Type"]) == (status, "application/problem+json"), self
        problem = self.json
        required = {"type": str, "title": str, "status": int, "detail": str, "code": str, "request_id": str}
        assert problem.keys() - {"errors", "deleted_at", "moved_to"} == required.keys(), problem
        for name, kind in required.items():
            assert isinstance(problem[name], kind), problem
            assert problem[name], problem
        assert (problem["status"], problem["code"]) == (status, code), problem
        assert code in PROBLEM_CODES[status], problem
        for field in problem.get("errors", []):
            assert field.keys() - {"member"} == {"pointer", "code", "detail"}, problem
            assert field["pointer"][0] in "#?{", problem
            assert field["code"] in FIELD_CODES, problem
            assert field["detail"].endswith("."), problem  # a sentence
        return problem

    def refused(self, method: str, status: int, code: str) -> None:
        """Checks an expected error; to HEAD it has no body."""
        if method == "HEAD":
            assert (self.status, self.body) == (status, b""), self
        else:
            self.problem(status, code)


class Http:
    """Sends requests to the app."""

    def __init__(self, app: Chalice, authorization: str | None = None) -> None:
        self._app = app
        self._gateway = Gateway(app, Config())
        self.credentials = {"Authorization": authorization} if authorization else {}

    def basic(self, name: str, password: str) -> "Http":
        """Returns a client with a user's name and password."""
        return Http(self._app, "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode())

    def bearer(self, token: str) -> "Http":
        """Returns a client with a token."""
        return Http(self._app, f"Bearer {token}")

    def anonymous(self) -> "Http":
        """Returns a client without credentials."""
        return Http(self._app)

    def request(
        self,
        method: str,
        path: str,
        body: bytes | str = b"",
        headers: Headers | None = None,
        query: Query | None = None,
    ) -> Response:
        """Sends any request; a str body is sent in UTF-8."""
        if query is not None:
            path += "?" + urlencode(query)
        raw = body.encode() if isinstance(body, str) else body
        sent = {"Host": HOST, **self.credentials, **(headers or {})}
        response = HTTPResponse.create_from_dict(self._gateway.handle_request(method, path, sent, raw))
        return Response(response.status_code, response.headers, response.body)

    def get(self, path: str, query: Query | None = None, headers: Headers | None = None) -> Response:
        """Sends a GET."""
        return self.request("GET", path, headers=headers, query=query)

    def send(self, method: str, path: str, data: object, headers: Headers | None = None) -> Response:
        """Sends a request with a JSON body."""
        return self.request(method, path, json.dumps(data), {"Content-Type": JSON, **(headers or {})})

    def form(self, path: str, data: Query) -> Response:
        """Sends a POST as `curl -d` does."""
        return self.request("POST", path, urlencode(data), {"Content-Type": FORM})

    def create(self, data: object) -> Any:
        """Creates a member and returns it."""
        return self.send("POST", "/members", data).ok(201)

    def pages(self, path: str, query: Query) -> Iterator[Any]:
        """Yields the pages of a list by their Link headers."""
        target = f"{path}?{urlencode(query)}"
        while target:
            response = self.get(target)
            yield response.ok()
            link = response.headers.get("Link", "")
            assert link == "" or link.endswith('>; rel="next"'), link
            target = link.partition(f"<http://{HOST}")[2].partition(">")[0]


def href(account_id: str, client_member_id: str) -> str:
    """Returns the path of a member by its account id and client member id."""
    return f"/accounts/{quote(account_id, safe='')}/members/{quote(client_member_id, safe='')}"
