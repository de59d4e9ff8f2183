"""The HTTP API: each route reads its request, makes one call, and renders the answer."""

from chalice.app import Blueprint, Response

from chalicelib.access.permissions import PUBLIC, Requirement
from chalicelib.errors import FieldError, Invalid, NotFound
from chalicelib.fields.validation import validate
from chalicelib.members.model import Member, MemberChanges, MemberKey, NewMember, parse_member_id
from chalicelib.members.search import Search
from chalicelib.services import services

from .admission import caller_of, scope_of
from .requests import PAGING, bad_parameters, conditions, fields, limit_of, not_modified, parameters, value_of
from .responses import base_path, json_response, next_link
from .routing import route

api = Blueprint(__name__)
MEMBER = "/members/{member_id}"
ACCOUNT_MEMBER = "/accounts/{account_id}/members/{client_member_id}"
FILTERS = ("account_id", "client_member_id", "phone_number", "last_name")
READ: Requirement = "members:read"
WRITE: Requirement = "members:write"


@route(api, "GET", "/members", "/member", needs=READ, query=("id", *FILTERS, *PAGING))
def find_members() -> Response:
    """Members that match all filters, a page at a time."""
    request = api.current_request
    query = parameters(request)
    search, limit = _search(query), limit_of(query)
    if search is None:
        return json_response({"items": [], "next": None})
    page = services().member_search.find(search, limit, query.get("cursor"), scope_of(request))
    body = {"items": [member.model_dump() for member in page.members], "next": page.cursor}
    if page.cursor is None:
        return json_response(body)
    return json_response(body, Link=next_link(request, "/members", query, page.cursor))


@route(api, "POST", "/members", "/member", needs=WRITE)
def create_member() -> Response:
    """Adds a member."""
    new = _within(validate(NewMember, fields(api.current_request), services().phone_rule))
    return _created(services().members.create(new, _who()))


@route(api, "GET", MEMBER, needs=READ)
def get_member(member_id: str) -> Response:
    """One member by its id."""
    return _get(_key(member_id))


@route(api, "PUT", MEMBER, needs=WRITE)
def replace_member(member_id: str) -> Response:
    """Replaces all of a member; a new account or client member id moves it."""
    key = _key(member_id)
    new = _within(validate(NewMember, fields(api.current_request), services().phone_rule))
    return _changed(
        key, services().members.change(key, lambda _: new, conditions(api.current_request), _who())
    )


@route(api, "PATCH", MEMBER, needs=WRITE)
def change_member(member_id: str) -> Response:
    """Changes the fields that are given."""
    return _patch(_key(member_id))


@route(api, "DELETE", MEMBER, needs=WRITE)
def delete_member(member_id: str) -> Response:
    """Removes a member and frees its phone number and client member id."""
    return _delete(_key(member_id))


@route(api, "GET", ACCOUNT_MEMBER, needs=READ)
def get_account_member(account_id: str, client_member_id: str) -> Response:
    """One member by the account's own number for it."""
    return _get(_account_key(account_id, client_member_id))


@route(api, "PUT", ACCOUNT_MEMBER, needs=WRITE)
def put_account_member(account_id: str, client_member_id: str) -> Response:
    """Creates or replaces a member: the idempotent way to keep one in step."""
    key = _account_key(account_id, client_member_id)
    data = fields(api.current_request)
    if isinstance(data, dict):
        data = {**data, **_ids_of_path(data, key)}
    new = validate(NewMember, data, services().phone_rule)
    member, created = services().members.put(new, conditions(api.current_request), _who())
    return _created(member) if created else json_response(member.model_dump(), ETag=member.etag)


@route(api, "PATCH", ACCOUNT_MEMBER, needs=WRITE)
def change_account_member(account_id: str, client_member_id: str) -> Response:
    """Changes the fields that are given."""
    return _patch(_account_key(account_id, client_member_id))


@route(api, "DELETE", ACCOUNT_MEMBER, needs=WRITE)
def delete_account_member(account_id: str, client_member_id: str) -> Response:
    """Removes a member."""
    return _delete(_account_key(account_id, client_member_id))


def _get(key: MemberKey) -> Response:
    member = services().members.get(key)
    if not_modified(api.current_request, member.etag):
        return Response("", {"ETag": member.etag}, 304)
    return json_response(member.model_dump(), ETag=member.etag)


def _patch(key: MemberKey) -> Response:
    changes = validate(MemberChanges, fields(api.current_request), services().phone_rule)
    if changes.account_id:
        scope_of(api.current_request).require(changes.account_id)
    return _changed(
        key, services().members.change(key, changes.applied_to, conditions(api.current_request), _who())
    )


def _delete(key: MemberKey) -> Response:
    services().members.delete(key, conditions(api.current_request))
    return Response("", {}, 204)


def _created(member: Member) -> Response:
    return json_response(member.model_dump(), 201, ETag=member.etag, Location=_href(member))


def _changed(key: MemberKey, member: Member) -> Response:
    """The member after a change, and where it is now, if that moved it."""
    if key == (member.account_id, member.client_member_id):
        return json_response(member.model_dump(), ETag=member.etag)
    return json_response(member.model_dump(), ETag=member.etag, Location=_href(member))


def _href(member: Member) -> str:
    return f"{base_path(api.current_request)}/members/{member.id}"


def _who() -> str:
    return str(caller_of(api.current_request))


def _within(new: NewMember) -> NewMember:
    """The member that is to be written, if the caller may write to its account. Raises Forbidden."""
    scope_of(api.current_request).require(new.account_id)
    return new


def _key(member_id: str) -> MemberKey:
    """The key an id stands for. What is no id names no member: NotFound. Raises Forbidden."""
    parts = parse_member_id(member_id)
    if parts is None:
        raise NotFound("There is no member under this id.", code="member_not_found")
    scope_of(api.current_request).require(parts[0])
    return MemberKey(*parts)


def _account_key(account_id: str, client_member_id: str) -> MemberKey:
    values = {"account_id": account_id, "client_member_id": client_member_id}
    key = MemberKey(**{name: value_of(name, value) for name, value in values.items()})
    scope_of(api.current_request).require(key.account_id)
    return key


def _ids_of_path(data: dict[str, object], key: MemberKey) -> dict[str, str]:
    """The ids of the path, for the body. Raises Invalid where the body names others: one of them is a mistake."""
    rule = services().phone_rule
    ids = key._asdict()
    said = {name: data[name] for name in ids if name in data}
    given = validate(MemberChanges, said, rule).model_dump(exclude_unset=True)
    wrong = [name for name, value in given.items() if value != ids[name]]
    if wrong:
        raise Invalid(
            [FieldError(f"#/{n}", "differs_from_path", f"{n}: The path names another one.") for n in wrong]
        )
    return ids


def _search(query: dict[str, str]) -> Search | None:
    """The filters of a query, None where they contradict each other. Raises Malformed, Forbidden."""
    given = {name: value_of(name, query[name]) for name in FILTERS if name in query}
    if "last_name" in given and "account_id" not in given:
        raise bad_parameters(
            FieldError("?last_name", "account_required", "A search by last_name needs an account_id.")
        )
    if "id" in query:
        key = parse_member_id(query["id"])
        if key is None:
            raise bad_parameters(FieldError("?id", "invalid_id", "id is not the id of a member."))
        ids = MemberKey(*key)._asdict()
        if any(given.get(name, value) != value for name, value in ids.items()):
            return None
        given |= ids
    if "account_id" in given:
        scope_of(api.current_request).require(given["account_id"])
    return Search(**given)


@route(api, "GET", "/openapi.json", needs=PUBLIC)
def get_openapi() -> Response:
    """The API's description of itself."""
    from chalicelib.api.openapi.document import document

    return json_response({**document(), "servers": [{"url": base_path(api.current_request) or "/"}]})
