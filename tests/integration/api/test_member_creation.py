"""POST /members: values, unique fields, conflicts."""

import json

import pytest

from chalicelib.members.model import member_id
from tests.support.api import RALPH, etag_of, member_body, phone_of
from tests.support.client import FORM, Http, href

FIELDS = [
    *("id", "account_id", "client_member_id", "first_name", "last_name", "phone_number"),
    *("created_at", "created_by", "last_modified", "modified_by", "version"),
]


def test_form_post_with_trailing_slash_creates_member(http: Http, account: str) -> None:
    """The old app's users send this with curl."""
    response = http.form("/members/", member_body(account, phone_number="3235551234"))
    member = response.ok(201)
    assert list(member) == FIELDS
    assert member["phone_number"] == "+13235551234"
    assert member["version"] == 1
    assert member["created_at"] == member["last_modified"]
    assert response.headers["Location"] == f"/members/{member['id']}"
    assert response.headers["ETag"] == etag_of(member)
    assert http.get(response.headers["Location"]).ok() == member


def test_singular_path_creates_member(http: Http, account: str) -> None:
    response = http.form("/member/", member_body(account))
    assert response.headers["Location"] == f"/members/{response.ok(201)['id']}"


def test_values_are_trimmed_and_composed_but_keep_leading_zeros(http: Http, account: str) -> None:
    member = http.create(
        member_body(account, client_member_id="  007 ", first_name=" Jose\u0301\t", last_name="Ramírez")
    )
    assert member["client_member_id"] == "007"
    assert member["first_name"] == "José"


def test_whole_numbers_become_their_digits(http: Http, account: str) -> None:
    member = http.create(member_body(account, client_member_id=42, phone_number=3235551234))
    assert (member["client_member_id"], member["phone_number"]) == ("42", "+13235551234")


def test_json_may_have_charset_bom_or_no_content_type(http: Http, account: str) -> None:
    body = json.dumps(member_body(account)).encode()
    http.request("POST", "/members", body).ok(201)
    http.request("POST", "/members", body, {"Content-Type": "Application/JSON; charset=utf-8"}).problem(
        409, "client_member_id_taken"
    )
    http.request("POST", "/members", b"\xef\xbb\xbf" + body).problem(409, "client_member_id_taken")


def test_unescaped_plus_in_form_keeps_its_country_code(http: Http, account: str) -> None:
    """`curl -d 'phone_number=+4930…'` does not escape the plus, and many clients send a trailing &."""
    form = (
        f"first_name=Ralph&last_name=Mouse&account_id={account}&client_member_id=1&phone_number=+4930123456&"
    )
    response = http.request("POST", "/members", form, {"Content-Type": FORM})
    assert response.ok(201)["phone_number"] == "+4930123456"


def test_blank_before_a_number_in_a_form_is_no_plus(http: Http, account: str) -> None:
    form = f"first_name=Ralph&last_name=Mouse&account_id={account}&client_member_id=1&phone_number=%20323-555-1234"
    response = http.request("POST", "/members", form, {"Content-Type": FORM})
    assert response.ok(201)["phone_number"] == "+13235551234"


@pytest.mark.parametrize(
    "name",
    [
        "رالف",
        "רלף",
        "ر\u200cلف",
        "🐭",
        "👩\u200d👩\u200d👧",
        "Þórður",
        "村上",
        "X Æ A-12",
        "x" * 64,
        "O'=1+1",
    ],
)
def test_names_in_any_script_are_stored_and_found(http: Http, account: str, name: str) -> None:
    member = http.create(RALPH | {"account_id": account, "last_name": name})
    assert member["last_name"] == name
    assert http.get("/members", {"account_id": account, "last_name": name}).ok()["items"] == [member]


def test_read_only_fields_are_ignored(http: Http, account: str) -> None:
    member = http.create(member_body(account, id="mine", created_at="then", last_modified=None, version=7))
    assert member["id"] == member_id(account, f"{account}-42")
    assert member["version"] == 1


def test_phone_number_is_unique_within_account(http: Http, account: str) -> None:
    holder = http.create(member_body(account))
    problem = http.send("POST", "/members", member_body(account, client_member_id="43")).problem(
        409, "phone_number_taken"
    )
    [field] = problem["errors"]
    assert field["pointer"] == "#/phone_number"
    assert field["member"] == {"id": holder["id"], "href": f"/members/{holder['id']}"}
    assert holder["id"] in problem["detail"]
    assert http.get(field["member"]["href"]).ok() == holder


def test_client_member_id_is_unique_within_account(http: Http, account: str) -> None:
    holder = http.create(member_body(account))
    other = member_body(account, phone_number=phone_of(account, 1))
    problem = http.send("POST", "/members", other).problem(409, "client_member_id_taken")
    [field] = problem["errors"]
    assert (field["pointer"], field["member"]["id"]) == ("#/client_member_id", holder["id"])


def test_conflict_on_both_values_names_both_holders(http: Http, account: str) -> None:
    """One response is enough to correct both values."""
    one = http.create(member_body(account, client_member_id="1", phone_number=phone_of(account, 1)))
    two = http.create(member_body(account, client_member_id="2", phone_number=phone_of(account, 2)))
    both = member_body(account, client_member_id="1", phone_number=phone_of(account, 2))
    problem = http.send("POST", "/members", both).problem(409, "client_member_id_taken")
    assert [(e["pointer"], e["code"], e["member"]["id"]) for e in problem["errors"]] == [
        ("#/client_member_id", "client_member_id_taken", one["id"]),
        ("#/phone_number", "phone_number_taken", two["id"]),
    ]


def test_rejected_create_writes_nothing(http: Http, account: str) -> None:
    http.create(member_body(account, client_member_id="1"))
    http.send("POST", "/members", member_body(account, client_member_id="2")).problem(
        409, "phone_number_taken"
    )
    http.get(href(account, "2")).problem(404, "member_not_found")
    http.create(member_body(account, client_member_id="2", phone_number=phone_of(account, 2)))


def test_two_accounts_may_have_the_same_values(http: Http, account: str) -> None:
    first = http.create(member_body(account))
    second = http.create(member_body(account, account_id=f"{account}-b"))
    assert first["id"] != second["id"]
    assert first["phone_number"] == second["phone_number"]
