"""Errors: unsupported methods, unknown paths, faults, and junk."""

from itertools import chain, repeat
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import app
from chalicelib import config
from chalicelib.dynamodb import retries
from chalicelib.members.model import READ_ONLY, NewMember
from tests.support.api import is_405, member_body, phone_of, replaced_calls, throttle
from tests.support.client import FORM, JSON, Http, Response, href
from tests.support.request_faults import leave_unprocessed


def test_unsupported_method_is_answered_with_405(http: Http) -> None:
    """API Gateway itself would answer as if the path did not exist."""
    for path, entries in app.routes.items():
        unsupported = {method for method in entries if is_405(path, method)}
        assert entries.keys() == {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
        for method in unsupported:
            response = http.request(method, quote(path, safe="/"))
            response.refused(method, 405, "method_not_allowed")
            assert set(response.headers["Allow"].split(", ")) == entries.keys() - unsupported


@pytest.mark.parametrize("path", ["/nothing", "/nothing/here", "/member/x", "/members/x/y?limit=1"])
def test_unknown_path_is_not_found_for_every_caller(http: Http, path: str) -> None:
    """A 401 would make the caller suspect its credentials."""
    for authorization in (None, http.credentials["Authorization"], "Bearer wrong", "Basic bm8=", "Bearer é"):
        headers = {"Authorization": authorization} if authorization else {}
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
            response = http.anonymous().request(method, path, headers=headers)
            response.refused(method, 404, "not_found")
            assert "WWW-Authenticate" not in response.headers


def test_throttled_table_returns_503_with_retry_after(
    http: Http, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "MAX_ATTEMPTS", 3)
    with replaced_calls("GetItem", throttle):
        response = http.get(href(account, "42"))
    response.problem(503, "busy")
    assert int(response.headers["Retry-After"]) > 0


def test_unprocessed_keys_return_503(http: Http, account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "MAX_ATTEMPTS", 3)
    http.create(member_body(account))
    sizes = chain([None], repeat(0))  # the authorizer reads the credentials first
    with leave_unprocessed(config.dynamodb(), sizes) as left:
        response = http.get("/members", {"phone_number": phone_of(account)})
    response.problem(503, "busy")
    assert int(response.headers["Retry-After"]) > 0
    assert left == [0, 1, 1, 1]


def test_unexpected_error_returns_500_without_details(http: Http, account: str) -> None:
    def fail(**_: object) -> Any:
        raise RuntimeError("a secret")

    with replaced_calls("GetItem", fail):
        response = http.get(href(account, "42"))
    response.problem(500, "internal_error")
    assert b"secret" not in response.body


def check_shape(response: Response, method: str = "POST") -> None:
    """Checks for a success, or for an error below 500 of the usual shape; to HEAD without a body."""
    assert response.status < 500, response
    if method == "HEAD":
        assert response.body == b""
    elif response.status >= 400:
        response.problem(response.status, response.json["code"])


JUNK_VALUES = ["%00", "%20", "%FF", "%25", "..%2F", "{}", "'", "🐭", "x" * 1100, "null", "-1"]
JUNK_BODIES: list[tuple[str | None, bytes]] = [
    (None, b"junk"),
    (JSON, b'{"a": "\xff"}'),
    (JSON, b"[" * 2000),
    (FORM, b"%&="),
    ("text/csv", b'\x00\xff,\n"x'),
    ("text/csv;;=", b"\x00"),
    ("\x00", b"0"),
]
JUNK_HEADERS = [
    {"If-Match": "junk"},
    {"If-None-Match": '"' * 999},
    {"Accept": "text/csv"},
    {"Accept": "junk"},
]


@pytest.mark.parametrize("path", app.routes)
def test_junk_gets_error_of_same_shape_from_every_route(http: Http, path: str) -> None:
    for method in app.routes[path]:
        for value in JUNK_VALUES:
            target = path
            for name in ("member_id", "account_id", "client_member_id", "import_id"):
                target = target.replace(f"{{{name}}}", quote(value, safe="%"))
            check_shape(http.request(method, target), method)
            query = f"{value}={value}&limit={value}&cursor={value}&id={value}"
            check_shape(http.request(method, f"{target}?{query}"), method)
        for kind, body in JUNK_BODIES:
            check_shape(http.request(method, path, body, {"Content-Type": kind} if kind else {}), method)
        for headers in JUNK_HEADERS:
            check_shape(http.request(method, path, b"{}", headers), method)


fields = st.sampled_from([*NewMember.model_fields, *READ_ONLY])
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[]))
)
json_documents = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text() | fields, inner), max_leaves=20
)
members = st.fixed_dictionaries(dict.fromkeys(NewMember.model_fields, scalars), optional={"x": scalars})


@settings(max_examples=300)
@given(json_documents | members)
def test_no_json_document_causes_server_error(http: Http, document: object) -> None:
    check_shape(http.send("POST", "/members", document))
