"""The history of members over HTTP: who changed what, the way back, and erasure."""

from chalicelib.members.model import member_id
from tests.support.api import member_body
from tests.support.client import Http, href

from .conftest import Grant


def test_history_pages_from_new_to_old(http: Http, account: str) -> None:
    member = http.create(member_body(account))
    for name in ("Ben", "Cid"):
        http.send("PATCH", href(account, member["client_member_id"]), {"first_name": name}).ok()
    pages = list(http.pages(f"/members/{member['id']}/history", {"limit": 1}))
    events = [event for page in pages for event in page["items"]]
    assert [(event["action"], event["version"]) for event in events] == [
        ("updated", 3),
        ("updated", 2),
        ("created", 1),
    ]
    assert events[0]["changes"] == {"first_name": {"from": "Ben", "to": "Cid"}}
    assert {event["by"] for event in events} == {member["created_by"]}
    assert http.get(f"{href(account, member['client_member_id'])}/history").ok()["items"] == events


def test_deleted_member_says_when_and_is_restored(http: Http, account: str) -> None:
    member = http.create(member_body(account))
    path = f"/members/{member['id']}"
    http.request("DELETE", path).ok(204)
    problem = http.get(path).problem(404, "member_not_found")
    deleted, _ = http.get(f"{path}/history").ok()["items"]
    assert (deleted["action"], deleted["at"]) == ("deleted", problem["deleted_at"])
    response = http.request("POST", f"{path}/restore")
    restored = response.ok(201)
    assert response.headers["Location"].endswith(path)
    assert restored == http.get(path).ok()
    assert restored["version"] == 3
    assert http.request("POST", f"{path}/restore").problem(409, "client_member_id_taken")["errors"]


def test_moved_member_says_where(http: Http, account: str) -> None:
    member = http.create(member_body(account))
    moved = http.send("PATCH", f"/members/{member['id']}", {"client_member_id": "moved"}).ok()
    problem = http.get(f"/members/{member['id']}").problem(404, "member_not_found")
    assert problem["moved_to"] == moved["id"]
    http.request("POST", f"/members/{member['id']}/restore").problem(404, "member_not_found")


def test_erasure_needs_its_own_permission(http: Http, grant: Grant, account: str) -> None:
    member = http.create(member_body(account))
    path = f"/members/{member['id']}"
    editor = grant(["members:read", "members:write"], [account])
    editor.request("DELETE", f"{path}?erase=true").problem(403, "forbidden")
    http.request("DELETE", f"{path}?erase=yes").problem(400, "invalid_parameter")
    http.send("PATCH", path, {"first_name": "Ben"}).ok()
    http.request("DELETE", f"{path}?erase=true").ok(204)
    assert "deleted_at" not in http.get(path).problem(404, "member_not_found")
    http.get(f"{path}/history").problem(404, "member_not_found")


def test_other_accounts_history_is_forbidden(http: Http, mine: Http, other: str) -> None:
    http.create(member_body(other))
    for path in (f"/members/{member_id(other, '1')}", href(other, "1")):
        mine.get(f"{path}/history").problem(403, "account_forbidden")
        mine.request("POST", f"{path}/restore").problem(403, "account_forbidden")
        mine.request("DELETE", f"{path}?erase=true").problem(403, "account_forbidden")
