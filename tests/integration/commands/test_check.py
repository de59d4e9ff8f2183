"""`./rollcall check` on a real table."""

import json

from chalicelib.services import Services
from tests.integration.commands.test_access import run
from tests.support.people import person, phone
from tests.support.planted import Plants


def test_check_prints_faults_and_repairs_them(services: Services, stage: None, account: str) -> None:
    services.members.create(person(account, 1))
    Plants(account).member(2, claimed="-")
    fault = f"member_without_claim: member m2 of account {account} has no claim on its number {phone(2)}"

    assert run("check", status=1) == f"{fault}\n2 members, 1 claims: 1 faults\n"
    line, counts = map(json.loads, run("check", "--json", status=1).splitlines())
    assert line == {
        "code": "member_without_claim",
        "account_id": account,
        "client_member_id": "m2",
        "phone_number": phone(2),
        "outcome": "found",
    }
    assert counts == {"members": 2, "claims": 1, "faults": 1, "repaired": 0}
    assert run("check", "--repair").startswith(f"{fault}: repaired\n")
    assert run("check") == "2 members, 2 claims: 0 faults\n"
