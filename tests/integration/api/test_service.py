"""Routes without credentials: where to start, whether the service works, and the documentation as a page."""

import re
from http import HTTPStatus

import pytest

from chalicelib.api.openapi.document import document
from chalicelib.dynamodb import retries
from tests.support.api import replaced_calls, throttle
from tests.support.client import Http

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(("accept", "place"), [(BROWSER, "/admin"), ("*/*", "/openapi.json")])
def test_root_leads_browsers_to_the_admin_page(http: Http, accept: str, place: str) -> None:
    response = http.anonymous().get("/", headers={"Accept": accept})
    assert (response.status, response.headers["Location"]) == (HTTPStatus.SEE_OTHER, place)
    assert response.headers["Vary"] == "Accept"
    assert http.anonymous().get(place).status == HTTPStatus.OK


def test_health_needs_no_credentials(http: Http) -> None:
    assert http.anonymous().get("/health").ok() == {"status": "ok"}


def test_health_is_503_without_the_table(http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "MAX_ATTEMPTS", 2)
    with replaced_calls("GetItem", throttle):
        http.anonymous().get("/health").problem(503, "busy")


def test_docs_show_every_operation_and_schema(http: Http) -> None:
    text = http.anonymous().get("/docs").body.decode()
    ids = re.findall(r' id="([^"]+)"', text)
    operations = [
        operation["operationId"]
        for item in document()["paths"].values()
        for method, operation in item.items()
        if method != "parameters"
    ]
    assert len(ids) == len(set(ids))
    assert set(ids) >= {*operations, *(f"schema-{name}" for name in document()["components"]["schemas"])}
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(ids)


def test_docs_load_own_style_sheets_only(http: Http) -> None:
    response = http.anonymous().get("/docs")
    text = response.body.decode()
    assert "script-src" not in response.headers["Content-Security-Policy"]
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
    assert not re.search(r"<script|style=|\son\w+=", text)
    links = re.findall(r'<link [^>]*href="([^"]+)"', text)
    assert len(links) == 3
    for link in links:
        assert http.anonymous().get(link).status == HTTPStatus.OK
