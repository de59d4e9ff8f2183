"""The HTTP API that writes many members in one request."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, Request, Response

from chalicelib.access.permissions import Requirement
from chalicelib.errors import Busy, FieldError, Forbidden, Holder, Invalid, NotFound, RegistryError, Taken
from chalicelib.fields.validation import validate
from chalicelib.members.model import NewMember, member_id
from chalicelib.scope import Scope
from chalicelib.services import services

from .admission import Admission
from .requests import JSON, body_fields
from .responses import json_response, problem_body
from .routing import route

if TYPE_CHECKING:
    from chalicelib.imports.rows.member_row import MemberRow
    from chalicelib.imports.rows.outcomes import Outcome
    from chalicelib.imports.writing.member_batch import BatchResult

member_batch_api = Blueprint(__name__)
WRITE: Requirement = "members:write"
MAX_BODY = 4_000_000  # bytes; 500 members of the longest texts, with each character escaped
MAX_ERRORS = 10  # of each member: Lambda returns 6 MB at most ("Lambda quotas")
STATUSES = {"created": 201, "updated": 200, "unchanged": 200}


@route(member_batch_api, "POST", "/members/batch", needs=WRITE, key=True)
def write_members(request: Request, admission: Admission) -> Response:
    """Adds or changes up to 500 members, each by itself. Returns what became of each, in order."""
    # With the code of imports, which few requests need.
    from chalicelib.imports.records.batch_request import NewBatch

    batch = validate(NewBatch, body_fields(request, (JSON,), MAX_BODY))
    rows: list[MemberRow] = []
    errors: dict[int, RegistryError] = {}
    for number, sent in enumerate(batch.members):
        try:
            rows.append(_row(number, sent, batch.mode, admission.scope))
        except (Invalid, Forbidden) as error:
            errors[number] = error
    admission.note_members(*(member_id(row.member.account_id, row.member.client_member_id) for row in rows))
    results = services().member_batch.write(rows, batch.mode, admission.by)
    admission.note_members(*(outcome.holder for outcome, _ in results.values() if outcome.holder))
    items = [
        _problem(request, number, errors[number]) if number in errors else _item(request, number, results)
        for number in range(len(batch.members))
    ]
    statuses = {item["status"] for item in items}
    if statuses == {Busy.status}:
        raise Busy
    return json_response({"items": items}, 200, **(Busy().headers if Busy.status in statuses else {}))


def _row(number: int, sent: object, mode: str, scope: Scope) -> "MemberRow":
    """Returns a member of the body as a row, with "" for each field to keep. Raises Invalid, Forbidden."""
    from chalicelib.imports.records.batch_request import UpsertedMember
    from chalicelib.imports.rows.member_row import MemberRow

    model: type[NewMember | UpsertedMember] = NewMember if mode == "create" else UpsertedMember
    member = validate(model, sent, services().phone_rule, MAX_ERRORS)
    scope.require(member.account_id)
    return MemberRow(number, NewMember.of_valid(member.model_dump()))


def _item(request: Request, number: int, results: "Mapping[int, BatchResult]") -> dict[str, Any]:
    """Returns the member of a row as it is now, or why there is none."""
    outcome, member = results[number]
    if outcome.outcome not in STATUSES:
        return _problem(request, number, _error(outcome))
    if member is None:
        error = NotFound("It was written, and another caller has deleted it since.", code="member_not_found")
        return _problem(request, number, error)
    status = STATUSES[outcome.outcome]
    return {"status": status, "outcome": outcome.outcome, "member": member.model_dump()}


def _error(outcome: "Outcome") -> RegistryError:
    """Returns why a row was not written."""
    if outcome.outcome != "rejected":
        return Busy()
    field = outcome.reason.partition(":")[0]
    holder = Holder(outcome.holder) if outcome.holder else None
    error = FieldError(f"#/{field}", outcome.code, outcome.reason, holder)
    return Taken([error]) if holder else Invalid([error])


def _problem(request: Request, number: int, error: RegistryError) -> dict[str, Any]:
    """Returns the problem of one member; its pointers are into the whole body."""
    error.errors = tuple(
        replace(one, pointer=f"#/members/{number}{one.pointer.removeprefix('#')}") for one in error.errors
    )
    return {"status": error.status, "problem": problem_body(request, error)}
