"""The service on FastAPI, with Mangum between API Gateway's events and ASGI.

Views are `async def` although boto3 blocks: a function's instance handles one request at a time, and FastAPI would
run `def` views in a thread, which takes longer.
It does not check permissions, log, send ETags, or refuse unknown query parameters and repeated fields.
"""

from typing import Annotated

from fastapi import FastAPI, HTTPException, Query
from mangum import Mangum

from bench.peers import store
from bench.peers.member import Member, MemberPage, NewMember
from bench.peers.store import client

__all__ = ["client", "handler"]

app = FastAPI()
handler = Mangum(app, lifespan="off")


@app.get("/accounts/{account_id}/members/{client_member_id}")
async def get_member(account_id: str, client_member_id: str) -> Member:
    """Returns a member."""
    found = store.get(account_id, client_member_id)
    if found is None:
        raise HTTPException(404, "No member has this id.")
    return Member(**found)


@app.post("/members", status_code=201)
async def create_member(new: NewMember) -> Member:
    """Adds a member."""
    try:
        return Member(**store.create(new.model_dump()))
    except store.TakenError:
        raise HTTPException(409, "The phone number or the client member id is taken.") from None


@app.get("/members")
async def list_members(
    account_id: str, limit: Annotated[int, Query(ge=1, le=100)] = 25, cursor: str | None = None
) -> MemberPage:
    """Returns a page of an account's members."""
    items, following = store.page(account_id, limit, cursor)
    return MemberPage(items=[Member(**item) for item in items], next=following)
