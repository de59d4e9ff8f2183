"""The HTTP API of members."""

from collections.abc import Iterator
from contextlib import contextmanager

from chalice.app import Blueprint, Request, Response

from chalicelib.access.permissions import Requirement
from chalicelib.errors import FieldError, Invalid, NotFound
from chalicelib.fields.validation import validate
from chalicelib.members.model import (
    Member,
    MemberChanges,
    MemberKey,
    NewMember,
    member_id,
    parse_member_id,
)
from chalicelib.members.search import Search
from chalicelib.scope import Scope
from chalicelib.services import services

from .admission import Admission, caller_scope
from .requests import (
    PAGING,
    body_fields,
    flag,
    invalid_parameters,
    normalized_value,
    page_request,
    precondition,
    query_parameters,
    validated_body,
)
from .responses import base_path, get_response, no_content, page_response, resource_response
from .routing import route

members_api = Blueprint(__name__)
MEMBER = "/members/{member_id}"
ACCOUNT_MEMBER = "/accounts/{account_id}/members/{client_member_id}"
OF_ACCOUNT = ("last_name", "name", "phone_ends_with", "modified_since")  # these need an account
FILTERS = ("account_id", "client_member_id", "phone_number", *OF_ACCOUNT)
ORDERS = ("asc", "desc")  # of last names: the index can be read from either end, and has no other order
WITHOUT_ORDER = ("name", "phone_ends_with", "modified_since")  # searches that read from one end
READ: Requirement = "members:read"
WRITE: Requirement = "members:write"


# /member is the path that the former application had.
@route(members_api, "GET", "/members", "/member", needs=READ, query=("id", *FILTERS, "order", *PAGING))
def find_members(request: Request, admission: Admission) -> Response:
    """Returns a page of the members that match all filters."""
    limit, cursor = page_request(request)
    search = _search(query_parameters(request), admission.scope)
    if search is None:
        return page_response(request, "/members", [], None)
    page = services().member_search.find(search, limit, cursor, admission.scope)
    shown = [member.model_dump() for member in page.members]
    admission.note_members(*(member["id"] for member in shown))
    return page_response(request, "/members", shown, page.cursor)


@route(members_api, "POST", "/members", "/member", needs=WRITE, key=True)
def create_member(request: Request, admission: Admission) -> Response:
    """Adds a member."""
    new = validated_body(request, NewMember)
    admission.scope.require(new.account_id)
    admission.note_members(member_id(new.account_id, new.client_member_id))
    member = services().members.create(new, admission.by, repeated=admission.repeated)
    return resource_response(member, 201, Location=_location(request, member))


@route(members_api, "GET", MEMBER, ACCOUNT_MEMBER, needs=READ)
def get_member(request: Request, admission: Admission, **ids: str) -> Response:
    """Returns a member."""
    key = _key(admission, **ids)
    with _moves_within(admission.scope):
        return get_response(request, services().members.get(key))


@route(members_api, "PUT", MEMBER, needs=WRITE, conditions=True)
def replace_member(request: Request, admission: Admission, member_id: str) -> Response:
    """Replaces a member. A new account or client member id moves it."""
    key = _key(admission, member_id=member_id)
    new = validated_body(request, NewMember)
    admission.scope.require(new.account_id)
    member = services().members.change(key, lambda _: new, precondition(request), admission.by)
    return _changed(request, admission, key, member)


@route(members_api, "PUT", ACCOUNT_MEMBER, needs=WRITE, conditions=True)
def put_member(request: Request, admission: Admission, **ids: str) -> Response:
    """Creates or replaces a member; a repeated request changes nothing."""
    key = _key(admission, **ids)
    new = validate(NewMember, _with_ids(body_fields(request), key), services().phone_rule)
    member, created = services().members.put(new, precondition(request), admission.by)
    if created:
        return resource_response(member, 201, Location=_location(request, member))
    return resource_response(member)


@route(members_api, "PATCH", MEMBER, ACCOUNT_MEMBER, needs=WRITE, conditions=True)
def change_member(request: Request, admission: Admission, **ids: str) -> Response:
    """Changes the fields in the body. A new account or client member id moves the member."""
    key = _key(admission, **ids)
    changes = validated_body(request, MemberChanges)
    if changes.account_id:
        admission.scope.require(changes.account_id)
    member = services().members.change(key, changes.applied_to, precondition(request), admission.by)
    return _changed(request, admission, key, member)


@route(members_api, "DELETE", MEMBER, ACCOUNT_MEMBER, needs=WRITE, query=("erase",), conditions=True)
def delete_member(request: Request, admission: Admission, **ids: str) -> Response:
    """Deletes a member and frees its phone number and client member id; to erase it deletes its history too."""
    key = _key(admission, **ids)
    if flag(request, "erase"):
        caller_scope(admission.caller, "members:erase").require(key.account_id)
        services().members.erase(key, precondition(request))
    else:
        services().members.delete(key, precondition(request), admission.by)
    return no_content()


@route(members_api, "GET", f"{MEMBER}/history", f"{ACCOUNT_MEMBER}/history", needs=READ, query=PAGING)
def get_history(request: Request, admission: Admission, **ids: str) -> Response:
    """Returns a page of what happened to a member, newest first; also of one that is deleted."""
    key = _key(admission, **ids)
    limit, cursor = page_request(request)
    page = services().member_history.page(key, limit, cursor, admission.scope)
    path = f"/members/{member_id(*key)}/history"
    return page_response(request, path, [event.model_dump() for event in page.events], page.cursor)


@route(members_api, "POST", f"{MEMBER}/restore", f"{ACCOUNT_MEMBER}/restore", needs=WRITE, body=False)
def restore_member(request: Request, admission: Admission, **ids: str) -> Response:
    """Adds a deleted member again, as it was last."""
    key = _key(admission, **ids)
    with _moves_within(admission.scope):
        member = services().members.restore(key, admission.by)
    return resource_response(member, 201, Location=_location(request, member))


@contextmanager
def _moves_within(scope: Scope) -> Iterator[None]:
    """Leaves out of a NotFound where the member is now, if that account is outside the scope."""
    try:
        yield
    except NotFound as error:
        moved_to = parse_member_id(error.facts.get("moved_to", ""))
        if moved_to and not scope.includes(moved_to[0]):
            del error.facts["moved_to"]
        raise


def _changed(request: Request, admission: Admission, key: MemberKey, member: Member) -> Response:
    """Returns a member after a change, with its Location if the change moved it."""
    if key == (member.account_id, member.client_member_id):
        return resource_response(member)
    admission.note_members(member.id)
    return resource_response(member, Location=_location(request, member))


def _location(request: Request, member: Member) -> str:
    return f"{base_path(request)}/members/{member.id}"


def _key(admission: Admission, **ids: str) -> MemberKey:
    """Returns the key in a path, whose request is about that member: a member id, or both ids.

    Raises Malformed, NotFound, Forbidden.
    """
    in_path = ids.pop("member_id", None)
    if in_path is None:
        key = MemberKey(**{name: normalized_value(name, value, f"{{{name}}}") for name, value in ids.items()})
    elif (parts := parse_member_id(in_path)) is not None:
        key = MemberKey(*parts)
    else:
        raise NotFound("No member has this id.", code="member_not_found")
    admission.scope.require(key.account_id)
    admission.note_members(member_id(*key))
    return key


def _with_ids(body: object, key: MemberKey) -> object:
    """Returns a body with the ids of the path added. Raises Invalid if the body contains other ids."""
    if not isinstance(body, dict):
        return body  # `validate` rejects it
    ids = key._asdict()
    sent = {name: body[name] for name in ids if name in body}
    normalized = validate(MemberChanges, sent, services().phone_rule).model_dump(exclude_unset=True)
    wrong = [name for name, value in normalized.items() if value != ids[name]]
    if wrong:
        detail = "Differs from the id in the path. Send the same id, or none."
        raise Invalid([FieldError(f"#/{name}", "differs_from_path", f"{name}: {detail}") for name in wrong])
    return body | ids


def _search(query: dict[str, str], scope: Scope) -> Search | None:
    """Returns the filters of a query, None if no member can match them. Raises Malformed, Forbidden."""
    filters = {name: normalized_value(name, query[name], f"?{name}") for name in FILTERS if name in query}
    alone = [name for name in (*OF_ACCOUNT, "order") if name in query]
    if "account_id" not in filters and alone:
        detail = "A search by {} needs an account_id. Add account_id."
        raise invalid_parameters(
            *(FieldError(f"?{name}", "account_required", detail.format(name)) for name in alone)
        )
    if "id" in query:
        key = parse_member_id(query["id"])
        if key is None:
            detail = "id: Not in the form of a member's id. Copy the id from a member."
            raise invalid_parameters(FieldError("?id", "invalid_id", detail))
        ids = MemberKey(*key)._asdict()
        if any(filters.get(name, value) != value for name, value in ids.items()):
            return None
        filters |= ids
    if "account_id" in filters:
        scope.require(filters["account_id"])
    return Search(**filters, descending=_descending(query))


def _descending(query: dict[str, str]) -> bool:
    """Returns whether names are to come from Z to A. Raises Malformed."""
    order = query.get("order", "asc")
    if order not in ORDERS:
        detail = "order: Not an allowed value. Use one of: asc, desc."
        raise invalid_parameters(FieldError("?order", "unknown_value", detail))
    if "order" in query and (fixed := [name for name in WITHOUT_ORDER if name in query]):
        detail = f"order: Members found by {fixed[0]} come in one order only. Leave order out."
        raise invalid_parameters(FieldError("?order", "unknown_parameter", detail))
    return order == "desc"
