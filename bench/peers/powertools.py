"""The service on Powertools' APIGatewayRestResolver, with its validation by pydantic.

It does not check permissions, log, send ETags, or refuse unknown query parameters and repeated fields.
"""

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.exceptions import NotFoundError, ServiceError
from aws_lambda_powertools.event_handler.openapi.params import Query

from bench.peers import store
from bench.peers.member import Member, MemberPage, NewMember
from bench.peers.store import client

__all__ = ["client", "handler"]

app = APIGatewayRestResolver(enable_validation=True)


@app.get("/accounts/<account_id>/members/<client_member_id>")
def get_member(account_id: str, client_member_id: str) -> Member:
    """Returns a member."""
    found = store.get(account_id, client_member_id)
    if found is None:
        raise NotFoundError("No member has this id.")
    return Member(**found)


@app.post("/members")
def create_member(new: NewMember) -> tuple[Member, int]:
    """Adds a member."""
    try:
        return Member(**store.create(new.model_dump())), HTTPStatus.CREATED
    except store.TakenError:
        message = "The phone number or the client member id is taken."
        raise ServiceError(HTTPStatus.CONFLICT, message) from None


@app.get("/members")
def list_members(
    account_id: str, limit: Annotated[int, Query(ge=1, le=100)] = 25, cursor: str | None = None
) -> MemberPage:
    """Returns a page of an account's members."""
    items, following = store.page(account_id, limit, cursor)
    return MemberPage(items=[Member(**item) for item in items], next=following)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answers a request of API Gateway."""
    return app.resolve(event, context)
