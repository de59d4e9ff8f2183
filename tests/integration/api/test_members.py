"""The HTTP API, route by route, against a real engine."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, pairwise, permutations, repeat
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

import pytest
from botocore.awsrequest import AWSResponse, HTTPHeaders

from chalicelib import config
from chalicelib.dynamodb import retries
from chalicelib.members.items import fold_name, to_claim, to_item
from chalicelib.members.model import Member, NewMember, member_id, new_member
from tests.support.client import FORM, Answer, Http, href
from tests.support.pipeline import Pipeline
from tests.support.request_faults import leave_unprocessed

FIELDS = [
    *("id", "account_id", "client_member_id", "first_name", "last_name", "phone_number"),
    *("created_at", "created_by", "last_modified", "modified_by", "version"),
]


def phone_of(account: str, number: int = 0) -> str:
    """A phone number that no other test uses: searches by phone see every account."""
    return f"+1323{(int(account[4:16], 16) + number) % 10_000_000:07}"


def ralph(account: str, **changes: object) -> dict[str, object]:
    """A member to be; the client member id is no other test's."""
    return {
        "account_id": account,
        "client_member_id": f"{account}-42",
        "first_name": "Ralph",
        "last_name": "Mouse",
        "phone_number": phone_of(account),
    } | changes


def etag(member: dict[str, Any]) -> str:
    """The ETag of a member as the API shows it."""
    return Member(**member).etag


# Create


def test_the_curl_line_of_the_old_app_still_works(http: Http, account: str) -> None:
    """A form, sent to a path that ends in a slash."""
    answer = http.form("/members/", ralph(account, phone_number="3235551234"))
    member = answer.ok(201)
    assert list(member) == FIELDS
    assert member["phone_number"] == "+13235551234"
    assert member["version"] == 1
    assert member["created_at"] == member["last_modified"]
    assert answer.headers["Location"] == f"/members/{member['id']}"
    assert answer.headers["ETag"] == etag(member)
    assert http.get(answer.headers["Location"]).ok() == member


def test_the_path_in_the_singular_takes_members_too(http: Http, account: str) -> None:
    answer = http.form("/member/", ralph(account))
    assert answer.headers["Location"] == f"/members/{answer.ok(201)['id']}"


def test_a_value_is_trimmed_composed_and_keeps_its_zeros(http: Http, account: str) -> None:
    member = http.create(
        ralph(account, client_member_id="  007 ", first_name=" Jose\u0301\t", last_name="Ramírez")
    )
    assert member["client_member_id"] == "007"
    assert member["first_name"] == "José"


def test_a_whole_number_is_taken_as_its_digits(http: Http, account: str) -> None:
    member = http.create(ralph(account, client_member_id=42, phone_number=3235551234))
    assert (member["client_member_id"], member["phone_number"]) == ("42", "+13235551234")


def test_json_is_read_without_a_content_type_with_a_charset_and_with_a_byte_order_mark(
    http: Http, account: str
) -> None:
    body = json.dumps(ralph(account)).encode()
    http.request("POST", "/members", body).ok(201)
    http.request("POST", "/members", body, {"Content-Type": "Application/JSON; charset=utf-8"}).problem(
        409, "client_member_id_taken"
    )
    http.request("POST", "/members", b"\xef\xbb\xbf" + body).problem(409, "client_member_id_taken")


def test_read_only_fields_are_ignored(http: Http, account: str) -> None:
    member = http.create(ralph(account, id="mine", created_at="then", last_modified=None, version=7))
    assert member["id"] == member_id(account, f"{account}-42")
    assert member["version"] == 1


def test_a_phone_number_belongs_to_one_member_of_an_account(http: Http, account: str) -> None:
    holder = http.create(ralph(account))
    said = http.send("POST", "/members", ralph(account, client_member_id="43")).problem(
        409, "phone_number_taken"
    )
    [field] = said["errors"]
    assert field["pointer"] == "#/phone_number"
    assert field["member"] == {"id": holder["id"], "href": f"/members/{holder['id']}"}
    assert holder["id"] in said["detail"]
    assert http.get(field["member"]["href"]).ok() == holder


def test_a_client_member_id_belongs_to_one_member_of_an_account(http: Http, account: str) -> None:
    holder = http.create(ralph(account))
    other = ralph(account, phone_number=phone_of(account, 1))
    said = http.send("POST", "/members", other).problem(409, "client_member_id_taken")
    [field] = said["errors"]
    assert (field["pointer"], field["member"]["id"]) == ("#/client_member_id", holder["id"])


def test_a_clash_on_both_values_names_both_holders(http: Http, account: str) -> None:
    """One answer is enough to mend a row that clashes twice, with two different members."""
    one = http.create(ralph(account, client_member_id="1", phone_number=phone_of(account, 1)))
    two = http.create(ralph(account, client_member_id="2", phone_number=phone_of(account, 2)))
    both = ralph(account, client_member_id="1", phone_number=phone_of(account, 2))
    said = http.send("POST", "/members", both).problem(409, "client_member_id_taken")
    assert [(e["pointer"], e["code"], e["member"]["id"]) for e in said["errors"]] == [
        ("#/client_member_id", "client_member_id_taken", one["id"]),
        ("#/phone_number", "phone_number_taken", two["id"]),
    ]


def test_a_refused_create_leaves_nothing_behind(http: Http, account: str) -> None:
    http.create(ralph(account, client_member_id="1"))
    http.send("POST", "/members", ralph(account, client_member_id="2")).problem(409, "phone_number_taken")
    http.get(href(account, "2")).problem(404, "member_not_found")
    http.create(ralph(account, client_member_id="2", phone_number=phone_of(account, 2)))


def test_another_account_may_hold_the_same_values(http: Http, account: str) -> None:
    mine, theirs = http.create(ralph(account)), http.create(ralph(account, account_id=f"{account}-b"))
    assert mine["id"] != theirs["id"]
    assert mine["phone_number"] == theirs["phone_number"]


# Find


@pytest.mark.parametrize("path", ["/members", "/members/", "/member", "/member/"])
def test_members_are_found_by_account(http: Http, account: str, path: str) -> None:
    member = http.create(ralph(account))
    assert http.get(path, {"account_id": account}).ok() == {"items": [member], "next": None}


@pytest.mark.parametrize(
    "spelling",
    [
        "{0}{1}{2}",
        "+1{0}{1}{2}",
        "1{0}{1}{2}",
        "({0}) {1}-{2}",
        "{0}-{1}-{2}",
        "{0}.{1}.{2}",
        "+1 {0} {1} {2}",
    ],
)
def test_members_are_found_by_phone_number_in_any_spelling(http: Http, account: str, spelling: str) -> None:
    phone = phone_of(account)
    spelled = spelling.format(phone[2:5], phone[5:8], phone[8:])
    one = http.create(ralph(account))
    two = http.create(ralph(account, account_id=f"{account}-b"))
    assert http.get("/members", {"phone_number": spelled}).ok()["items"] == [one, two]


def test_a_plus_that_nobody_escaped_is_a_plus(http: Http, account: str) -> None:
    """`curl '…?phone_number=+1323…'` sends a plus as it is, which a query reads as a space."""
    member = http.create(ralph(account, phone_number="+442071838750"))
    found = http.get(f"/members?phone_number=+442071838750&account_id={account}").ok()
    assert found["items"] == [member]


def test_a_plus_that_nobody_escaped_is_a_plus_in_a_form_too(http: Http, account: str) -> None:
    """`curl -d 'phone_number=+4930…'` would else store an American number. Many forms end in one & too many."""
    form = (
        f"first_name=Ralph&last_name=Mouse&account_id={account}&client_member_id=1&phone_number=+4930123456&"
    )
    answer = http.request("POST", "/members", form, {"Content-Type": FORM})
    assert answer.ok(201)["phone_number"] == "+4930123456"


def test_a_semicolon_is_part_of_an_id(http: Http, account: str) -> None:
    http.create(ralph(account, client_member_id="42"))
    http.request("DELETE", f"/accounts/{account}/members/42;7").problem(404, "member_not_found")


def test_members_are_found_by_client_member_id(http: Http, account: str) -> None:
    one = http.create(ralph(account))
    two = http.create(ralph(account, account_id=f"{account}-b"))
    assert http.get("/members", {"client_member_id": f" {account}-42 "}).ok()["items"] == [one, two]


def test_members_are_found_by_id(http: Http, account: str) -> None:
    member = http.create(ralph(account))
    assert http.get("/members", {"id": member["id"]}).ok()["items"] == [member]
    assert http.get("/members", {"id": member_id(account, "nobody")}).ok()["items"] == []


def test_filters_together_mean_and(http: Http, account: str) -> None:
    member = http.create(ralph(account))
    other = http.create(ralph(f"{account}-b", client_member_id="other", phone_number=phone_of(account, 1)))
    names = ("id", "account_id", "client_member_id", "phone_number")
    true, false = ({name: each[name] for name in names} for each in (member, other))
    for one, two in permutations(names, 2):
        both = {one: true[one], two: true[two]}
        assert http.get("/members", both).ok()["items"] == [member], both
        contradicting = {one: true[one], two: false[two]}
        assert http.get("/members", contradicting).ok() == {"items": [], "next": None}, contradicting
    assert http.get("/members", true).ok()["items"] == [member]


def test_a_last_name_is_found_by_how_it_starts(http: Http, account: str) -> None:
    names = ["Mo", "MOUSE", "mouse", "Möuse", "Mousetrap", "Rat"]
    for number, name in enumerate(names):
        http.create(
            ralph(
                account, client_member_id=str(number), last_name=name, phone_number=phone_of(account, number)
            )
        )

    def found(prefix: str, **more: object) -> list[str]:
        query = {"account_id": account, "last_name": prefix, **more}
        return [item["last_name"] for page in http.pages("/members", query) for item in page["items"]]

    assert found("mOUSE") == ["MOUSE", "mouse", "Mousetrap"]
    assert found("mo", limit=1) == ["Mo", "MOUSE", "mouse", "Mousetrap"]
    assert found("x") == []
    # Beside a filter that finds one member, it still holds.
    assert found("rat", client_member_id="5") == ["Rat"]
    assert found("rat", client_member_id="4") == []


def test_a_last_name_needs_its_account(http: Http) -> None:
    said = http.get("/members", {"last_name": "Mouse"}).problem(400, "invalid_parameter")
    assert said["errors"][0]["code"] == "account_required"


@pytest.fixture(scope="module")
def crowd(settings: object) -> str:
    """An account of 1,000 members, many of one name, written straight to the table."""
    account = "acc-crowd"
    requests: list[Any] = []
    for number in range(1000):
        member = new_member(
            NewMember(
                account_id=account,
                client_member_id=f"{number:04}",
                first_name=("Ann", "bob", "Čeněk")[number % 3],
                last_name=f"Name {number // 40 % 7}" if number % 2 else f"name {number // 40 % 7}",
                phone_number=f"213777{number:04}",
            )
        )
        requests += [{"PutRequest": {"Item": item}} for item in (to_item(member), to_claim(member))]
    table = config.settings().table_name
    for start in range(0, len(requests), 25):
        answer = config.dynamodb().batch_write_item(RequestItems={table: requests[start : start + 25]})
        assert not answer["UnprocessedItems"]
    return account


def test_pages_show_each_of_a_thousand_members_once_and_in_name_order(http: Http, crowd: str) -> None:
    pages = list(http.pages("/members", {"account_id": crowd, "limit": 37}))
    assert [len(page["items"]) for page in pages] == [37] * 27 + [1]
    seen = [item for page in pages for item in page["items"]]
    assert sorted(item["client_member_id"] for item in seen) == [f"{number:04}" for number in range(1000)]
    order = [(fold_name(m["last_name"]), fold_name(m["first_name"]), m["client_member_id"]) for m in seen]
    assert all(one < two for one, two in pairwise(order))


def test_the_next_cursor_is_the_one_of_the_link_header(http: Http, crowd: str) -> None:
    first = http.get("/member", {"account_id": crowd, "limit": 500})
    assert f"cursor={first.ok()['next']}" in first.headers["Link"]
    second = http.get("/members", {"account_id": crowd, "limit": 500, "cursor": first.json["next"]})
    assert second.ok()["next"] is None
    assert "Link" not in second.headers
    assert len({item["id"] for item in first.json["items"] + second.json["items"]}) == 1000


def test_a_page_has_a_hundred_members_unless_told(http: Http, crowd: str) -> None:
    assert len(http.get("/members", {"account_id": crowd}).ok()["items"]) == 100


def test_a_page_that_ends_with_the_last_member_has_no_next(http: Http, crowd: str) -> None:
    pages = list(http.pages("/members", {"account_id": crowd, "limit": 250}))
    assert [len(page["items"]) for page in pages] == [250] * 4


def test_members_added_and_removed_while_paging_disturb_no_other(http: Http, account: str) -> None:
    """A cursor is a place in the order, not a count."""
    for number in range(12):
        http.create(ralph(account, client_member_id=f"{number:02}", phone_number=phone_of(account, number)))
    seen = []
    for page in http.pages("/members", {"account_id": account, "limit": 5}):
        seen += [item["client_member_id"] for item in page["items"]]
        if len(seen) == 5:
            http.request("DELETE", href(account, "04")).ok(204)  # the one the cursor stands on
            http.request("DELETE", href(account, "01")).ok(204)
            http.create(ralph(account, client_member_id="00a", phone_number=phone_of(account, 50)))
    assert seen == [f"{number:02}" for number in range(12)]


@pytest.mark.parametrize("filters", [["phone_number"], ["client_member_id"]])
def test_a_search_over_all_accounts_is_paged(http: Http, account: str, filters: list[str]) -> None:
    members = [http.create(ralph(account, account_id=f"{account}-{n}")) for n in range(5)]
    query = {name: members[0][name] for name in filters} | {"limit": 2}
    pages = list(http.pages("/members", query))
    assert [len(page["items"]) for page in pages] == [2, 2, 1]
    assert [item for page in pages for item in page["items"]] == members


def test_without_a_filter_all_members_are_listed(http: Http, account: str, crowd: str) -> None:
    mine = http.create(ralph(account))
    ids = [item["id"] for page in http.pages("/members", {"limit": 300}) for item in page["items"]]
    assert len(ids) == len(set(ids))
    assert {mine["id"], *(member_id(crowd, f"{n:04}") for n in range(1000))} <= set(ids)


# One member


def test_a_member_is_read_under_its_id_and_under_its_own_two_ids(http: Http, account: str) -> None:
    member = http.create(ralph(account))
    for path in (f"/members/{member['id']}", f"/members/{member['id']}/", href(account, f"{account}-42")):
        answer = http.get(path)
        assert answer.ok() == member
        assert answer.headers["ETag"] == etag(member)


def test_what_is_not_there_is_not_found(http: Http, account: str) -> None:
    there_is_none = member_id(account, "nobody")
    for path in (f"/members/{there_is_none}", "/members/nonsense", href(account, "nobody")):
        http.get(path).problem(404, "member_not_found")
        http.request("DELETE", path).problem(404, "member_not_found")
        http.send("PATCH", path, {"first_name": "Ann"}).problem(404, "member_not_found")
    http.send("PUT", f"/members/{there_is_none}", ralph(account)).problem(404, "member_not_found")


@pytest.mark.parametrize(
    "value", ["a b+c", "50%", "%41", "ä/ö?ü#", "🐭", "ralph@mouse", "a;b=c,d", "..", "~"]
)
def test_any_text_may_stand_in_a_path_when_it_is_escaped(http: Http, account: str, value: str) -> None:
    """API Gateway decodes no path values; done twice, `%2541` would become another member's `A`."""
    answer = http.send("PUT", href(account, value), ralph(account, client_member_id=value))
    if "/" not in value:
        assert answer.ok(201)["client_member_id"] == value
        assert http.get(href(account, value)).ok() == answer.json
    assert http.get(f"/members/{member_id(account, value)}").ok()["client_member_id"] == value


def test_a_change_counts_the_version_and_keeps_the_day_of_creation(http: Http, account: str) -> None:
    old = http.create(ralph(account))
    answer = http.send("PATCH", f"/members/{old['id']}", {"first_name": "Rolf"})
    new = answer.ok()
    assert new == old | {"first_name": "Rolf", "version": 2, "last_modified": new["last_modified"]}
    assert new["last_modified"] >= old["last_modified"]
    assert answer.headers["ETag"] == etag(new)
    assert "Location" not in answer.headers
    assert http.get(f"/members/{old['id']}").ok() == new


def test_a_get_can_be_put_back_unchanged(http: Http, account: str) -> None:
    """Nothing changes then, so no version is spent, and nobody's If-Match breaks."""
    member = http.create(ralph(account))
    for path in (f"/members/{member['id']}", href(account, member["client_member_id"])):
        answer = http.send("PUT", path, http.get(path).ok())
        assert answer.ok() == member
        assert answer.headers["ETag"] == etag(member)
    assert http.send("PATCH", f"/members/{member['id']}", {}).ok() == member


def test_a_put_replaces_all_of_a_member(http: Http, account: str) -> None:
    old = http.create(ralph(account))
    data = ralph(account, first_name="Ann", last_name="Lee", phone_number=phone_of(account, 1))
    assert data.items() <= http.send("PUT", f"/members/{old['id']}", data).ok().items()
    incomplete = {name: value for name, value in data.items() if name != "last_name"}
    http.send("PUT", f"/members/{old['id']}", incomplete).problem(422, "invalid")


def test_a_form_may_change_a_member(http: Http, account: str) -> None:
    member = http.create(ralph(account))
    answer = http.request("PATCH", f"/members/{member['id']}", "first_name=Ann+Lee", {"Content-Type": FORM})
    assert answer.ok()["first_name"] == "Ann Lee"


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("field", ["client_member_id", "account_id"])
def test_a_member_that_gets_another_key_moves(http: Http, account: str, method: str, field: str) -> None:
    old = http.create(ralph(account))
    to = f"{account}-moved"
    answer = http.send(method, f"/members/{old['id']}", ralph(account, **{field: to}))
    new = answer.ok()
    assert new["id"] == member_id(new["account_id"], new["client_member_id"]) != old["id"]
    assert (new[field], new["version"], new["created_at"]) == (to, 2, old["created_at"])
    assert answer.headers["Location"] == f"/members/{new['id']}"
    assert http.get(answer.headers["Location"]).ok() == new
    http.get(f"/members/{old['id']}").problem(404, "member_not_found")
    assert http.get("/members", {"phone_number": old["phone_number"]}).ok()["items"] == [new]
    assert http.get("/members", {"account_id": old["account_id"]}).ok()["items"] == (
        [new] if field == "client_member_id" else []
    )
    http.create(ralph(account, phone_number=phone_of(account, 1)))  # the old key is free


@pytest.mark.parametrize("field", ["client_member_id", "account_id", "phone_number"])
def test_a_change_cannot_take_what_is_anothers(http: Http, account: str, field: str) -> None:
    mine = http.create(ralph(account))
    # In the account that `account_id` would move it to, both values are somebody's.
    theirs = http.create(
        ralph(f"{account}-b", client_member_id=mine["client_member_id"], phone_number=mine["phone_number"])
        if field == "account_id"
        else ralph(account, client_member_id="other", phone_number=phone_of(account, 1))
    )
    answer = http.send("PATCH", f"/members/{mine['id']}", {field: theirs[field]})
    code = "phone_number_taken" if field == "phone_number" else "client_member_id_taken"
    said = answer.problem(409, code)
    assert {error["member"]["id"] for error in said["errors"]} == {theirs["id"]}
    assert len(said["errors"]) == (2 if field == "account_id" else 1)
    assert http.get(f"/members/{mine['id']}").ok() == mine


def test_a_phone_number_freed_by_a_change_can_be_taken_at_once(http: Http, account: str) -> None:
    old = http.create(ralph(account))
    http.send("PATCH", f"/members/{old['id']}", {"phone_number": phone_of(account, 1)}).ok()
    new = http.create(ralph(account, client_member_id="43"))
    assert http.get("/members", {"phone_number": phone_of(account)}).ok()["items"] == [new]


def test_what_a_delete_frees_can_be_taken_at_once(http: Http, account: str) -> None:
    old = http.create(ralph(account))
    answer = http.request("DELETE", f"/members/{old['id']}")
    assert (answer.status, answer.body) == (204, b"")
    http.get(f"/members/{old['id']}").problem(404, "member_not_found")
    http.request("DELETE", f"/members/{old['id']}").problem(404, "member_not_found")
    assert http.get("/members", {"account_id": account}).ok()["items"] == []
    assert http.create(ralph(account))["version"] == 1


# The idempotent PUT


def test_a_put_on_the_two_ids_creates_and_then_replaces(http: Http, account: str) -> None:
    path = href(account, "7")
    data = {"first_name": "Ann", "last_name": "Lee", "phone_number": phone_of(account)}
    answer = http.send("PUT", path, data)
    created = answer.ok(201)
    assert (created["account_id"], created["client_member_id"], created["version"]) == (account, "7", 1)
    assert answer.headers["Location"] == f"/members/{created['id']}"
    assert answer.headers["ETag"] == etag(created)
    again = http.send("PUT", path, data)
    assert again.ok(200) == created  # the same sync twice is no change
    assert "Location" not in again.headers
    replaced = http.send("PUT", path, data | {"last_name": "Kim"}).ok(200)
    assert (replaced["last_name"], replaced["version"]) == ("Kim", 2)


def test_a_put_on_the_two_ids_cannot_take_anothers_phone_number(http: Http, account: str) -> None:
    holder = http.create(ralph(account))
    data = {"first_name": "Ann", "last_name": "Lee", "phone_number": holder["phone_number"]}
    said = http.send("PUT", href(account, "7"), data).problem(409, "phone_number_taken")
    assert said["errors"][0]["member"]["id"] == holder["id"]
    http.get(href(account, "7")).problem(404, "member_not_found")


@pytest.mark.parametrize("field", ["account_id", "client_member_id"])
def test_a_put_whose_body_names_another_member_than_its_path_is_refused(
    http: Http, account: str, field: str
) -> None:
    same = http.send("PUT", href(account, "42"), ralph(account, client_member_id=42))
    same.ok(201)  # the same id as a number is no other one
    said = http.send("PUT", href(account, "42"), ralph(account, **{"client_member_id": "42", field: "43"}))
    [error] = said.problem(422, "invalid")["errors"]
    assert (error["pointer"], error["code"]) == (f"#/{field}", "differs_from_path")


# Conditions


def writes(http: Http, member: dict[str, Any], headers: dict[str, str]) -> list[Answer]:
    """Each kind of write of one member under the same headers; they change nothing unless they delete."""
    by_id, by_key = f"/members/{member['id']}", href(member["account_id"], member["client_member_id"])
    return [
        http.send("PUT", by_id, member, headers),
        http.send("PUT", by_key, member, headers),
        http.send("PATCH", by_id, {}, headers),
        http.send("PATCH", by_key, {}, headers),
    ]


@pytest.mark.parametrize("value", ["{}", "*", '"9", {}', "  {}  ", "W/{0}, {0}", '"9","8" , {}'])
def test_a_write_goes_through_when_if_match_names_the_version(http: Http, account: str, value: str) -> None:
    member = http.create(ralph(account))
    value = value.format(etag(member))
    for answer in writes(http, member, {"If-Match": value}):
        answer.ok()
    http.request("DELETE", f"/members/{member['id']}", headers={"If-Match": value}).ok(204)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("If-Match", '"1"'),  # a version alone names no state
        ("If-Match", '"2"'),
        ("If-Match", '"0", "2"'),
        ("If-Match", "W/{}"),  # a weak tag never proves that two versions are the same
        ("If-Match", '"*"'),  # in quotes it is a tag like any other
        ("If-None-Match", "*"),
        ("If-None-Match", "{}"),
        ("If-None-Match", "W/{}"),
    ],
)
def test_a_write_is_refused_when_its_condition_does_not_hold(
    http: Http, account: str, header: str, value: str
) -> None:
    member = http.create(ralph(account))
    value = value.format(etag(member))
    for answer in writes(http, member, {header: value}):
        assert etag(member) in answer.problem(412, "version_mismatch")["detail"]
    for path in (f"/members/{member['id']}", href(account, member["client_member_id"])):
        http.request("DELETE", path, headers={header: value}).problem(412, "version_mismatch")
    assert http.get(f"/members/{member['id']}").ok() == member


def test_of_two_callers_who_read_the_same_version_one_is_told(http: Http, account: str) -> None:
    """The lost update that If-Match is there for."""
    member = http.create(ralph(account))
    read = {"If-Match": http.get(f"/members/{member['id']}").headers["ETag"]}
    first = http.send("PATCH", f"/members/{member['id']}", {"first_name": "Ann"}, read)
    assert first.headers["ETag"] == etag(first.ok())
    http.send("PATCH", f"/members/{member['id']}", {"first_name": "Bob"}, read).problem(
        412, "version_mismatch"
    )
    assert http.get(f"/members/{member['id']}").ok()["first_name"] == "Ann"


def test_a_put_can_be_made_to_create_only_or_to_replace_only(http: Http, account: str) -> None:
    path, data = href(account, "42"), ralph(account, client_member_id="42")
    http.send("PUT", path, data, {"If-Match": "*"}).problem(412, "version_mismatch")
    http.get(path).problem(404, "member_not_found")
    http.send("PUT", path, data, {"If-None-Match": "*"}).ok(201)
    http.send("PUT", path, data, {"If-None-Match": "*"}).problem(412, "version_mismatch")
    http.send("PUT", path, data, {"If-Match": "*"}).ok()


@pytest.mark.parametrize("value", ["1", "", '"1', '"1" "2"', "w/1", '*, "1"', 'w/"1"'])
@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
def test_a_condition_that_is_none_is_said_to_be_malformed(
    http: Http, account: str, header: str, value: str
) -> None:
    """To ignore it would be to overwrite what the caller meant to guard."""
    member = http.create(ralph(account))
    for answer in writes(http, member, {header: value}):
        answer.problem(400, "invalid_header")
    http.request("DELETE", f"/members/{member['id']}", headers={header: value}).problem(400, "invalid_header")


@pytest.mark.parametrize("value", ["{}", "W/{}", "*", '"7", {}'])
def test_a_version_that_the_caller_has_is_not_sent_again(http: Http, account: str, value: str) -> None:
    member = http.create(ralph(account))
    for path in (f"/members/{member['id']}", href(account, member["client_member_id"])):
        held = {"If-None-Match": value.format(etag(member))}
        answer = http.get(path, headers=held)
        assert (answer.status, answer.body, answer.headers["ETag"]) == (304, b"", etag(member))
        http.send("PATCH", path, {"first_name": "Rolf"}).ok()
        if value != "*":
            http.get(path, headers=held).ok()
        http.request("DELETE", path).ok(204)
        member = http.create(ralph(account))


def test_etag_of_a_deleted_member_never_matches_its_successor(http: Http, account: str) -> None:
    """Both are at version 1; the caller has seen the first and would overwrite or remove another person."""
    old = http.create(ralph(account))
    seen = http.get(f"/members/{old['id']}").headers["ETag"]
    http.request("DELETE", f"/members/{old['id']}", headers={"If-Match": seen}).ok(204)
    new = http.create(ralph(account, first_name="Zoë"))
    assert (new["id"], new["version"]) == (old["id"], old["version"])
    for answer in writes(http, old, {"If-Match": seen}):
        answer.problem(412, "version_mismatch")
    for path in (f"/members/{old['id']}", href(account, old["client_member_id"])):
        http.request("DELETE", path, headers={"If-Match": seen}).problem(412, "version_mismatch")
        assert http.get(path, headers={"If-None-Match": seen}).ok() == new


def test_etag_tells_members_of_one_millisecond_apart(http: Http, account: str) -> None:
    """An import creates many members at once; one that takes over the id of another has its version too."""
    one = new_member(NewMember.model_validate(ralph(account, client_member_id="1")))
    two = one.model_copy(
        update={"id": member_id(account, "2"), "client_member_id": "2", "phone_number": phone_of(account, 1)}
    )
    for item in (to_item(one), to_claim(one), to_item(two), to_claim(two)):
        config.dynamodb().put_item(TableName=config.settings().table_name, Item=item)
    seen = http.send("PATCH", f"/members/{one.id}", {"first_name": "Rolf"}).headers["ETag"]
    http.request("DELETE", f"/members/{one.id}").ok(204)
    moved = http.send("PATCH", f"/members/{two.id}", {"client_member_id": "1"}).ok()
    assert (moved["id"], moved["version"], moved["created_at"]) == (one.id, 2, one.created_at)
    assert http.get(f"/members/{one.id}", headers={"If-None-Match": seen}).ok() == moved
    http.request("DELETE", f"/members/{one.id}", headers={"If-Match": seen}).problem(412, "version_mismatch")


# Imports; what becomes of their rows is told by the tests of the pipeline


def test_a_roster_in_the_body_starts_an_import(http: Http, account: str) -> None:
    csv = "first_name,last_name,phone_number,client_member_id\nRalph,Mouse,3235551234,42\n"
    query = {"account_id": account, "mode": "upsert", "filename": "may.csv"}
    answer = http.request("POST", "/imports/", csv, {"Content-Type": "text/csv"}, query)
    started = answer.ok(202)
    assert answer.headers["Location"] == f"/imports/{started['id']}"
    shown = http.get(answer.headers["Location"]).ok()
    assert shown["mode"] == "upsert"
    assert shown["status"] == "awaiting_upload"  # until the bucket has told of its new object
    assert shown["source"]["key"].endswith("/may.csv")
    assert shown.keys() == started.keys()
    assert http.get(f"/imports/{started['id']}/rejected").problem(404, "no_results")


def test_the_rejected_rows_of_an_import_are_an_address_away(
    http: Http, account: str, pipeline: Pipeline
) -> None:
    """Not in the answer itself: they may be larger than any answer of a function."""
    csv = f"account_id,first_name,last_name,phone_number,client_member_id\n{account},Ralph,Mouse,12,42\n"
    record = pipeline.run(f"drops/{account}.csv", csv)
    shown = http.get(f"/imports/{record.id}").ok()
    assert (shown["status"], shown["percent"], shown["counts"]["rejected"]) == ("completed", 100, 1)
    answer = http.get(f"/imports/{record.id}/rejected")
    assert (answer.status, answer.body) == (303, b"")
    with urlopen(answer.headers["Location"]) as file:
        assert "phone_not_possible" in file.read().decode()


def test_imports_are_listed_with_the_newest_first(http: Http, account: str) -> None:
    csv = {"Content-Type": "text/csv"}
    ids = {http.request("POST", "/imports", f"{account}-{n}", csv).ok(202)["id"] for n in range(3)}
    pages = list(http.pages("/imports", {"limit": 2}))
    assert all(len(page["items"]) == 2 for page in pages[:-1])
    listed = [item["id"] for page in pages for item in page["items"]]
    assert ids <= set(listed)
    assert listed == sorted(set(listed), reverse=True)


def test_an_import_that_is_not_there_is_not_found(http: Http) -> None:
    for path in ("/imports/nonsense", "/imports/20261123T040000Z-aaaaaaaaaa/rejected"):
        http.get(path).problem(404, "import_not_found")


# Methods, and what is nobody's fault


def test_a_method_that_a_path_does_not_take_is_said_to_be_that(http: Http) -> None:
    """API Gateway itself would answer as if there were no such path."""
    from app import app

    for path, entries in app.routes.items():
        fillers = {method for method, entry in entries.items() if entry.view_name == "method_not_allowed"}
        assert entries.keys() == {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
        for method in fillers:
            answer = http.request(method, quote(path, safe="/"))
            answer.refused(method, 405, "method_not_allowed")
            assert set(answer.headers["Allow"].split(", ")) == entries.keys() - fillers


def check_head(caller: Http, path: str, headers: dict[str, str] | None = None) -> Answer:
    """Checks that HEAD answers as GET does, without the body; returns the answer to HEAD."""
    got, head = caller.get(path, headers=headers), caller.request("HEAD", path, headers=headers)
    assert (head.status, head.body) == (got.status, b"")
    length = {"Content-Length": str(len(got.body))} if got.body else {}
    assert head.headers == {**got.headers, **length}
    return head


def test_head_answers_as_get_does_on_every_path(http: Http) -> None:
    """Successes, errors of routes and of the gateway."""
    from app import app

    statuses = set()
    for path, entries in app.routes.items():
        if entries["GET"].view_name != "method_not_allowed":
            for caller in (http, http.nobody(), http.bearer("wrong")):
                statuses.add(check_head(caller, path.replace("{", "").replace("}", "")).status)
    assert statuses == {200, 401, 404}


def test_head_of_a_member_gives_its_etag_and_length(http: Http, account: str) -> None:
    member = http.create(ralph(account, first_name="Zoë"))
    for path in (f"/members/{member['id']}", href(account, member["client_member_id"])):
        assert check_head(http, path).headers["ETag"] == etag(member)
        assert check_head(http, path, {"If-None-Match": etag(member)}).status == 304
        assert check_head(http, path, {"If-None-Match": "nonsense"}).status == 400


@pytest.mark.parametrize("path", ["/nothing", "/nothing/here", "/member/x", "/", "/members/x/y?limit=1"])
def test_unknown_path_is_not_found_whoever_asks(http: Http, path: str) -> None:
    """A 401 would send the caller to look for a fault in its credentials."""
    for authorization in (None, http.credentials["Authorization"], "Bearer wrong", "Basic bm8=", "Bearer é"):
        headers = {"Authorization": authorization} if authorization else {}
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
            answer = http.nobody().request(method, path, headers=headers)
            answer.refused(method, 404, "not_found")
            assert "WWW-Authenticate" not in answer.headers


@contextmanager
def faulty(operation: str, fault: Callable[..., Any]) -> Iterator[None]:
    """Calls of one DynamoDB operation do `fault` instead, through botocore's own event."""
    events, name = config.dynamodb().meta.events, f"before-call.dynamodb.{operation}"
    events.register_first(name, fault)
    try:
        yield
    finally:
        events.unregister(name, fault)


def test_a_throttled_table_is_a_503_that_says_when_to_try_again(http: Http, account: str) -> None:
    def throttle(**_: object) -> Any:
        error = {"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
        return AWSResponse("", 400, HTTPHeaders(), None), error

    with faulty("GetItem", throttle):
        answer = http.get(href(account, "42"))
    answer.problem(503, "busy")
    assert int(answer.headers["Retry-After"]) > 0


def test_keys_that_stay_unprocessed_are_a_503(
    http: Http, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "MAX_ATTEMPTS", 3)
    http.create(ralph(account))
    sizes = chain([None], repeat(0))  # the authorizer reads the credentials first
    with leave_unprocessed(config.dynamodb(), sizes) as left:
        answer = http.get("/members", {"phone_number": phone_of(account)})
    answer.problem(503, "busy")
    assert int(answer.headers["Retry-After"]) > 0
    assert left == [0, 1, 1, 1]


def test_a_fault_of_ours_is_a_500_that_tells_nothing(http: Http, account: str) -> None:
    def fail(**_: object) -> Any:
        raise RuntimeError("a secret")

    with faulty("GetItem", fail):
        answer = http.get(href(account, "42"))
    answer.problem(500, "internal_error")
    assert b"secret" not in answer.body


def test_a_search_for_one_member_has_no_second_page(http: Http, account: str) -> None:
    path = f"/members?account_id={account}&client_member_id=1&cursor=b25lHzE"
    assert http.get(path).problem(400, "invalid_cursor")
