"""Routes: who may call them."""

from collections.abc import Callable

import pytest

from chalicelib.api.openapi.document import document
from tests.support.api import ROUTES, is_405
from tests.support.client import Http, href

from .conftest import Grant

PUBLIC = {
    (method, path)
    for method in ("GET", "HEAD")
    for path in ("/", "/openapi.json", "/docs", "/health", "/admin", "/admin/{folder}/{name}")
}
SIGNED_IN = {
    ("GET", "/me"),
    ("HEAD", "/me"),
    ("PATCH", "/me"),
    ("POST", "/sessions"),
    ("DELETE", "/sessions"),
}


def fill(path: str) -> str:
    """Returns the path with values for its parameters."""
    return "/".join("nothing" if part.startswith("{") else part for part in path.split("/"))


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route not in PUBLIC])
def test_routes_reject_missing_and_wrong_credentials(http: Http, method: str, path: str) -> None:
    missing = http.anonymous().request(method, fill(path))
    wrong = http.bearer("rollcall_VE9LRU5TL25vYm9keQ.x").request(method, fill(path))
    for response in (missing, wrong):
        response.refused(method, 401, "unauthorized")
        assert response.headers["WWW-Authenticate"].startswith('Basic realm="rollcall"')


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route not in PUBLIC | SIGNED_IN])
def test_routes_reject_callers_without_permissions(http: Http, grant: Grant, method: str, path: str) -> None:
    status, code = (405, "method_not_allowed") if is_405(path, method) else (403, "forbidden")
    grant([], "*").request(method, fill(path)).refused(method, status, code)


def test_public_routes_are_documented_as_public() -> None:
    described = document()["paths"]
    public = {
        (method.upper(), path)
        for path, item in described.items()
        for method, operation in item.items()
        if method != "parameters" and not operation["security"]
    }
    # The admin page, and the way to it, are not documented.
    assert public == {("GET", "/openapi.json"), ("GET", "/docs"), ("GET", "/health")}


@pytest.mark.parametrize(
    ("group", "method", "path", "status"),
    [
        ("viewers", "GET", "/members", 200),
        ("viewers", "POST", "/members", 403),
        ("viewers", "PATCH", "/members/x", 403),
        ("viewers", "DELETE", href("1", "1"), 403),
        ("viewers", "GET", "/imports", 200),
        ("viewers", "POST", "/imports", 403),
        ("viewers", "POST", "/imports/x/cancel", 403),
        ("editors", "POST", "/imports/x/approve", 403),
        ("editors", "POST", "/imports/x/decline", 403),
        ("admins", "POST", "/imports/x/approve", 404),
        ("editors", "POST", "/members", 400),  # permitted, but the body is empty
        ("editors", "POST", "/imports", 400),
        ("editors", "POST", "/exports", 403),
        ("viewers", "GET", "/exports", 403),
        ("admins", "POST", "/exports", 400),
        ("editors", "GET", "/users", 403),
        ("editors", "POST", "/tokens", 403),
        ("admins", "GET", "/users", 200),
        ("admins", "GET", "/groups", 200),
        ("admins", "GET", "/tokens", 200),
    ],
)
def test_built_in_groups_have_their_permissions(
    caller_in: Callable[[str], Http], group: str, method: str, path: str, status: int
) -> None:
    assert caller_in(group).request(method, path).status == status
