"""The HTTP API of access: the caller itself, sessions, and for admins users, groups and tokens."""

import time
from collections.abc import Sequence
from typing import Any

from chalice.app import Blueprint, Request, Response

from chalicelib.access.model import (
    MAX_NAME_LENGTH,
    GroupChanges,
    NewGroup,
    NewToken,
    NewUser,
    OwnChanges,
    UserChanges,
)
from chalicelib.access.permissions import AUTHENTICATED, Requirement
from chalicelib.access.sessions import IDLE_SECONDS
from chalicelib.access.store import not_found_error
from chalicelib.clock import iso_time
from chalicelib.errors import InvalidCursor
from chalicelib.services import services

from .admission import Admission
from .requests import PAGING, page_request, precondition, query_parameters, validated_body
from .responses import base_path, get_response, json_response, no_content, page_response, resource_response
from .routing import route

access_api = Blueprint(__name__)
ADMIN: Requirement = "access:admin"
USER, GROUP, TOKEN = "/users/{name}", "/groups/{name}", "/tokens/{name}"


@route(access_api, "GET", "/me", needs=AUTHENTICATED)
def get_me(_request: Request, admission: Admission) -> Response:
    """Returns the caller and its permissions: accounts by permission."""
    caller = admission.caller
    grants = services().group_cache.grants_of(caller.groups)
    return json_response({"kind": caller.kind, "name": caller.name, "grants": grants})


@route(access_api, "PATCH", "/me", needs=AUTHENTICATED)
def change_me(request: Request, admission: Admission) -> Response:
    """Changes the password of the caller, who sends the old one with this request. Ends all its sessions."""
    caller = admission.caller
    caller.require_password()
    changes = UserChanges(password=validated_body(request, OwnChanges).password)
    # The gateway may have cached a caller whose password has since been replaced.
    services().users.change(
        caller.name, changes, credential_version=caller.credential_version, by=admission.by
    )
    return no_content()


@route(access_api, "POST", "/sessions", needs=AUTHENTICATED, body=False)
def start_session(_request: Request, admission: Admission) -> Response:
    """Returns a session token for the name and password of this request."""
    session = services().sessions.start(admission.caller)
    expires = iso_time(session.ends_at * 1000)
    return json_response({"token": session.text, "expires_at": expires, "idle_seconds": IDLE_SECONDS}, 201)


@route(access_api, "DELETE", "/sessions", needs=AUTHENTICATED)
def end_session(_request: Request, admission: Admission) -> Response:
    """Ends the session whose token the request carries."""
    services().sessions.end(admission.caller)
    return no_content()


@route(access_api, "GET", "/users", needs=ADMIN, query=PAGING)
def list_users(request: Request, _admission: Admission) -> Response:
    """Returns a page of users, by name."""
    limit, after = _page(request)
    return _named_page(request, "/users", services().users.page(limit + 1, after), limit)


@route(access_api, "POST", "/users", needs=ADMIN)
def create_user(request: Request, admission: Admission) -> Response:
    """Adds a user."""
    admission.caller.require_recent_password(time.time())
    user = services().users.create(validated_body(request, NewUser), admission.by)
    return resource_response(user, 201, Location=f"{base_path(request)}/users/{user.name}")


@route(access_api, "GET", USER, needs=ADMIN)
def get_user(request: Request, _admission: Admission, name: str) -> Response:
    """Returns a user."""
    return get_response(request, services().users.get(_checked(name, "user")))


@route(access_api, "PATCH", USER, needs=ADMIN, conditions=True)
def change_user(request: Request, admission: Admission, name: str) -> Response:
    """Changes a user's password, groups, or whether it is active."""
    changes = validated_body(request, UserChanges)
    if changes.model_dump(exclude_unset=True) != {"active": False}:  # which grants nothing
        admission.caller.require_recent_password(time.time())
    user = services().users.change(_checked(name, "user"), changes, precondition(request), by=admission.by)
    return resource_response(user)


@route(access_api, "DELETE", USER, needs=ADMIN, conditions=True)
def delete_user(request: Request, admission: Admission, name: str) -> Response:
    """Deletes a user and ends its sessions."""
    services().users.delete(_checked(name, "user"), precondition(request), admission.by)
    return no_content()


@route(access_api, "GET", "/groups", needs=ADMIN, query=PAGING)
def list_groups(request: Request, _admission: Admission) -> Response:
    """Returns a page of groups, by name."""
    limit, after = _page(request)
    return _named_page(request, "/groups", services().groups.page(limit + 1, after), limit)


@route(access_api, "POST", "/groups", needs=ADMIN)
def create_group(request: Request, admission: Admission) -> Response:
    """Adds a group."""
    admission.caller.require_recent_password(time.time())
    group = services().groups.create(validated_body(request, NewGroup), admission.by)
    return resource_response(group, 201, Location=f"{base_path(request)}/groups/{group.name}")


@route(access_api, "GET", GROUP, needs=ADMIN)
def get_group(request: Request, _admission: Admission, name: str) -> Response:
    """Returns a group."""
    return get_response(request, services().groups.get(_checked(name, "group")))


@route(access_api, "PATCH", GROUP, needs=ADMIN, conditions=True)
def change_group(request: Request, admission: Admission, name: str) -> Response:
    """Changes what a group grants."""
    admission.caller.require_recent_password(time.time())
    changes = validated_body(request, GroupChanges)
    group = services().groups.change(_checked(name, "group"), changes, precondition(request), admission.by)
    return resource_response(group)


@route(access_api, "DELETE", GROUP, needs=ADMIN, conditions=True)
def delete_group(request: Request, admission: Admission, name: str) -> Response:
    """Deletes a group without users or tokens."""
    services().groups.delete(_checked(name, "group"), precondition(request), admission.by)
    return no_content()


@route(access_api, "GET", "/tokens", needs=ADMIN, query=("created_by", *PAGING))
def list_tokens(request: Request, _admission: Admission) -> Response:
    """Returns a page of tokens, by name, without their texts; with `created_by` those of one creator."""
    limit, after = _page(request)
    creator = query_parameters(request).get("created_by")
    return _named_page(request, "/tokens", services().tokens.page(limit + 1, after, creator), limit)


@route(access_api, "POST", "/tokens", needs=ADMIN)
def create_token(request: Request, admission: Admission) -> Response:
    """Adds a token. Only this response contains its text."""
    admission.caller.require_recent_password(time.time())
    token, text = services().tokens.create(validated_body(request, NewToken), admission.by)
    body = token.model_dump() | {"token": text}
    return json_response(body, 201, Location=f"{base_path(request)}/tokens/{token.name}")


@route(access_api, "GET", TOKEN, needs=ADMIN)
def get_token(_request: Request, _admission: Admission, name: str) -> Response:
    """Returns a token without its text."""
    return json_response(services().tokens.get(_checked(name, "token")).model_dump())


@route(access_api, "DELETE", TOKEN, needs=ADMIN)
def revoke_token(_request: Request, admission: Admission, name: str) -> Response:
    """Revokes a token."""
    services().tokens.revoke(_checked(name, "token"), admission.by)
    return no_content()


@route(access_api, "GET", "/access/history", needs=ADMIN, query=PAGING)
def list_access_history(request: Request, _admission: Admission) -> Response:
    """Returns a page of the changes of users, groups and tokens, the newest first."""
    limit, cursor = page_request(request)
    if cursor is not None and (len(cursor) > MAX_NAME_LENGTH or not cursor.isascii() or not cursor):
        raise InvalidCursor
    found = services().users.history(limit + 1, cursor)
    following = found[limit - 1].id if len(found) > limit else None
    return page_response(request, "/access/history", [event._asdict() for event in found[:limit]], following)


def _page(request: Request) -> tuple[int, str]:
    """Returns the page size and the name that the page starts after. Raises Malformed."""
    limit, cursor = page_request(request)
    if cursor is not None and (len(cursor) > MAX_NAME_LENGTH or not cursor.isascii()):
        raise InvalidCursor
    return limit, cursor or ""


def _named_page(request: Request, path: str, found: Sequence[Any], limit: int) -> Response:
    """Returns a page of `limit` users, groups or tokens; one more in `found` means that a page follows."""
    cursor = found[limit - 1].name if len(found) > limit else None
    return page_response(request, path, [one.model_dump() for one in found[:limit]], cursor)


def _checked(name: str, kind: str) -> str:
    """Returns a name from a path. Raises NotFound for a length that DynamoDB's keys do not allow."""
    if not 0 < len(name) <= MAX_NAME_LENGTH:
        raise not_found_error(kind)
    return name
