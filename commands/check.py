"""`./rollcall check`: compares all members with the claims on their phone numbers, and repairs what differs."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict

import click

from chalicelib.errors import RegistryError
from chalicelib.members.check import CheckedPage, Finding
from chalicelib.members.faults import FaultCode
from infra.project import LOCAL

from .outcomes import DONE
from .stage import AWS_ERRORS, find_deployment

FAULTY = 1  # the exit status where a fault is left
TEXTS: dict[FaultCode, str] = {
    "member_without_claim": "{member} has no claim on its number {number}",
    "claim_of_another": "the claim on the number {number} of {member} names a member that does not have it",
    "number_held_twice": "{member} has the number {number}, which another member has and holds the claim on",
    "claim_without_member": "the claim on {number} names {member}, which does not exist or has another number",
    "wrong_index_keys": "{member} is not at its place in the index",
    "claim_in_index": "the claim on {number} of {member} is in the index",
    "unreadable": "the item of {member} {number} lacks attributes",
}
OUTCOMES = {
    "found": "",
    "repaired": ": repaired",
    "changed": ": changed meanwhile, check again",
    "left": ": left, see docs/restore.md",
}


@click.command("check", short_help="Compare members with the claims on their phone numbers.")
@click.option("--repair", is_flag=True, help="Repair what can be repaired without a decision.")
@click.option("--stage", default=LOCAL, show_default=True, help="local, or a deployed stage such as prod.")
@click.option("--json", "as_json", is_flag=True, help="Print each fault, and the counts, as a line of JSON.")
@click.pass_context
def check_members(context: click.Context, /, stage: str, *, repair: bool, as_json: bool) -> None:
    """Compare every member with the claim on its phone number, and its place in the index.

    Reads the whole table, which may be in use, and prints each fault as it is found. The exit status is 0 if no fault
    is left, otherwise 1.
    """
    check = find_deployment(stage).services.member_check
    try:
        counts = _report(check.pages(repair=repair), as_json=as_json)
    except RegistryError as error:
        raise click.ClickException(error.detail) from None
    except AWS_ERRORS as error:
        raise click.ClickException(str(error)) from None
    click.echo(json.dumps(counts) if as_json else _summary(counts))
    context.exit(FAULTY if counts["faults"] > counts["repaired"] else DONE)


def _report(pages: Iterable[CheckedPage], *, as_json: bool) -> Counter[str]:
    """Prints each fault; returns the counts of members, claims, faults and repairs."""
    counts = Counter(members=0, claims=0, faults=0, repaired=0)
    for page in pages:
        counts.update(members=page.members, claims=page.claims, faults=len(page.findings))
        for finding in page.findings:
            counts["repaired"] += finding.outcome == "repaired"
            click.echo(json.dumps(_json(finding), ensure_ascii=False) if as_json else _text(finding))
    return counts


def _text(finding: Finding) -> str:
    fault = finding.fault
    member = f"member {fault.client_member_id} of account {fault.account_id}"
    text = TEXTS[fault.code].format(member=member, number=fault.phone_number)
    return f"{fault.code}: {text}{OUTCOMES[finding.outcome]}"


def _json(finding: Finding) -> dict[str, str]:
    return asdict(finding.fault) | {"outcome": finding.outcome}


def _summary(counts: Counter[str]) -> str:
    found = f"{counts['members']:,} members, {counts['claims']:,} claims: {counts['faults']:,} faults"
    return f"{found}, {counts['repaired']:,} repaired" if counts["repaired"] else found
