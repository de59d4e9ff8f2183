"""`./rollcall history|restore|trace` on a real table."""

from chalicelib.members.model import member_id
from chalicelib.services import Services
from tests.integration.commands.test_access import run, run_json
from tests.support.people import key_of, person, set_fields


def test_history_shows_each_change_with_values(services: Services, stage: None, account: str) -> None:
    old = services.members.create(person(account), "user:ann")
    services.members.change(key_of(old), set_fields(first_name="Minnie"), by="token:sync")
    changed, values, created = run("history", account, "m1").splitlines()
    assert changed.endswith("  updated, version 2, by token:sync")
    assert values == f"    first_name: {old.first_name} → Minnie"
    assert created == f"{old.created_at}  created, version 1, by user:ann"
    assert run("history", account, "m2", status=1) == "Error: No member has this id.\n"


def test_history_and_restore_print_json(services: Services, stage: None, account: str) -> None:
    old = services.members.create(person(account), "user:ann")
    services.members.delete(key_of(old), by="token:sync")
    deleted, created = run_json("history", account, "m1")
    assert (deleted["action"], deleted["by"]) == ("deleted", "token:sync")
    assert (created["action"], created["by"]) == ("created", "user:ann")
    assert run_json("restore", account, "m1") == services.members.get(key_of(old)).model_dump()


def test_restore_adds_deleted_member_again(services: Services, stage: None, account: str) -> None:
    old = services.members.create(person(account))
    services.members.delete(key_of(old))
    assert run("restore", account, "m1") == f"Restored member m1 of account {account}.\n"
    restored = services.members.get(key_of(old))
    assert (restored.first_name, restored.modified_by) == (old.first_name, "operator")
    assert "belongs to member" in run("restore", account, "m1", status=1)


def test_trace_names_the_lines_of_logs(services: Services, stage: None, account: str) -> None:
    [found] = services.member_hashes.of([member_id(account, "m1")])
    line, query = run("trace", account, "m1").splitlines()
    assert line == found
    assert f"like '{found}'" in query
