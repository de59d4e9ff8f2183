"""Accounts: callers see and change only their own."""

import pytest

from chalicelib.imports.records.import_ids import new_import_id
from chalicelib.members.model import member_id
from tests.support.api import HEADER, finish_import, member_body, phone_of
from tests.support.client import Http, href
from tests.support.pipeline import Pipeline

from .conftest import ALL, Grant


@pytest.mark.parametrize("client_member_id", ["existing", "missing"])
def test_other_accounts_members_are_forbidden_even_if_missing(
    http: Http, mine: Http, other: str, client_member_id: str
) -> None:
    http.create(member_body(other, client_member_id="existing"))
    details = set()
    for path in (f"/members/{member_id(other, client_member_id)}", href(other, client_member_id)):
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            bodies = {
                "PUT": member_body(other, client_member_id=client_member_id),
                "PATCH": {"first_name": "Ben"},
            }
            response = (
                mine.send(method, path, bodies[method]) if method in bodies else mine.request(method, path)
            )
            problem = response.problem(403, "account_forbidden")
            details.add(problem["detail"])
    assert details == {"You have no access to this account. Ask an admin to add it to one of your groups."}
    assert http.get(href(other, "existing")).ok()["version"] == 1


def test_create_in_or_move_to_other_account_is_forbidden(
    http: Http, mine: Http, account: str, other: str
) -> None:
    http.create(member_body(other))
    existing, free = member_body(other), member_body(other, client_member_id="2", phone_number="3235550002")
    for data in (existing, free):
        problem = mine.send("POST", "/members", data).problem(403, "account_forbidden")
        assert "errors" not in problem
    member = mine.create(member_body(account))
    path = f"/members/{member['id']}"
    mine.send("PATCH", path, {"account_id": other}).problem(403, "account_forbidden")
    mine.send("PUT", path, member_body(other)).problem(403, "account_forbidden")
    assert http.get(path).ok() == member


def test_conflict_names_only_members_of_callers_account(
    http: Http, mine: Http, account: str, other: str
) -> None:
    """Another account has the same phone number."""
    http.create(member_body(other, phone_number=phone_of(account)))
    holder = mine.create(member_body(account))
    problem = mine.send("POST", "/members", member_body(account, client_member_id="2")).problem(
        409, "phone_number_taken"
    )
    assert [error["member"]["id"] for error in problem["errors"]] == [holder["id"]]


def test_move_shows_each_account_its_own_end(http: Http, grant: Grant, account: str, other: str) -> None:
    old = http.create(member_body(account, client_member_id="0", first_name="Anna"))
    change = {"account_id": other, "client_member_id": "9", "first_name": "Zoe"}
    new = http.send("PATCH", f"/members/{old['id']}", change).ok()
    assert http.get(f"/members/{old['id']}").problem(404, "member_not_found")["moved_to"] == new["id"]
    left, come = (grant(["members:read", "members:write"], [one]) for one in (account, other))

    for method, path in (("GET", ""), ("POST", "/restore")):
        problem = left.request(method, f"/members/{old['id']}{path}").problem(404, "member_not_found")
        assert "moved_to" not in problem
    moved, created = left.get(f"/members/{old['id']}/history").ok()["items"]
    assert (moved["action"], created["action"]) == ("moved", "created")
    assert moved["changes"]["first_name"] == {"from": "Anna", "to": None}
    assert [event["action"] for event in come.get(f"/members/{new['id']}/history").ok()["items"]] == ["moved"]
    seen = left.get(f"/members/{old['id']}/history"), come.get(f"/members/{new['id']}/history")
    for response, hidden in zip(seen, ((other, "Zoe", new["id"]), (account, "Anna", old["id"])), strict=True):
        assert not [text for text in hidden if text in response.body.decode()]
    assert "moved_to" in http.get(f"/members/{old['id']}/history").ok()["items"][0]


def test_searches_return_only_callers_accounts(http: Http, grant: Grant, account: str, other: str) -> None:
    second = f"{account}-b"
    both = grant(ALL, [account, second, f"{account}-empty"])
    for one in (account, second, other):
        for n in range(3):
            ids = {"client_member_id": f"{account}-{n}", "phone_number": phone_of(account, n)}
            http.create(member_body(one, **ids))

    def found(**query: object) -> list[tuple[str, str]]:
        pages = both.pages("/members", {**query, "limit": 2})
        return [(m["account_id"], m["client_member_id"][-1]) for page in pages for m in page["items"]]

    assert found() == [(one, str(n)) for one in (account, second) for n in range(3)]
    assert sorted(found(phone_number=phone_of(account))) == [(account, "0"), (second, "0")]
    assert found(client_member_id=f"{account}-1") == [(account, "1"), (second, "1")]
    assert len(found(account_id=second, last_name="mo")) == 3
    for query in ({"account_id": other}, {"id": member_id(other, f"{account}-0")}):
        both.get("/members", query).problem(403, "account_forbidden")


def test_cursor_of_wider_scope_is_rejected(http: Http, mine: Http, other: str) -> None:
    for n in range(2):
        http.create(member_body(other, client_member_id=str(n), phone_number=f"323555000{n}"))
    cursor = http.get("/members", {"limit": 1}).ok()["next"]
    mine.get("/members", {"cursor": cursor}).problem(400, "invalid_cursor")


def test_rows_of_other_accounts_are_rejected_as_forbidden(
    http: Http, mine: Http, pipeline: Pipeline, account: str, other: str
) -> None:
    http.create(member_body(other, client_member_id="2", phone_number="3235550002"))
    rows = [f"Ann,Lee,323555000{n},{n},{one}\n" for n, one in enumerate((account, other, account, other), 1)]
    shown = mine.request("POST", "/imports", HEADER + "".join(rows), {"Content-Type": "text/csv"}).ok(202)
    finish_import(pipeline, shown)

    done = mine.get(f"/imports/{shown['id']}").ok()
    assert done["counts"] == {
        "rows": 4,
        "created": 2,
        "updated": 0,
        "unchanged": 0,
        "deleted": 0,
        "rejected": 2,
        "removed": 0,
    }
    assert done["created_by"].startswith("token:")
    rejected = pipeline.rejected(shown["id"])
    assert [(row["line"], row["code"]) for row in rejected] == [
        ("3", "account_forbidden"),
        ("5", "account_forbidden"),
    ]
    assert len({row["reason"] for row in rejected}) == 1  # the reason does not reveal the conflict of line 3
    assert len(http.get("/members", {"account_id": other}).ok()["items"]) == 1
    [first, _] = mine.get("/members", {"account_id": account}).ok()["items"]
    assert first["created_by"] == first["modified_by"] == f"import:{shown['id']}"


def test_import_for_other_account_is_forbidden(mine: Http, account: str, other: str) -> None:
    mine.send("POST", "/imports", {"filename": "a.csv", "account_id": other}).problem(
        403, "account_forbidden"
    )
    mine.request("POST", f"/imports?account_id={other}", HEADER, {"Content-Type": "text/csv"}).problem(
        403, "account_forbidden"
    )
    assert mine.send("POST", "/imports", {"filename": "a.csv", "account_id": account}).status == 201


def test_imports_of_other_accounts_are_not_found(
    http: Http, grant: Grant, mine: Http, pipeline: Pipeline, account: str, other: str
) -> None:
    wide = http.send("POST", "/imports", {"filename": "all.csv"}).ok(201)["id"]
    theirs = grant(ALL, [other]).send("POST", "/imports", {}).ok(201)["id"]
    own = mine.send("POST", "/imports", {}).ok(201)["id"]
    dropped = pipeline.run("drops/a.csv", HEADER + f"Ann,Lee,3235550009,9,{account}\n").id

    assert [one["id"] for one in mine.get("/imports").ok()["items"]] == [own]
    for hidden in (wide, theirs, dropped, new_import_id()):
        for method, path in (("GET", ""), ("GET", "/rejected"), ("POST", "/cancel")):
            mine.request(method, f"/imports/{hidden}{path}").problem(404, "import_not_found")
    shown = grant(ALL, [account, other]).get("/imports").ok()["items"]
    assert {one["id"] for one in shown} >= {own, theirs}
    assert not {one["id"] for one in shown} & {wide, dropped}
    assert {wide, theirs, own, dropped} <= {
        one["id"] for page in http.pages("/imports", {"limit": 500}) for one in page["items"]
    }


def test_drops_of_own_account_are_visible(
    http: Http, mine: Http, pipeline: Pipeline, account: str, other: str
) -> None:
    text = HEADER + f"Ann,Lee,3235550001,1,{account}\nBen,Lee,3235550002,2,{other}\n"
    own = pipeline.run(f"drops/account={account}/a.csv", text).id
    failed = pipeline.run(f"drops/account={account}/validated/a.csv", text).id
    bound = http.send("POST", "/imports", {"account_id": account}).ok(201)["id"]
    theirs = pipeline.run(f"drops/account={other}/a.csv", text).id

    assert {one["id"] for one in mine.get("/imports").ok()["items"]} == {own, failed, bound}
    assert mine.get(f"/imports/{own}").ok()["account_id"] == account
    assert mine.get(f"/imports/{own}/report").ok()["codes"] == {"account_differs": 1}
    mine.get(f"/imports/{theirs}").problem(404, "import_not_found")


def test_visible_imports_fill_pages(http: Http, mine: Http) -> None:
    own = []
    for _ in range(3):
        own.append(mine.send("POST", "/imports", {}).ok(201)["id"])
        http.send("POST", "/imports", {}).ok(201)
    pages = list(mine.pages("/imports", {"limit": 2}))
    found = [one["id"] for page in pages for one in page["items"]]
    assert sorted(found) == sorted(own)
    assert [len(page["items"]) for page in pages] == [2, 1]
