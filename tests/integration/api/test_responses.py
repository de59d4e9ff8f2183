"""HEAD, and the headers of every response."""

from app import app
from tests.support.api import etag_of, is_405, member_body
from tests.support.client import Http, Response, href


def without_id(response: Response) -> dict[str, str]:
    """Returns the headers of a response without the id of its request."""
    return {name: value for name, value in response.headers.items() if name != "X-Request-Id"}


def check_head(caller: Http, path: str, headers: dict[str, str] | None = None) -> Response:
    """Returns the response to HEAD, after a check that it equals the response to GET without the body."""
    got, head = caller.get(path, headers=headers), caller.request("HEAD", path, headers=headers)
    assert (head.status, head.body) == (got.status, b"")
    length = {"Content-Length": str(len(got.body))} if got.body else {}
    assert without_id(head) == {**without_id(got), **length}
    return head


def test_head_equals_get_on_every_path(http: Http) -> None:
    """Includes successes, errors of routes, and errors of the gateway."""
    statuses = set()
    for path in app.routes:
        if not is_405(path, "GET"):
            for caller in (http, http.anonymous(), http.bearer("wrong")):
                statuses.add(check_head(caller, path.replace("{", "").replace("}", "")).status)
    assert statuses == {200, 303, 401, 404}


def test_head_of_member_has_etag_and_length(http: Http, account: str) -> None:
    member = http.create(member_body(account, first_name="Zoë"))
    for path in (f"/members/{member['id']}", href(account, member["client_member_id"])):
        assert check_head(http, path).headers["ETag"] == etag_of(member)
        assert check_head(http, path, {"If-None-Match": etag_of(member)}).status == 304
        assert check_head(http, path, {"If-None-Match": "nonsense"}).status == 400


def test_responses_forbid_caching_and_sniffing(http: Http, account: str) -> None:
    http.create(member_body(account))
    responses = [
        http.get("/members", {"account_id": account}),
        http.get(href(account, "2")),
        http.get("/users"),
    ]
    for response in responses:
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_request_id_is_header_and_part_of_problem(http: Http, account: str) -> None:
    assert http.get("/me").headers["X-Request-Id"]
    response = http.get(href(account, "1"))
    assert response.headers["X-Request-Id"] == response.problem(404, "member_not_found")["request_id"]
    unknown = http.get("/nothing")  # a gateway response
    assert unknown.headers["X-Request-Id"] == unknown.problem(404, "not_found")["request_id"]
