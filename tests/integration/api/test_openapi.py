"""The OpenAPI document, compared with the API's behavior."""

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
from chalicelib.access.model import MAX_ACCOUNTS
from chalicelib.api.console import SIGN_ON_ANSWER
from chalicelib.api.openapi.document import document
from chalicelib.fields.text import ID_SCHEMA, TEXT_OR_NUMBER_SCHEMA
from chalicelib.members.model import member_id
from tests.support.api import ROUTES, is_405
from tests.support.client import FORM, JSON, Http

NUMBERS = {"account_id", "client_member_id", "phone_number"}
METHODS = {"get", "post", "put", "patch", "delete"}


def wsgi(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Serves the app to schemathesis."""
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").title(): value
        for name, value in environ.items()
        if (name.startswith("HTTP_") or name == "CONTENT_TYPE") and name != "HTTP_ACCEPT_ENCODING"
    }
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    target = environ["REQUEST_URI"].partition("?")[0] + "?" + environ["QUERY_STRING"]
    response = Http(app).request(environ["REQUEST_METHOD"], target, body, headers)
    reason = HTTPStatus(response.status).phrase
    start_response(f"{response.status} {reason}", list(response.headers.items()))
    return [response.body]


schemathesis.openapi.format(
    "phone", st.from_regex(r"(\+1 ?)?323[ -]?[2-9][0-9]{2}[ -]?[0-9]{4}", fullmatch=True)
)
schemathesis.openapi.format("member-id", st.builds(member_id, st.sampled_from("ab"), st.sampled_from("12")))


@schemathesis.hook
def before_load_schema(_context: object, raw_schema: dict[str, Any]) -> None:
    """Adds what the document leaves out for generators of clients: forms, whole numbers, and a type of accounts."""
    for item in raw_schema["paths"].values():
        for method in METHODS & item.keys():
            body = item[method].get("requestBody", {})
            if "a form" in body.get("description", ""):
                body["content"][FORM] = body["content"][JSON]
    number = {"type": ["string", "integer"], "minimum": 0}
    accounts = [{"type": "array", "items": ID_SCHEMA | number, "maxItems": MAX_ACCOUNTS}, {"const": "*"}]
    for name in ("NewGroup", "GroupChanges"):
        raw_schema["components"]["schemas"][name]["properties"]["accounts"] = {"anyOf": accounts}
    for one in raw_schema["components"]["schemas"].values():
        for name, field in one.get("properties", {}).items():
            if name in NUMBERS and field.get("description") == TEXT_OR_NUMBER_SCHEMA["description"]:
                field.update(number)


schema = schemathesis.openapi.from_wsgi("/openapi.json", wsgi)
# The gateway answers OPTIONS and rejects TRACE.
schema.config.phases.coverage.unexpected_methods = METHODS
# Errors of requests that fit the document, because OpenAPI cannot express the rule.
UNDOCUMENTED = {
    "phone_not_a_number",  # the rules of phone numbers
    "phone_not_possible",
    "several_numbers",
    "common_password",  # the rules of passwords
    "control_character",  # the patterns have no characters beyond U+FFFF, the last two of each plane are none
    "invalid_cursor",  # cursors come from pages
    "invalid_id",  # ids come from members
    "account_required",  # one parameter requires another
    "unknown_group",  # the existing groups
    "every_account_needed",  # two fields depend on each other
    "whole_file_needed",  # the name of the file and `partial` depend on each other
    "empty_body",  # a form without fields is an empty body
    "differs_from_path",  # two values must be equal
    "precondition_failed",  # the current version
    "idempotency_key_reused",  # schemathesis sends few keys
    "repeated_field",  # two columns for one field
    "unknown_parameter",  # POST /imports accepts parameters with a CSV, not with JSON
    "invalid_header",  # documented, but schemathesis considers 0 a valid tag
}


@schema.parametrize()
@settings(max_examples=10)
def test_operations_reject_requests_without_credentials(case: schemathesis.Case[Any], http: Http) -> None:
    response = case.call()
    public = not case.operation.definition.raw["security"]
    rejected = {401, 429}  # 429 when it guesses the password of one name too often
    assert response.status_code in (rejected | {200, 400, 405} if public else rejected)


@schema.parametrize()
@settings(max_examples=30)
def test_api_behaves_as_documented(case: schemathesis.Case[Any], http: Http) -> None:
    """Runs all checks of schemathesis, with requests that fit the document and with others."""
    response = case.call(headers=http.credentials)
    problem = response.json() if response.status_code >= 400 else {}
    codes = {error["code"] for error in problem.get("errors", [])} or {problem.get("code")}
    excluded: list[Any] = [ignored_auth]  # we replace its credentials; see the test above
    if codes <= UNDOCUMENTED:
        excluded.append(positive_data_acceptance)
    # Query values are strings whatever their type; each member of a batch is answered by itself.
    if case.operation.label in {"POST /imports", "POST /imports/preview", "POST /members/batch"}:
        excluded.append(negative_data_rejection)
    case.validate_response(response, excluded_checks=excluded)


def test_document_is_valid_openapi_31() -> None:
    assert document()["openapi"] == "3.1.0"
    schema.validate()


def test_documented_operations_are_the_routes() -> None:
    routes = {
        (path, method.lower())
        for method, path in ROUTES
        if not is_405(path, method) and method != "HEAD"  # GET documents HEAD too
        if path != "/member"  # another path of /members
        if not path.startswith("/admin") and path != "/"  # not part of the API
    }
    described = {
        (path, method) for path, item in document()["paths"].items() for method in item if method in METHODS
    }
    assert described == routes


def documented_query(path: str, method: str) -> set[str]:
    """Returns the documented query parameters of a route; the page is not documented."""
    if path == "/admin":
        return set(SIGN_ON_ANSWER) if method == "GET" else set()
    item = document()["paths"].get("/members" if path == "/member" else path, {})
    return {one["name"] for one in item.get(method.lower(), {}).get("parameters", []) if one["in"] == "query"}


NAMES = {name for method, path in ROUTES for name in documented_query(path, method)} | {"v", "Limit"}


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_undocumented_query_parameters_are_rejected(http: Http, path: str, method: str) -> None:
    """A route rejects them before it reads or writes anything."""
    response = http.request(
        method, quote(path, safe="/"), headers={"Content-Type": "text/csv"}, query=dict.fromkeys(NAMES, "")
    )
    if is_405(path, method):
        response.refused(method, 405, "method_not_allowed")
        return
    if method == "HEAD":
        response.refused(method, 400, "invalid_parameter")
        return
    rejected = response.problem(400, "invalid_parameter")["errors"]
    assert {error["code"] for error in rejected} == {"unknown_parameter"}
    undocumented = NAMES - documented_query(path, method)
    assert {error["pointer"] for error in rejected} == {f"?{name}" for name in undocumented}


def test_document_contains_base_path(http: Http) -> None:
    """It is the stage behind a gateway, and the root here."""
    assert http.get("/openapi.json").ok()["servers"] == [{"url": "/"}]
