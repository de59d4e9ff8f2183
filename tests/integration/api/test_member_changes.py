"""Reading, changing, moving and deleting one member."""

import pytest

from chalicelib.members.model import member_id
from tests.support.api import etag_of, member_body, phone_of
from tests.support.client import FORM, Http, href


def test_member_is_returned_by_id_and_by_account_ids(http: Http, account: str) -> None:
    member = http.create(member_body(account))
    for path in (f"/members/{member['id']}", f"/members/{member['id']}/", href(account, f"{account}-42")):
        response = http.get(path)
        assert response.ok() == member
        assert response.headers["ETag"] == etag_of(member)


def test_missing_member_is_not_found(http: Http, account: str) -> None:
    missing = member_id(account, "nobody")
    for path in (f"/members/{missing}", "/members/nonsense", href(account, "nobody")):
        http.get(path).problem(404, "member_not_found")
        http.request("DELETE", path).problem(404, "member_not_found")
        http.send("PATCH", path, {"first_name": "Ann"}).problem(404, "member_not_found")
    http.send("PUT", f"/members/{missing}", member_body(account)).problem(404, "member_not_found")


@pytest.mark.parametrize(
    "value", ["a b+c", "50%", "%41", "ä/ö?ü#", "🐭", "ralph@mouse", "a;b=c,d", "..", "~"]
)
def test_escaped_text_in_path_is_decoded_once(http: Http, account: str, value: str) -> None:
    """API Gateway does not decode path values. Decoded twice, `%2541` would become another member's `A`."""
    response = http.send("PUT", href(account, value), member_body(account, client_member_id=value))
    if "/" not in value:
        assert response.ok(201)["client_member_id"] == value
        assert http.get(href(account, value)).ok() == response.json
    assert http.get(f"/members/{member_id(account, value)}").ok()["client_member_id"] == value


def test_semicolon_in_path_is_part_of_id(http: Http, account: str) -> None:
    http.create(member_body(account, client_member_id="42"))
    http.request("DELETE", f"/accounts/{account}/members/42;7").problem(404, "member_not_found")


@pytest.mark.parametrize(
    "token", ["%20", "1", "MR80Mg==", "%F0%9F%90%AD", "x" * 5000, member_id("a\x00", "b")]
)
def test_malformed_id_is_not_found(http: Http, token: str) -> None:
    http.get(f"/members/{token}").problem(404, "member_not_found")
    http.get(f"/imports/{token}").problem(404, "import_not_found")
    http.get(f"/imports/{token}/rejected").problem(404, "import_not_found")


@pytest.mark.parametrize(
    ("path", "pointer", "code"),
    [
        ("/accounts/%20/members/1", "{account_id}", "blank"),
        (f"/accounts/1/members/{'x' * 65}", "{client_member_id}", "too_long"),
        ("/accounts/1/members/a%1Fb", "{client_member_id}", "control_character"),
    ],
)
def test_invalid_ids_in_path_are_rejected(http: Http, path: str, pointer: str, code: str) -> None:
    for method in ("GET", "DELETE", "PUT", "PATCH"):
        (error,) = http.send(method, path, {}).problem(400, "invalid_parameter")["errors"]
        assert (error["pointer"], error["code"]) == (pointer, code)


def test_path_that_is_not_utf8_is_rejected(http: Http) -> None:
    """Decoded as U+FFFD it could be a member's id."""
    for method in ("GET", "DELETE", "PUT", "PATCH"):
        http.send(method, "/accounts/%FF/members/1", {}).problem(400, "malformed_path")


def test_change_increments_version_and_keeps_creation_time(http: Http, account: str) -> None:
    old = http.create(member_body(account))
    response = http.send("PATCH", f"/members/{old['id']}", {"first_name": "Rolf"})
    new = response.ok()
    assert new == old | {"first_name": "Rolf", "version": 2, "last_modified": new["last_modified"]}
    assert new["last_modified"] >= old["last_modified"]
    assert response.headers["ETag"] == etag_of(new)
    assert "Location" not in response.headers
    assert http.get(f"/members/{old['id']}").ok() == new


def test_put_of_unchanged_member_keeps_its_version(http: Http, account: str) -> None:
    """Otherwise the If-Match of other callers would fail for no reason."""
    member = http.create(member_body(account))
    for path in (f"/members/{member['id']}", href(account, member["client_member_id"])):
        response = http.send("PUT", path, http.get(path).ok())
        assert response.ok() == member
        assert response.headers["ETag"] == etag_of(member)
    assert http.send("PATCH", f"/members/{member['id']}", {}).ok() == member


def test_put_replaces_all_fields(http: Http, account: str) -> None:
    old = http.create(member_body(account))
    data = member_body(account, first_name="Ann", last_name="Lee", phone_number=phone_of(account, 1))
    assert data.items() <= http.send("PUT", f"/members/{old['id']}", data).ok().items()
    incomplete = {name: value for name, value in data.items() if name != "last_name"}
    http.send("PUT", f"/members/{old['id']}", incomplete).problem(422, "invalid")


def test_form_changes_member(http: Http, account: str) -> None:
    member = http.create(member_body(account))
    response = http.request("PATCH", f"/members/{member['id']}", "first_name=Ann+Lee", {"Content-Type": FORM})
    assert response.ok()["first_name"] == "Ann Lee"


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("field", ["client_member_id", "account_id"])
def test_new_account_or_client_member_id_moves_member(
    http: Http, account: str, method: str, field: str
) -> None:
    old = http.create(member_body(account))
    to = f"{account}-moved"
    response = http.send(method, f"/members/{old['id']}", member_body(account, **{field: to}))
    new = response.ok()
    assert new["id"] == member_id(new["account_id"], new["client_member_id"]) != old["id"]
    assert (new[field], new["version"], new["created_at"]) == (to, 2, old["created_at"])
    assert response.headers["Location"] == f"/members/{new['id']}"
    assert http.get(response.headers["Location"]).ok() == new
    http.get(f"/members/{old['id']}").problem(404, "member_not_found")
    assert http.get("/members", {"phone_number": old["phone_number"]}).ok()["items"] == [new]
    assert http.get("/members", {"account_id": old["account_id"]}).ok()["items"] == (
        [new] if field == "client_member_id" else []
    )
    http.create(member_body(account, phone_number=phone_of(account, 1)))  # the old key is free


@pytest.mark.parametrize("field", ["client_member_id", "account_id", "phone_number"])
def test_change_to_taken_value_is_rejected(http: Http, account: str, field: str) -> None:
    mine = http.create(member_body(account))
    # A move to `account_id` conflicts on both values.
    theirs = http.create(
        member_body(
            f"{account}-b", client_member_id=mine["client_member_id"], phone_number=mine["phone_number"]
        )
        if field == "account_id"
        else member_body(account, client_member_id="other", phone_number=phone_of(account, 1))
    )
    response = http.send("PATCH", f"/members/{mine['id']}", {field: theirs[field]})
    code = "phone_number_taken" if field == "phone_number" else "client_member_id_taken"
    problem = response.problem(409, code)
    assert {error["member"]["id"] for error in problem["errors"]} == {theirs["id"]}
    assert len(problem["errors"]) == (2 if field == "account_id" else 1)
    assert http.get(f"/members/{mine['id']}").ok() == mine


def test_phone_number_is_free_after_change(http: Http, account: str) -> None:
    old = http.create(member_body(account))
    http.send("PATCH", f"/members/{old['id']}", {"phone_number": phone_of(account, 1)}).ok()
    new = http.create(member_body(account, client_member_id="43"))
    assert http.get("/members", {"phone_number": phone_of(account)}).ok()["items"] == [new]


def test_unique_values_are_free_after_delete(http: Http, account: str) -> None:
    old = http.create(member_body(account))
    response = http.request("DELETE", f"/members/{old['id']}")
    assert (response.status, response.body) == (204, b"")
    http.get(f"/members/{old['id']}").problem(404, "member_not_found")
    http.request("DELETE", f"/members/{old['id']}").problem(404, "member_not_found")
    assert http.get("/members", {"account_id": account}).ok()["items"] == []
    assert http.create(member_body(account))["version"] == 1


def test_put_by_account_ids_creates_then_replaces(http: Http, account: str) -> None:
    path = href(account, "7")
    data = {"first_name": "Ann", "last_name": "Lee", "phone_number": phone_of(account)}
    response = http.send("PUT", path, data)
    created = response.ok(201)
    assert (created["account_id"], created["client_member_id"], created["version"]) == (account, "7", 1)
    assert response.headers["Location"] == f"/members/{created['id']}"
    assert response.headers["ETag"] == etag_of(created)
    again = http.send("PUT", path, data)
    assert again.ok(200) == created  # a repeated request changes nothing
    assert "Location" not in again.headers
    replaced = http.send("PUT", path, data | {"last_name": "Kim"}).ok(200)
    assert (replaced["last_name"], replaced["version"]) == ("Kim", 2)


def test_put_by_account_ids_rejects_taken_phone_number(http: Http, account: str) -> None:
    holder = http.create(member_body(account))
    data = {"first_name": "Ann", "last_name": "Lee", "phone_number": holder["phone_number"]}
    problem = http.send("PUT", href(account, "7"), data).problem(409, "phone_number_taken")
    assert problem["errors"][0]["member"]["id"] == holder["id"]
    http.get(href(account, "7")).problem(404, "member_not_found")


@pytest.mark.parametrize("field", ["account_id", "client_member_id"])
def test_put_with_other_ids_in_body_is_rejected(http: Http, account: str, field: str) -> None:
    same = http.send("PUT", href(account, "42"), member_body(account, client_member_id=42))
    same.ok(201)  # a number equals its digits
    problem = http.send(
        "PUT", href(account, "42"), member_body(account, **{"client_member_id": "42", field: "43"})
    )
    [error] = problem.problem(422, "invalid")["errors"]
    assert (error["pointer"], error["code"]) == (f"#/{field}", "differs_from_path")
