"""Registers routes: admission before each view, problem+json for each error, one log line for each response."""

import time
from collections.abc import Callable, Collection, Mapping
from functools import wraps
from typing import Any, Concatenate, TypeVar, cast
from urllib.parse import unquote

from aws_lambda_powertools import Logger
from chalice.app import Blueprint, Chalice, Request, Response

from chalicelib.access.permissions import AUTHENTICATED, Requirement
from chalicelib.errors import Busy, Internal, Malformed, MethodNotAllowed, RegistryError, frames
from chalicelib.timed_ids import is_timed_id

from .admission import Admission, admit
from .authorizer import authorize
from .refusals import IDEMPOTENCY_KEY, Takes, check_request
from .responses import DEFAULT_HEADERS, problem, request_id

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
View = Callable[Concatenate[Request, Admission, ...], Response]
PublicView = Callable[Concatenate[Request, ...], Response]
AnyView = TypeVar("AnyView", bound=Callable[..., Response])
RouteHost = Blueprint | Chalice
WITH_BODY = {"POST", "PUT", "PATCH"}
log = Logger()


def route(
    owner: RouteHost,
    method: str,
    *paths: str,
    needs: Requirement,
    query: Collection[str] | Callable[[], Collection[str]] = (),
    body: bool | None = None,
    conditions: bool = False,
    key: bool = False,
) -> Callable[[View], View]:
    """Registers a view under each path; a GET view answers HEAD too.

    The view gets the request, its admission and the values of the path. Callers without the permission `needs` get
    a 403. What the request has beside that and the route does not take is refused (see Takes): by default POST, PUT
    and PATCH take a body. `query` names the parameters, or is a function that loads their names. With `key` a request
    with an Idempotency-Key that is sent again gets the first response.
    """
    takes = Takes(query, method in WITH_BODY if body is None else body, conditions, key)
    return lambda view: _register(view, owner, method, paths, needs=needs, takes=takes)


def public_route(
    owner: RouteHost, path: str, query: Collection[str] = ()
) -> Callable[[PublicView], PublicView]:
    """Registers a GET view that needs no credentials. It gets the request and the values of the path."""
    return lambda view: _register(view, owner, "GET", (path,), needs=None, takes=Takes(query))


def _register(
    view: AnyView,
    owner: RouteHost,
    method: str,
    paths: Collection[str],
    *,
    needs: Requirement | None,
    takes: Takes | None,
) -> AnyView:
    @wraps(view)
    def handle(**path_values: str) -> Response:
        request, started = cast("Request", owner.current_request), time.perf_counter()
        admission: Admission | None = None
        try:
            admission = admit(request, needs) if needs else None
            if takes:
                check_request(request, takes)
            values = {name: _unquote(name, value) for name, value in path_values.items()}
            answer = _answer_once if takes and takes.key else _answer
            response = answer(request, admission, lambda *admitted: view(request, *admitted, **values))
        except Exception as error:
            response = problem(request, _noted(_as_registry_error(error), admission))
        _log(request, response, admission, path_values, started)
        response.headers = {**DEFAULT_HEADERS, "X-Request-Id": request_id(request), **response.headers}
        return _without_body(response) if request.method == "HEAD" else response

    methods = [method, "HEAD"] if method == "GET" else [method]
    for path in paths:
        # Without content_types Chalice would check the type of every body; `body_fields` does.
        owner.route(path, methods=methods, content_types=[], authorizer=authorize if needs else None)(handle)
    return view


def _answer(_request: Request, admission: Admission | None, view: Callable[..., Response]) -> Response:
    """Returns the response of a view."""
    return view(admission) if admission else view()


def _answer_once(request: Request, admission: Admission | None, view: Callable[..., Response]) -> Response:
    """Returns the response of a view, or that to an earlier request with the same Idempotency-Key."""
    if admission and IDEMPOTENCY_KEY in request.headers:
        from .idempotency import answer_once

        return answer_once(request, admission, view)
    return _answer(request, admission, view)


def _as_registry_error(error: Exception) -> RegistryError:
    """Returns the error as one of ours. Logs an unexpected one."""
    if isinstance(error, RegistryError):
        return error
    # Only type and code: the message may quote personal data.
    code = getattr(error, "response", {}).get("Error", {}).get("Code")
    log.error("unhandled", error=type(error).__name__, code=code, at=frames(error))
    return Internal()


def _noted(error: RegistryError, admission: Admission | None) -> RegistryError:
    """Returns the error, after a note of the members that it names; Busy if that fails."""
    holders = [one.holder.member_id for one in error.errors if one.holder]
    try:
        if admission and holders:
            admission.note_members(*holders)
    except Busy as busy:
        return busy
    return error


def _log(
    request: Request,
    response: Response,
    admission: Admission | None,
    path_values: Mapping[str, str],
    started: float,
) -> None:
    """Logs a response. Of an admitted request, with what its path names, but for ids of members.

    The members that it shows, changes or names are there as hashes (members/member_hashes.py).
    """
    log.info(
        "request",
        method=request.method,
        route=request.context["resourcePath"],
        status=response.status_code,
        caller=admission.by if admission else None,
        milliseconds=round((time.perf_counter() - started) * 1000, 1),
        request_id=request_id(request),
        **(_subjects(admission, path_values) if admission else {}),
    )


def _subjects(admission: Admission, path_values: Mapping[str, str]) -> dict[str, Any]:
    """Returns what a request is about: a user, group or token, an import or export, and members."""
    found: dict[str, Any] = {"about": path_values["name"]} if "name" in path_values else {}
    for name in ("import_id", "export_id"):
        if is_timed_id(path_values.get(name, "")):  # another text may be anything
            found[name] = path_values[name]
    return found | ({"members": list(dict.fromkeys(admission.members))} if admission.members else {})


def _without_body(response: Response) -> Response:
    """Returns the response to HEAD: clients would read a body as the start of the next response."""
    if not response.body:
        return response
    length = str(len(str(response.body).encode()))
    return Response("", {**response.headers, "Content-Length": length}, response.status_code)


def add_405_routes(app: Chalice) -> None:
    """Answers 405 for each method that a path lacks. Call it after all routes are registered.

    API Gateway sends no 405; it would answer as if the path did not exist.
    """
    for path, taken in list(app.routes.items()):
        allowed = ", ".join(method for method in METHODS if method in taken)
        for method in METHODS:
            if method not in taken and method != "HEAD":  # GET adds HEAD
                _add_405_route(app, method, path, allowed)


def _add_405_route(app: Chalice, method: str, path: str, allowed: str) -> None:
    def method_not_allowed(_request: Request, _admission: Admission, **_: Any) -> Response:
        """Raises MethodNotAllowed."""
        raise MethodNotAllowed(f"Not a method of this path. Use {allowed}.", headers={"Allow": allowed})

    _register(method_not_allowed, app, method, (path,), needs=AUTHENTICATED, takes=None)


def _unquote(name: str, value: str) -> str:
    """Returns a path value decoded: API Gateway passes it percent-encoded. Raises Malformed."""
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        raise Malformed(f"{name} in the path is not UTF-8.", code="malformed_path") from None
