"""The HTTP API of access: who am I, sessions, and for admins users, groups and tokens."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib.access.model import GroupChanges, NewGroup, NewToken, NewUser, OwnChanges, UserChanges
from chalicelib.access.permissions import SIGNED_IN, Requirement
from chalicelib.access.sessions import IDLE_SECONDS
from chalicelib.errors import Malformed, NotFound
from chalicelib.fields.validation import validate
from chalicelib.services import services

from .admission import caller_of
from .requests import PAGING, conditions, fields, limit_of, not_modified, parameters
from .responses import base_path, json_response, next_link
from .routing import route

access_api = Blueprint(__name__)
ADMIN: Requirement = "access:admin"
USER, GROUP, TOKEN = "/users/{name}", "/groups/{name}", "/tokens/{name}"
LONGEST_HANDLE = 64


@route(access_api, "GET", "/me", needs=SIGNED_IN)
def get_me() -> Response:
    """Who calls, and what that may do: accounts by permission."""
    caller = caller_of(access_api.current_request)
    return json_response(caller.model_dump(include={"kind", "name", "grants"}))


@route(access_api, "PATCH", "/me", needs=SIGNED_IN)
def change_me() -> Response:
    """A new password for the user who sends the old one with this request; all its sessions end."""
    caller = caller_of(access_api.current_request)
    caller.require_password()
    new = validate(OwnChanges, fields(access_api.current_request))
    # The gateway may have cached a caller whose password has since been replaced.
    changes = UserChanges(password=new.password)
    services().users.change(caller.name, changes, credential_version=caller.credential_version)
    return Response("", {}, 204)


@route(access_api, "POST", "/sessions", needs=SIGNED_IN)
def begin_session() -> Response:
    """A session token for the name and password of this request."""
    session = services().sessions.start(caller_of(access_api.current_request))
    ends = datetime.fromtimestamp(session.ends_at, UTC).isoformat().replace("+00:00", "Z")
    body = {"token": session.text, "expires_at": ends, "idle_seconds": IDLE_SECONDS}
    return json_response(body, 201, Cache_Control="no-store")


@route(access_api, "DELETE", "/sessions", needs=SIGNED_IN)
def end_session() -> Response:
    """Ends the session that this request is in."""
    services().sessions.end(caller_of(access_api.current_request))
    return Response("", {}, 204)


@route(access_api, "GET", "/users", needs=ADMIN, query=PAGING)
def list_users() -> Response:
    """All users by name, a page at a time."""
    limit, after = _page()
    return _listed("/users", services().users.page(limit + 1, after), limit)


@route(access_api, "POST", "/users", needs=ADMIN)
def create_user() -> Response:
    """Adds a user."""
    return _created("/users", services().users.create(validate(NewUser, fields(access_api.current_request))))


@route(access_api, "GET", USER, needs=ADMIN)
def get_user(name: str) -> Response:
    """One user."""
    return _one(services().users.get(_handle(name, "user")))


@route(access_api, "PATCH", USER, needs=ADMIN)
def change_user(name: str) -> Response:
    """Changes a user's password, groups, or whether it is active."""
    changes = validate(UserChanges, fields(access_api.current_request))
    matches = conditions(access_api.current_request)
    return _shown(services().users.change(_handle(name, "user"), changes, matches))


@route(access_api, "DELETE", USER, needs=ADMIN)
def delete_user(name: str) -> Response:
    """Removes a user; its sessions end with it."""
    services().users.delete(_handle(name, "user"), conditions(access_api.current_request))
    return Response("", {}, 204)


@route(access_api, "GET", "/groups", needs=ADMIN, query=PAGING)
def list_groups() -> Response:
    """All groups by name, a page at a time."""
    limit, after = _page()
    return _listed("/groups", services().groups.page(limit + 1, after), limit)


@route(access_api, "POST", "/groups", needs=ADMIN)
def create_group() -> Response:
    """Adds a group."""
    return _created(
        "/groups", services().groups.create(validate(NewGroup, fields(access_api.current_request)))
    )


@route(access_api, "GET", GROUP, needs=ADMIN)
def get_group(name: str) -> Response:
    """One group."""
    return _one(services().groups.get(_handle(name, "group")))


@route(access_api, "PATCH", GROUP, needs=ADMIN)
def change_group(name: str) -> Response:
    """Changes what a group grants."""
    changes = validate(GroupChanges, fields(access_api.current_request))
    matches = conditions(access_api.current_request)
    return _shown(services().groups.change(_handle(name, "group"), changes, matches))


@route(access_api, "DELETE", GROUP, needs=ADMIN)
def delete_group(name: str) -> Response:
    """Removes a group that nobody is in."""
    services().groups.delete(_handle(name, "group"), conditions(access_api.current_request))
    return Response("", {}, 204)


@route(access_api, "GET", "/tokens", needs=ADMIN, query=PAGING)
def list_tokens() -> Response:
    """All tokens of machines by name, a page at a time."""
    limit, after = _page()
    return _listed("/tokens", services().tokens.page(limit + 1, after), limit)


@route(access_api, "POST", "/tokens", needs=ADMIN)
def create_token() -> Response:
    """Adds a token. Its text is in this answer, and never again."""
    request = access_api.current_request
    new = validate(NewToken, fields(request))
    token, text = services().tokens.create(new, str(caller_of(request)))
    body = {**token.model_dump(), "token": text}
    return json_response(
        body, 201, Location=f"{base_path(request)}/tokens/{token.name}", Cache_Control="no-store"
    )


@route(access_api, "GET", TOKEN, needs=ADMIN)
def get_token(name: str) -> Response:
    """One token, without its text."""
    return json_response(services().tokens.get(_handle(name, "token")).model_dump())


@route(access_api, "DELETE", TOKEN, needs=ADMIN)
def revoke_token(name: str) -> Response:
    """Revokes a token."""
    services().tokens.revoke(_handle(name, "token"))
    return Response("", {}, 204)


def _page() -> tuple[int, str]:
    """(the page size asked for, the name it starts after). Raises Malformed."""
    query = parameters(access_api.current_request)
    cursor = query.get("cursor", "")
    if len(cursor) > LONGEST_HANDLE or not cursor.isascii():
        raise Malformed("The cursor is not one that this list has given out.", code="invalid_cursor")
    return limit_of(query), cursor


def _listed(path: str, found: Sequence[Any], limit: int) -> Response:
    """A page of what was found, one more than which was asked for."""
    items = [one.model_dump() for one in found[:limit]]
    if len(found) <= limit:
        return json_response({"items": items, "next": None})
    request, cursor = access_api.current_request, found[limit - 1].name
    link = next_link(request, path, parameters(request), cursor)
    return json_response({"items": items, "next": cursor}, Link=link)


def _one(one: Any) -> Response:
    if not_modified(access_api.current_request, one.etag):
        return Response("", {"ETag": one.etag}, 304)
    return _shown(one)


def _shown(one: Any) -> Response:
    return json_response(one.model_dump(), ETag=one.etag)


def _created(path: str, one: Any) -> Response:
    location = f"{base_path(access_api.current_request)}{path}/{one.name}"
    return json_response(one.model_dump(), 201, ETag=one.etag, Location=location)


def _handle(name: str, kind: str) -> str:
    """A name of the path; it may be longer than a key can be, and is no one's then. Raises NotFound."""
    if not 0 < len(name) <= LONGEST_HANDLE:
        raise NotFound(f"No {kind} has this name.", code=f"{kind}_not_found")
    return name
