"""The routes and their answers: who is let in, JSON and problem+json out. What comes in: request.py."""

import time
from collections.abc import Callable, Collection
from functools import wraps
from typing import cast
from urllib.parse import unquote

from aws_lambda_powertools import Logger
from chalice.app import Blueprint, Chalice, Request, Response

from chalicelib.access.permissions import PUBLIC, SIGNED_IN, Requirement
from chalicelib.errors import Internal, Malformed, MethodNotAllowed, RegistryError

from .admission import admit, caller_of
from .authorizer import authorize
from .requests import check_parameters
from .responses import DEFAULT_HEADERS, problem, request_id

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
View = Callable[..., Response]
log = Logger()


def route(
    owner: Blueprint | Chalice,
    method: str,
    *paths: str,
    needs: Requirement,
    query: Collection[str] | None = (),
) -> Callable[[View], View]:
    """Registers a view under each path, for those who have the permission that it `needs`.

    The view takes the parameters that `query` names; others are refused, or ignored where it is None.
    A GET takes HEAD too. Errors become problem+json, and each answer one line of log.
    """

    def register(view: View) -> View:
        @wraps(view)
        def answer(**values: str) -> Response:
            request = cast("Request", owner.current_request)
            started = time.perf_counter()
            try:
                admit(request, needs)
                if query is not None:
                    check_parameters(request, query)
                response = view(**{name: _path_value(name, value) for name, value in values.items()})
            except RegistryError as error:
                response = problem(request, error)
            except Exception as error:
                response = problem(request, Internal())
                # The type and the code alone: a message may quote what the caller sent.
                code = getattr(error, "response", {}).get("Error", {}).get("Code")
                log.error("unhandled", error=type(error).__name__, code=code, at=_where(error))
            admitted = "admitted" in request.context
            log.info(
                "request",
                method=request.method,
                route=request.context["resourcePath"],
                status=response.status_code,
                caller=str(caller_of(request)) if admitted else None,
                about=values.get("name")
                if admitted
                else None,  # a user, group or token; no path else has a name
                milliseconds=round((time.perf_counter() - started) * 1000, 1),
                request_id=request_id(request),
            )
            response.headers = {**DEFAULT_HEADERS, **response.headers}
            return _without_body(response) if request.method == "HEAD" else response

        methods = [method, "HEAD"] if method == "GET" else [method]
        for path in paths:
            # An empty list keeps Chalice from judging the type of bodies, those of GET included: `fields` does.
            authorizer = None if needs == PUBLIC else authorize
            owner.route(path, methods=methods, content_types=[], authorizer=authorizer)(answer)
        return view

    return register


def _without_body(response: Response) -> Response:
    """Returns the answer to HEAD: a body would be read as the start of the connection's next answer."""
    if not response.body:
        return response
    length = str(len(str(response.body).encode()))
    return Response("", {**response.headers, "Content-Length": length}, response.status_code)


def add_405_routes(app: Chalice) -> None:
    """Registers on every path the methods it lacks, to answer 405. To be called when all routes are there.

    API Gateway knows no 405: it would answer them like a path that does not exist.
    """
    for path, taken in list(app.routes.items()):
        lacking = [method for method in METHODS if method not in taken and method != "HEAD"]  # GET brings it
        allowed = ", ".join(method for method in METHODS if method in taken)
        for method in lacking:
            _refuse(app, method, path, allowed)


def _refuse(app: Chalice, method: str, path: str, allowed: str) -> None:
    # The query does not matter: whatever it says, the method is not allowed.
    @route(app, method, path, needs=SIGNED_IN, query=None)
    def method_not_allowed(**_: str) -> Response:
        """Not a method of this path."""
        raise MethodNotAllowed(f"This path takes {allowed}.", headers={"Allow": allowed})


def _path_value(name: str, value: str) -> str:
    """A path value as it was meant: API Gateway hands it over as it came in the URL. Raises Malformed."""
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        raise Malformed(f"{name} in the path is not UTF-8.", code="malformed_path") from None


def _where(error: Exception) -> list[str]:
    """The frames of an error, without the values in them."""
    frames = []
    trace = error.__traceback__
    while trace:
        frames.append(f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return frames
