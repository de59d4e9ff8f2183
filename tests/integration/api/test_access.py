"""Users, groups, tokens and sessions."""

import time
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest

from chalicelib.access.items import USERS, StoredUser, item_key, stored_from_item
from chalicelib.access.model import NewToken, NewUser
from chalicelib.access.permissions import Caller
from chalicelib.access.sessions import SessionRepository
from chalicelib.services import Services
from tests.support.api import PASSWORD
from tests.support.client import Http


def user(name: str, **more: object) -> dict[str, object]:
    return {"name": name, "password": PASSWORD, "groups": ["viewers"], **more}


def group(name: str, **more: object) -> dict[str, object]:
    return {"name": name, "permissions": ["members:read"], "accounts": ["7"], **more}


def test_user_is_created_changed_and_deleted(http: Http, name: str) -> None:
    response = http.send("POST", "/users", user(name))
    made = response.ok(201)
    assert list(made) == ["name", "groups", "active", "created_at", "last_login", "version"]
    assert response.headers["Location"] == f"/users/{name}"
    etag = response.headers["ETag"]
    assert http.get(f"/users/{name}").ok() == made
    assert http.get(f"/users/{name}", headers={"If-None-Match": etag}).status == 304
    http.send("POST", "/users", user(name)).problem(409, "name_taken")

    http.send("PATCH", f"/users/{name}", {"active": False}, {"If-Match": '"1"'}).problem(
        412, "precondition_failed"
    )
    changed = http.send("PATCH", f"/users/{name}", {"active": False}, {"If-Match": etag})
    assert (changed.ok()["active"], changed.ok()["version"]) == (False, 2)
    assert changed.headers["ETag"] == http.get(f"/users/{name}").headers["ETag"] != etag
    http.request("DELETE", f"/users/{name}", headers={"If-Match": etag}).problem(412, "precondition_failed")
    assert http.request("DELETE", f"/users/{name}").status == 204
    for method in ("GET", "DELETE"):
        http.request(method, f"/users/{name}").problem(404, "user_not_found")
    http.send("PATCH", f"/users/{name}", {}).problem(404, "user_not_found")


def test_users_change_their_password_with_the_old_one(http: Http, name: str) -> None:
    http.send("POST", "/users", user(name)).ok(201)
    me = http.basic(name, PASSWORD)
    session = http.bearer(me.request("POST", "/sessions").ok(201)["token"])
    new = {"password": "another horse battery"}
    for caller in (session, http):  # a stolen session or token is not enough
        caller.send("PATCH", "/me", new).problem(403, "password_needed")
    me.send("PATCH", "/me", {"password": "too short"}).problem(422, "invalid")
    me.send("PATCH", "/me", {**new, "groups": ["admins"]}).problem(422, "invalid")
    assert me.send("PATCH", "/me", new).status == 204
    for old in (me, session):
        old.get("/me").problem(401, "unauthorized")
    assert http.basic(name, new["password"]).get("/me").ok()["name"] == name
    assert http.get(f"/users/{name}").ok()["groups"] == ["viewers"]


def test_group_is_created_changed_and_deleted(http: Http, name: str) -> None:
    response = http.send("POST", "/groups", group(name))
    made = response.ok(201)
    assert made == group(name, version=1, created_at=made["created_at"])
    assert response.headers["Location"] == f"/groups/{name}"
    read = {"If-Match": response.headers["ETag"]}
    http.send("POST", "/groups", group(name)).problem(409, "name_taken")
    changed = http.send("PATCH", f"/groups/{name}", {"accounts": "*"}, read)
    assert changed.ok() == made | {"accounts": "*", "version": 2}
    http.send("PATCH", f"/groups/{name}", {}, read).problem(412, "precondition_failed")
    http.send("POST", "/users", user(name, groups=[name])).ok(201)
    http.request("DELETE", f"/groups/{name}").problem(409, "group_in_use")
    http.request("DELETE", f"/users/{name}").ok(204)
    http.request("DELETE", f"/groups/{name}").ok(204)
    http.get(f"/groups/{name}").problem(404, "group_not_found")


@pytest.mark.parametrize("kind", ["users", "groups"])
def test_etag_of_deleted_entry_never_matches_its_successor(http: Http, name: str, kind: str) -> None:
    """Both have version 1 and equal fields."""
    body, path = (user(name) if kind == "users" else group(name)), f"/{kind}/{name}"
    old = http.send("POST", f"/{kind}", body).headers["ETag"]
    http.request("DELETE", path, headers={"If-Match": old}).ok(204)
    new = http.send("POST", f"/{kind}", body)
    for method in ("PATCH", "DELETE"):
        response = http.request(method, path, "{}", {"If-Match": old})
        assert new.headers["ETag"] in response.problem(412, "precondition_failed")["detail"]
    assert http.get(path, headers={"If-None-Match": old}).ok() == new.json
    assert http.get(path, headers={"If-None-Match": new.headers["ETag"]}).status == 304


def test_group_without_creation_time_has_etag(http: Http) -> None:
    """Built-in groups and those of older deployments have none."""
    shown = http.get("/groups/viewers")
    assert (shown.ok()["created_at"], shown.headers["ETag"]) == (None, '"1-0"')
    assert http.get("/groups/viewers", headers={"If-None-Match": '"1-0"'}).status == 304


def test_token_shows_its_text_once_and_works_until_revoked(http: Http, name: str) -> None:
    response = http.send("POST", "/tokens", {"name": name, "groups": ["viewers"], "days": 30})
    made = response.ok(201)
    assert response.headers["Location"] == f"/tokens/{name}"
    assert response.headers["Cache-Control"] == "no-store"
    assert made["created_by"] == "token:tests"
    left = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=29) < left <= timedelta(days=30)
    bearer = http.bearer(made.pop("token"))
    assert http.get(f"/tokens/{name}").ok() == made
    assert bearer.get("/me").ok() == {
        "kind": "token",
        "name": name,
        "grants": {"members:read": "*", "imports:read": "*"},
    }
    assert http.request("DELETE", f"/tokens/{name}").status == 204
    bearer.get("/me").problem(401, "unauthorized")
    for method in ("GET", "DELETE"):
        http.request(method, f"/tokens/{name}").problem(404, "token_not_found")


@pytest.mark.parametrize("kind", ["users", "groups", "tokens"])
def test_lists_are_paged_by_name(http: Http, name: str, kind: str) -> None:
    make: Any = {"users": user, "groups": group, "tokens": lambda one: {"name": one, "groups": []}}[kind]
    names = [f"{name}-{n}" for n in range(3)]
    for one in reversed(names):
        http.send("POST", f"/{kind}", make(one)).ok(201)
    found = [one["name"] for page in http.pages(f"/{kind}", {"limit": 2}) for one in page["items"]]
    assert [one for one in found if one.startswith(name)] == names
    assert found == sorted(set(found))
    http.get(f"/{kind}", {"cursor": "x" * 65}).problem(400, "invalid_cursor")


def test_session_starts_with_password_and_ends_on_request(http: Http, name: str) -> None:
    http.send("POST", "/users", user(name)).ok(201)
    response = http.basic(name, PASSWORD).request("POST", "/sessions")
    started = response.ok(201)
    assert response.headers["Cache-Control"] == "no-store"
    assert started["idle_seconds"] == 3600
    left = datetime.fromisoformat(started["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=11) < left <= timedelta(hours=12)
    session = http.bearer(started["token"])
    assert session.get("/me").ok()["name"] == name
    session.request("POST", "/sessions").problem(403, "password_needed")
    assert session.request("DELETE", "/sessions").status == 204
    session.get("/me").problem(401, "unauthorized")
    http.request("DELETE", "/sessions").problem(403, "no_session")


@pytest.mark.parametrize(
    ("path", "body", "pointer", "code"),
    [
        ("/users", {"name": "ann", "password": "short"}, "#/password", "password_length"),
        ("/users", {"name": "ann", "password": "passwordpassword"}, "#/password", "common_password"),
        ("/users", {"name": "Ann", "password": PASSWORD}, "#/name", "wrong_form"),
        ("/users", {"name": "ann", "password": PASSWORD, "active": 1}, "#/active", "wrong_type"),
        ("/users", {"name": "ann", "password": PASSWORD, "groups": ["gone"]}, "#/groups", "unknown_group"),
        ("/users", {"name": "ann", "password": PASSWORD, "groups": ["a"] * 21}, "#/groups", "too_many"),
        ("/groups", {"name": "g", "permissions": ["fly"], "accounts": []}, "#/permissions", "unknown_value"),
        ("/groups", {"name": "g", "permissions": [], "accounts": "7"}, "#/accounts", "unknown_value"),
        ("/groups", {"name": "g", "permissions": [], "accounts": ["7", "*"]}, "#/accounts", "wrong_form"),
        ("/tokens", {"name": "t", "groups": [], "days": 0}, "#/days", "out_of_range"),
        ("/tokens", {"name": "t"}, "#/groups", "missing"),
    ],
)
def test_invalid_fields_are_named(
    http: Http, path: str, body: dict[str, object], pointer: str, code: str
) -> None:
    problem = http.send("POST", path, body).problem(422, "invalid")
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [(pointer, code)]


def test_granting_access_needs_a_recent_password(http: Http, services: Services, name: str) -> None:
    """Taking it away does not, and neither does a token, which has none."""
    services.users.create(NewUser(name=name, password=PASSWORD, groups=["admins"]))
    caller = Caller(kind="user", name=name, credential_version=stored_version(services, name))

    def signed_in(minutes_ago: int) -> Http:
        sessions = SessionRepository(services.table, lambda: time.time() - minutes_ago * 60)
        return http.bearer(sessions.start(caller).text)

    other, clinic = f"{name}-other", {"name": f"{name}-clinic", "permissions": [], "accounts": []}
    signed_in(14).send("POST", "/groups", clinic).ok(201)
    http.send("POST", "/users", {"name": other, "password": PASSWORD}).ok(201)
    late = signed_in(16)
    for method, path, body in (
        ("POST", "/users", {"name": f"{name}-x", "password": PASSWORD, "groups": ["admins"]}),
        ("PATCH", f"/users/{other}", {"groups": ["admins"]}),
        ("PATCH", f"/users/{other}", {"active": True}),
        ("POST", "/groups", {**clinic, "name": f"{name}-y"}),
        ("PATCH", "/groups/viewers", {"permissions": ["access:admin"]}),
        ("POST", "/tokens", {"name": f"{name}-z", "groups": ["admins"]}),
    ):
        late.send(method, path, body).problem(403, "recent_password_needed")
    assert late.send("PATCH", f"/users/{other}", {"active": False}).ok()["active"] is False
    assert late.request("DELETE", f"/groups/{clinic['name']}").status == 204


def stored_version(services: Services, name: str) -> int:
    """Returns the credential version of a user."""
    item = services.table.get(item_key(USERS, name))
    assert item is not None
    return stored_from_item(item, StoredUser).credential_version


def test_tokens_of_one_creator_are_listed(http: Http, services: Services, name: str) -> None:
    for number in range(3):
        services.tokens.create(NewToken(name=f"{name}-{number}", groups=[]), f"user:{name}")
        services.tokens.create(NewToken(name=f"{name}-{number}-b", groups=[]), f"user:{name}-b")
    pages = http.pages("/tokens", {"created_by": f"user:{name}", "limit": 2})
    assert [[token["name"] for token in page["items"]] for page in pages] == [
        [f"{name}-0", f"{name}-1"],
        [f"{name}-2"],
    ]


def test_changes_of_access_are_listed(http: Http, name: str) -> None:
    http.send("POST", "/groups", group(name)).ok(201)
    http.send("PATCH", f"/groups/{name}", {"accounts": ["8"]}).ok()
    http.request("DELETE", f"/groups/{name}")
    pages = http.pages("/access/history", {"limit": 2})
    found = [event for page in islice(pages, 2) for event in page["items"] if event["name"] == name]
    assert [(event["action"], event["by"]) for event in found] == [
        ("deleted", "token:tests"),
        ("changed", "token:tests"),
        ("created", "token:tests"),
    ]
    assert found[1]["changes"] == {"accounts": {"from": ["7"], "to": ["8"]}}
