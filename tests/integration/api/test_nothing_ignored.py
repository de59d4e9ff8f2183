"""No route ignores what a request asks for: it does it, or refuses the request before it reads or writes anything."""

from typing import Any
from urllib.parse import quote

import pytest

from chalicelib.api.openapi.document import document
from chalicelib.members.model import member_id
from tests.support.api import PASSWORD, ROUTES, is_405, member_body, unique_name
from tests.support.client import FORM, JSON, Http, Response
from tests.support.tables import members_of

OPERATIONS = [(method, path) for method, path in ROUTES if not is_405(path, method)]
UNSUPPORTED = {
    "Prefer": "return=minimal",
    "If-Unmodified-Since": "Mon, 23 Nov 2026 05:24:48 GMT",
    "X-HTTP-Method-Override": "DELETE",
    "X-HTTP-Method": "DELETE",
    "X-Method-Override": "DELETE",
}


def request(http: Http, method: str, path: str, body: bytes = b"", **headers: str) -> Response:
    """Returns the response to a request; header names have _ in place of -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return http.request(method, quote(path, safe="/"), body, named)


def documented(method: str, path: str) -> dict[str, Any]:
    """Returns what the OpenAPI document says of a route, that of the path itself included."""
    item = document()["paths"].get("/members" if path == "/member" else path, {})
    found: dict[str, Any] = item.get("get" if method == "HEAD" else method.lower(), {})
    return found


def documented_headers(method: str, path: str) -> set[str]:
    parameters: list[dict[str, str]] = documented(method, path).get("parameters", [])
    return {one["name"] for one in parameters if one["in"] == "header"}


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_unsupported_header_is_refused(http: Http, method: str, path: str) -> None:
    """Undocumented ones, and those that no route supports."""
    taken = documented_headers(method, path)
    unknown = {"If-Match": '"1"', "If-None-Match": '"1"', "Idempotency-Key": "1"}
    refused = UNSUPPORTED | {name: value for name, value in unknown.items() if name not in taken}
    if method in ("GET", "HEAD"):
        refused.pop("If-None-Match", None)  # it names no version of a resource without an ETag
    for name, value in refused.items():
        response = http.request(method, quote(path, safe="/"), headers={name: value})
        response.refused(method, 400, "unsupported_header")


def test_answer_to_many_unknown_parameters_is_bounded(http: Http) -> None:
    """A query of 10 kB has room for 3,000 of them."""
    response = http.get("/members", {f"{number:x}": "" for number in range(3_000)})
    problem = response.problem(400, "invalid_parameter")
    assert len(problem["errors"]) == 51
    assert problem["errors"][-1]["detail"] == "2,950 more errors are not listed."
    assert len(response.body) < 25_000


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_content_encoding_is_refused(http: Http, method: str, path: str) -> None:
    response = request(http, method, path, b"\x1f\x8b", Content_Encoding="gzip", Content_Type=JSON)
    response.refused(method, 415, "unsupported_media_type")
    assert response.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_unexpected_body_is_refused(http: Http, method: str, path: str) -> None:
    if "requestBody" in documented(method, path) or (path == "/members" and method == "POST"):
        return
    response = request(http, method, path, b'{"dry_run": true}', Content_Type=JSON)
    response.refused(method, 400, "unexpected_body")


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_unknown_field_is_refused(http: Http, method: str, path: str) -> None:
    if JSON not in documented(method, path).get("requestBody", {}).get("content", {}):
        return
    if path == "/me":
        name = unique_name()
        http.send("POST", "/users", {"name": name, "password": PASSWORD, "groups": []}).ok(201)
        http = http.basic(name, PASSWORD)
    path = path.replace("{member_id}", member_id("nobody", "nobody"))
    problem = request(http, method, path, b'{"typo": 1}', Content_Type=JSON).problem(422, "invalid")
    assert ("#/typo", "unknown_field") in {(one["pointer"], one["code"]) for one in problem["errors"]}


def test_undo_does_not_ignore_dry_run_in_body(http: Http) -> None:
    response = request(http, "POST", "/imports/x/undo", b"dry_run=true", Content_Type=FORM)
    response.problem(400, "unexpected_body")


def test_empty_object_is_no_body(http: Http) -> None:
    """Some clients send it with every POST."""
    request(http, "POST", "/imports/x/cancel", b" {} ", Content_Type=JSON).problem(404, "import_not_found")


def test_merge_patch_is_taken_for_patch_alone(http: Http, account: str) -> None:
    kind = "application/merge-patch+json"
    member = http.create(member_body(account))
    path = f"/members/{member['id']}"
    changed = request(http, "PATCH", path, b'{"first_name": "Minnie"}', Content_Type=kind).ok()
    assert changed["first_name"] == "Minnie"
    removed = request(http, "PATCH", path, b'{"first_name": null}', Content_Type=kind).problem(422, "invalid")
    assert removed["errors"][0]["code"] == "wrong_type"
    for method in ("POST", "PUT"):
        target = "/members" if method == "POST" else path
        request(http, method, target, b"{}", Content_Type=kind).problem(415, "unsupported_media_type")
    assert members_of(account).keys() == {f"{account}-42"}


def test_merge_patch_changes_user(http: Http) -> None:
    name = unique_name()
    http.send("POST", "/users", {"name": name, "password": PASSWORD, "groups": []}).ok(201)
    kind = "application/merge-patch+json"
    assert not request(http, "PATCH", f"/users/{name}", b'{"active": false}', Content_Type=kind).ok()[
        "active"
    ]
