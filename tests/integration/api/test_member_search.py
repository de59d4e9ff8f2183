"""GET /members: which members the filters find."""

from datetime import datetime, timedelta, timezone
from itertools import permutations
from urllib.parse import quote

import pytest

from chalicelib.members.model import member_id
from tests.support.api import member_body, phone_of
from tests.support.client import Http


@pytest.mark.parametrize("path", ["/members", "/members/", "/member", "/member/"])
def test_search_by_account_finds_its_members(http: Http, account: str, path: str) -> None:
    member = http.create(member_body(account))
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
def test_search_by_phone_number_accepts_any_common_format(http: Http, account: str, spelling: str) -> None:
    phone = phone_of(account)
    spelled = spelling.format(phone[2:5], phone[5:8], phone[8:])
    one = http.create(member_body(account))
    two = http.create(member_body(account, account_id=f"{account}-b"))
    assert http.get("/members", {"phone_number": spelled}).ok()["items"] == [one, two]


def test_unescaped_plus_in_query_keeps_its_country_code(http: Http, account: str) -> None:
    """`curl '…?phone_number=+1323…'` does not escape the plus, and a plus in a query means a space."""
    member = http.create(member_body(account, phone_number="+442071838750"))
    found = http.get(f"/members?phone_number=+442071838750&account_id={account}").ok()
    assert found["items"] == [member]


def test_search_by_client_member_id_finds_all_accounts(http: Http, account: str) -> None:
    one = http.create(member_body(account))
    two = http.create(member_body(account, account_id=f"{account}-b"))
    assert http.get("/members", {"client_member_id": f" {account}-42 "}).ok()["items"] == [one, two]


def test_look_alike_spellings_find_one_member(http: Http, account: str) -> None:
    """Bodies, queries and paths are normalized alike."""
    client_id = "\u200bA\u20111\u00a0\u0662"
    body = member_body(account, client_member_id=client_id, phone_number=f"\u202a{phone_of(account)}\u202c")
    member = http.create(body)
    assert member["client_member_id"] == "A-1 2"
    assert member["phone_number"] == phone_of(account)
    assert http.get("/members", {"client_member_id": client_id, "account_id": account}).ok()["items"] == [
        member
    ]
    assert http.get("/members", {"phone_number": f"\u200b{phone_of(account)}", "account_id": account}).ok()[
        "items"
    ]
    for spelling in ("A-1 2", "\uff21\u20131\u202f\uff12", "A\u20101 \u06f2\ufeff"):
        assert http.get(f"/accounts/{account}/members/{quote(spelling)}").ok() == member
    invisible = quote("A\u00ad-1 2")
    assert http.get(f"/accounts/{account}/members/{invisible}").status == 400


def test_search_by_id_finds_one_member(http: Http, account: str) -> None:
    member = http.create(member_body(account))
    assert http.get("/members", {"id": member["id"]}).ok()["items"] == [member]
    assert http.get("/members", {"id": member_id(account, "nobody")}).ok()["items"] == []


def test_all_filters_must_match(http: Http, account: str) -> None:
    member = http.create(member_body(account))
    other = http.create(
        member_body(f"{account}-b", client_member_id="other", phone_number=phone_of(account, 1))
    )
    names = ("id", "account_id", "client_member_id", "phone_number")
    true, false = ({name: each[name] for name in names} for each in (member, other))
    for one, two in permutations(names, 2):
        both = {one: true[one], two: true[two]}
        assert http.get("/members", both).ok()["items"] == [member], both
        contradicting = {one: true[one], two: false[two]}
        assert http.get("/members", contradicting).ok() == {"items": [], "next": None}, contradicting
    assert http.get("/members", true).ok()["items"] == [member]


def test_last_name_filter_ignores_case_and_accents(http: Http, account: str) -> None:
    names = ["Mo", "MOUSE", "mouse", "Möuse", "Mousetrap", "Rat", "Đặng"]
    for number, name in enumerate(names):
        http.create(
            member_body(
                account, client_member_id=str(number), last_name=name, phone_number=phone_of(account, number)
            )
        )

    def found(prefix: str, **more: object) -> list[str]:
        query = {"account_id": account, "last_name": prefix, **more}
        return [item["last_name"] for page in http.pages("/members", query) for item in page["items"]]

    assert found("mOUSE") == ["MOUSE", "mouse", "Möuse", "Mousetrap"]
    assert found("mö", limit=1) == ["Mo", "MOUSE", "mouse", "Möuse", "Mousetrap"]
    assert found("dang") == ["Đặng"]
    assert found("mö", limit=1, order="desc") == ["Mousetrap", "Möuse", "mouse", "MOUSE", "Mo"]
    assert found("x") == []
    # It also applies to a search for one member.
    assert found("rat", client_member_id="5") == ["Rat"]
    assert found("rat", client_member_id="4") == []


def test_last_name_filter_requires_account(http: Http) -> None:
    problem = http.get("/members", {"last_name": "Mouse"}).problem(400, "invalid_parameter")
    assert problem["errors"][0]["code"] == "account_required"


def test_name_and_last_digits_find_people(http: Http, account: str) -> None:
    people = [("Ann", "Nguyễn"), ("Änne", "Nguyen"), ("Bo", "Nguyễn"), ("Ann", "Lee")]
    for n, (first, last) in enumerate(people):
        ids = {"client_member_id": str(n), "phone_number": phone_of(account, n)}
        http.create(member_body(account, first_name=first, last_name=last, **ids))

    def found(**query: str) -> list[str]:
        pages = http.pages("/members", {"account_id": account, "limit": 1, **query})
        return [item["client_member_id"] for page in pages for item in page["items"]]

    assert found(name="an nguy") == found(name="NGUYEN, an") == ["0", "1"]
    assert found(name="nguyễn") == ["0", "1", "2"]
    assert found(phone_ends_with=phone_of(account, 2)[-7:]) == ["2"]
    assert found(phone_ends_with=phone_of(account, 2)[-7:], name="ann") == []


QUERIES = [
    # each query with the pointer and the code of its error
    ("limit=0", ("?limit", "out_of_range")),
    ("limit=501", ("?limit", "out_of_range")),
    ("limit=-1", ("?limit", "out_of_range")),
    ("limit=1.5", ("?limit", "out_of_range")),
    ("limit=ten", ("?limit", "out_of_range")),
    ("limit=", ("?limit", "out_of_range")),
    ("limit=%D9%A3", ("?limit", "out_of_range")),  # a digit to Python's int()
    ("limit=" + "9" * 5000, ("?limit", "out_of_range")),  # more digits than Python's int() accepts
    ("limit=5&limit=6", ("?limit", "repeated_parameter")),
    ("phone=3235551234", ("?phone", "unknown_parameter")),  # ignored, it would list all members
    ("Account_id=1", ("?Account_id", "unknown_parameter")),
    ("%00=1", ("?\x00", "unknown_parameter")),
    ("account_id=", ("?account_id", "blank")),
    ("account_id=a%00b", ("?account_id", "control_character")),
    ("account_id=" + "x" * 65, ("?account_id", "too_long")),
    ("account_id=1&account_id=2", ("?account_id", "repeated_parameter")),
    ("client_member_id=%20", ("?client_member_id", "blank")),
    ("phone_number=junk", ("?phone_number", "phone_not_a_number")),
    ("phone_number=555-1234", ("?phone_number", "phone_not_possible")),
    ("phone_number=3235551234x42", ("?phone_number", "phone_extension")),
    ("last_name=Mouse", ("?last_name", "account_required")),
    ("account_id=1&last_name=", ("?last_name", "blank")),
    ("name=Mouse", ("?name", "account_required")),
    ("phone_ends_with=1234", ("?phone_ends_with", "account_required")),
    ("account_id=1&phone_ends_with=12", ("?phone_ends_with", "wrong_form")),
    ("account_id=1&phone_ends_with=555-1234", ("?phone_ends_with", "wrong_form")),
    ("order=desc", ("?order", "account_required")),  # all members come in no order
    ("account_id=1&order=down", ("?order", "unknown_value")),
    ("account_id=1&order=asc&modified_since=2026-11-23T05:24:48Z", ("?order", "unknown_parameter")),
    ("account_id=1&order=desc&name=x", ("?order", "unknown_parameter")),
    ("id=nonsense", ("?id", "invalid_id")),
    ("id=", ("?id", "invalid_id")),
    ("id=MR80Mg==", ("?id", "invalid_id")),  # an id has no padding
    ("id=%F0%9F%90%AD", ("?id", "invalid_id")),
]


@pytest.mark.parametrize(("query", "wrong"), QUERIES, ids=[query[:40] for query, _ in QUERIES])
def test_invalid_query_parameter_is_named(http: Http, query: str, wrong: tuple[str, str]) -> None:
    problem = http.get(f"/members?{query}").problem(400, "invalid_parameter")
    assert [(e["pointer"], e["code"]) for e in problem["errors"]] == [wrong]


def test_contradicting_filters_do_not_hide_invalid_limit(http: Http) -> None:
    contradicting = {"id": member_id("1", "2"), "account_id": "3", "limit": "none"}
    http.get("/members", contradicting).problem(400, "invalid_parameter")


def test_members_changed_since_a_time_are_found(http: Http, account: str) -> None:
    first = http.create(member_body(account))
    http.create(member_body(account, client_member_id="2", phone_number=phone_of(account, 2)))
    changed = http.send("PATCH", f"/members/{first['id']}", {"first_name": "Minnie"}).ok()
    moment = datetime.fromisoformat(changed["last_modified"]).astimezone(timezone(timedelta(hours=2)))
    for text in (changed["last_modified"], moment.isoformat(), moment.isoformat().replace("+", " ")):
        found = http.get("/members", {"account_id": account, "modified_since": text}).ok()
        assert found == {"items": [changed], "next": None}
    for ids in ({"client_member_id": "2"}, {"phone_number": phone_of(account, 2)}):
        query = {"account_id": account, "modified_since": changed["last_modified"], **ids}
        assert http.get("/members", query).ok()["items"] == []


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-11-23", "2026-11-23T05:24:48", "1e9", "9999-12-31T23:59:59-14:00"]
)
def test_time_without_zone_is_refused(http: Http, account: str, text: str) -> None:
    query = {"account_id": account, "modified_since": text}
    problem = http.get("/members", query).problem(400, "invalid_parameter")
    assert [(one["pointer"], one["code"]) for one in problem["errors"]] == [("?modified_since", "wrong_form")]


def test_search_by_time_needs_an_account(http: Http) -> None:
    problem = http.get("/members", {"modified_since": "2026-11-23T05:24:48Z"}).problem(
        400, "invalid_parameter"
    )
    assert [(one["pointer"], one["code"]) for one in problem["errors"]] == [
        ("?modified_since", "account_required")
    ]
