"""The API's description of itself, held against what the API does."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection, positive_data_acceptance

from app import app
from chalicelib.api.openapi.document import document
from chalicelib.members.model import member_id
from tests.support.client import Http

METHODS = {"get", "post", "put", "patch", "delete"}


def wsgi(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """The app as schemathesis calls one."""
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").title(): value
        for name, value in environ.items()
        if (name.startswith("HTTP_") or name == "CONTENT_TYPE") and name != "HTTP_ACCEPT_ENCODING"
    }
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    target = environ["REQUEST_URI"].partition("?")[0] + "?" + environ["QUERY_STRING"]
    answer = Http(app).request(environ["REQUEST_METHOD"], target, body, headers)
    reason = HTTPStatus(answer.status).phrase
    start_response(f"{answer.status} {reason}", list(answer.headers.items()))
    return [answer.body]


schemathesis.openapi.format(
    "phone", st.from_regex(r"(\+1 ?)?323[ -]?[2-9][0-9]{2}[ -]?[0-9]{4}", fullmatch=True)
)
schemathesis.openapi.format("member-id", st.builds(member_id, st.sampled_from("ab"), st.sampled_from("12")))
schema = schemathesis.openapi.from_wsgi("/openapi.json", wsgi)
# OPTIONS is the gateway's own, and TRACE no gateway lets through.
schema.config.phases.coverage.unexpected_methods = METHODS

# What a description cannot say, so that a request may be refused although it fits.
UNSAID = {
    "phone_not_a_number",  # what a phone number is
    "phone_not_possible",
    "invalid_cursor",  # a cursor comes from a page
    "invalid_id",  # and an id from a member
    "account_required",  # one parameter that needs another
    "unknown_group",  # what groups there are
    "every_account_needed",  # two values that go together
    "empty_body",  # a form without fields is no body at all
    "differs_from_path",  # two values that must be one
    "version_mismatch",  # what is there
    "unknown_parameter",  # POST /imports takes its parameters beside a CSV, not beside JSON
    "invalid_header",  # said, but schemathesis puts a 0 that is no tag into requests it calls valid
}


@schema.parametrize()
@settings(max_examples=10)
def test_without_credentials_there_is_no_way_in(case: schemathesis.Case[Any], http: Http) -> None:
    response = case.call()
    public = not case.operation.definition.raw["security"]
    assert response.status_code == 401 or (public and response.status_code in {200, 405})


@schema.parametrize()
@settings(max_examples=30)
def test_the_api_does_what_its_description_says(case: schemathesis.Case[Any], http: Http) -> None:
    """Every check that schemathesis has, with requests that fit the description and with such that do not."""
    response = case.call(headers=http.credentials)
    said = response.json() if response.status_code >= 400 else {}
    codes = {error["code"] for error in said.get("errors", [])} or {said.get("code")}
    excluded: list[Any] = [ignored_auth]  # ours stand in place of what it made up: see the test above
    if codes <= UNSAID:
        excluded.append(positive_data_acceptance)
    if case.operation.label == "POST /imports":
        excluded.append(negative_data_rejection)  # of any type a value is, on the wire it is text
    case.validate_response(response, excluded_checks=excluded)


def test_the_description_is_openapi_31() -> None:
    assert document()["openapi"] == "3.1.0"
    schema.validate()


def test_every_route_is_described_and_every_description_is_a_route() -> None:
    routes = {
        (path, method.lower())
        for path, entries in app.routes.items()
        for method, entry in entries.items()
        if entry.view_name != "method_not_allowed" and method != "HEAD"  # which comes with GET
        if path != "/member"  # the old spelling of /members
        if not path.startswith("/admin")  # a page for people
    }
    described = {
        (path, method) for path, item in document()["paths"].items() for method in item if method in METHODS
    }
    assert described == routes


def documented_query(path: str, method: str) -> set[str]:
    """The query parameters in the description of a route; the admin page has none."""
    item = document()["paths"].get("/members" if path == "/member" else path, {})
    return {one["name"] for one in item.get(method.lower(), {}).get("parameters", []) if one["in"] == "query"}


ROUTES = sorted((path, method) for path, entries in app.routes.items() for method in entries)
NAMES = {name for path, method in ROUTES for name in documented_query(path, method)} | {"v", "Limit"}


@pytest.mark.parametrize(("path", "method"), ROUTES)
def test_query_parameters_without_description_are_refused(http: Http, path: str, method: str) -> None:
    """The route itself refuses them, before anything is read or written."""
    answer = http.request(
        method, quote(path, safe="/"), headers={"Content-Type": "text/csv"}, query=dict.fromkeys(NAMES, "")
    )
    if app.routes[path][method].view_name == "method_not_allowed":
        answer.refused(method, 405, "method_not_allowed")
        return
    if method == "HEAD":
        answer.refused(method, 400, "invalid_parameter")
        return
    refused = answer.problem(400, "invalid_parameter")["errors"]
    assert {error["code"] for error in refused} == {"unknown_parameter"}
    undocumented = NAMES - documented_query(path, method)
    assert {error["pointer"] for error in refused} == {f"?{name}" for name in undocumented}


def test_the_description_says_where_the_api_stands(http: Http) -> None:
    """Behind a gateway that is the stage; here it is the root."""
    assert http.get("/openapi.json").ok()["servers"] == [{"url": "/"}]
