"""`./rollcall history|restore|trace`: what happened to a member, the way back for a deleted one, and its requests."""

import click

from chalicelib.members.history import Event
from chalicelib.members.model import MemberKey, member_id
from chalicelib.services import Services

from .results import Result
from .stage import with_services

PAGE = 500
OPERATOR = "operator"  # who changes members with AWS credentials
_ACCOUNT = click.argument("account_id", metavar="ACCOUNT")
_MEMBER = click.argument("client_member_id", metavar="CLIENT_MEMBER_ID")


@click.command("history", short_help="Show what happened to a member.")
@_ACCOUNT
@_MEMBER
@with_services
def show_history(services: Services, **ids: str) -> Result:
    """Show what happened to a member, the latest first: when, who, and each field from its old to its new value."""
    key, cursor, events = MemberKey(**ids), None, list[Event]()
    while True:
        page = services.member_history.page(key, PAGE, cursor)
        events += page.events
        cursor = page.cursor
        if cursor is None:
            return Result("\n".join(map(_text, events)), [event.model_dump() for event in events])


@click.command("restore")
@_ACCOUNT
@_MEMBER
@with_services
def restore_member(services: Services, **ids: str) -> Result:
    """Add a deleted member again, as it was last."""
    member = services.members.restore(MemberKey(**ids), OPERATOR)
    text = f"Restored member {member.client_member_id} of account {member.account_id}."
    return Result(text, member.model_dump())


@click.command("trace", short_help="Show the hash by which logs name a member.")
@_ACCOUNT
@_MEMBER
@with_services
def trace_member(services: Services, **ids: str) -> Result:
    """Show the hash by which logs name a member, and the query of CloudWatch that lists who saw or changed it."""
    [found] = services.member_hashes.of([member_id(**ids)])
    fields = "fields @timestamp, caller, method, route, status"
    query = f"{fields} | filter @message like '{found}' | sort @timestamp desc"
    return Result(f"{found}\n{query}", {"hash": found, "query": query})


def _text(event: Event) -> str:
    """Returns an event as a line, with a line for each changed field below it."""
    by = event.by or "unknown"
    if event.origin:
        line = f", line {event.origin.line}" if event.origin.line else ""
        by = f"import:{event.origin.import_id}{line}"
    lines = [f"{event.at}  {event.action}, version {event.version}, by {by}"]
    if event.action in ("updated", "moved"):
        lines += [f"    {name}: {old} → {new}" for name, (old, new) in event.changes.items()]
    return "\n".join(lines)
