"""GET /members: pages and cursors."""

import base64
from itertools import pairwise
from urllib.parse import quote

import pytest

from chalicelib.dynamodb.items import Item
from chalicelib.members.folding import fold_name
from chalicelib.members.items import to_claim, to_item
from chalicelib.members.model import NewMember, member_id, new_member
from tests.support.api import RALPH, member_body, phone_of
from tests.support.bulk import put_items
from tests.support.client import Http, href


@pytest.fixture(scope="module")
def crowd(settings: object) -> str:
    """Returns an account of 1,000 members, many with equal names, written directly to the table."""
    account = "acc-crowd"
    items: list[Item] = []
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
        items += [to_item(member), to_claim(member)]
    put_items(items)
    return account


def test_pages_list_each_member_once_in_name_order(http: Http, crowd: str) -> None:
    pages = list(http.pages("/members", {"account_id": crowd, "limit": 37}))
    assert [len(page["items"]) for page in pages] == [37] * 27 + [1]
    seen = [item for page in pages for item in page["items"]]
    assert sorted(item["client_member_id"] for item in seen) == [f"{number:04}" for number in range(1000)]
    order = [(fold_name(m["last_name"]), fold_name(m["first_name"]), m["client_member_id"]) for m in seen]
    assert all(one < two for one, two in pairwise(order))


def test_next_cursor_equals_cursor_in_link_header(http: Http, crowd: str) -> None:
    first = http.get("/member", {"account_id": crowd, "limit": 500})
    assert f"cursor={first.ok()['next']}" in first.headers["Link"]
    second = http.get("/members", {"account_id": crowd, "limit": 500, "cursor": first.json["next"]})
    assert second.ok()["next"] is None
    assert "Link" not in second.headers
    assert len({item["id"] for item in first.json["items"] + second.json["items"]}) == 1000


def test_default_page_has_hundred_members(http: Http, crowd: str) -> None:
    assert len(http.get("/members", {"account_id": crowd}).ok()["items"]) == 100


def test_full_last_page_has_no_next(http: Http, crowd: str) -> None:
    pages = list(http.pages("/members", {"account_id": crowd, "limit": 250}))
    assert [len(page["items"]) for page in pages] == [250] * 4


def test_writes_while_paging_do_not_affect_other_members(http: Http, account: str) -> None:
    """A cursor is a position in the order, not a count."""
    for number in range(12):
        http.create(
            member_body(account, client_member_id=f"{number:02}", phone_number=phone_of(account, number))
        )
    seen = []
    for page in http.pages("/members", {"account_id": account, "limit": 5}):
        seen += [item["client_member_id"] for item in page["items"]]
        if len(seen) == 5:
            http.request("DELETE", href(account, "04")).ok(204)  # the member that the cursor names
            http.request("DELETE", href(account, "01")).ok(204)
            http.create(member_body(account, client_member_id="00a", phone_number=phone_of(account, 50)))
    assert seen == [f"{number:02}" for number in range(12)]


@pytest.mark.parametrize("filters", [["phone_number"], ["client_member_id"]])
def test_search_over_all_accounts_is_paged(http: Http, account: str, filters: list[str]) -> None:
    members = [http.create(member_body(account, account_id=f"{account}-{n}")) for n in range(5)]
    query = {name: members[0][name] for name in filters} | {"limit": 2}
    pages = list(http.pages("/members", query))
    assert [len(page["items"]) for page in pages] == [2, 2, 1]
    assert [item for page in pages for item in page["items"]] == members


def test_search_without_filter_lists_all_members(http: Http, account: str, crowd: str) -> None:
    mine = http.create(member_body(account))
    ids = [item["id"] for page in http.pages("/members", {"limit": 300}) for item in page["items"]]
    assert len(ids) == len(set(ids))
    assert {mine["id"], *(member_id(crowd, f"{n:04}") for n in range(1000))} <= set(ids)


def test_search_for_one_member_rejects_every_cursor(http: Http, account: str) -> None:
    path = f"/members?account_id={account}&client_member_id=1&cursor=b25lHzE"
    assert http.get(path).problem(400, "invalid_cursor")


def cursor_of(*parts: str) -> str:
    return base64.urlsafe_b64encode("\x1f".join(parts).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("query", ["", "account_id=1", "phone_number=3235551234", "client_member_id=1"])
@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "random",
        "🐭",
        "%FF",
        "a" * 6000,
        cursor_of("other", "1"),
        cursor_of("name", "a"),
        cursor_of("name", "a", "b", "c", "d"),
        cursor_of("name", "", "", ""),
        cursor_of("all", "x" * 65, "a", "b", "c"),
        cursor_of("phone"),
        cursor_of("phone", ""),
        cursor_of("client", "x" * 65),
        base64.urlsafe_b64encode(b"name\x1f\xff\x1fa\x1fb").decode(),
    ],
)
def test_invented_cursor_is_rejected(http: Http, query: str, cursor: str) -> None:
    http.get(f"/members?{query}&cursor={quote(cursor)}").problem(400, "invalid_cursor")


@pytest.fixture(scope="module")
def cursors(http: Http) -> dict[str, str]:
    """Returns a valid cursor of each search, by its query."""
    for number in range(4):
        account, client, phone = f"cursors-{number // 2}", f"c{number % 2}", f"32366600{number % 2:02}"
        ids = {"account_id": account, "client_member_id": client}
        http.create(RALPH | ids | {"phone_number": phone})
    queries = ["", "account_id=cursors-0", "client_member_id=c0", "phone_number=3236660000"]
    return {query: http.get(f"/members?{query}&limit=1").ok()["next"] for query in queries}


def test_cursor_is_valid_for_its_own_search_only(http: Http, cursors: dict[str, str]) -> None:
    for query in cursors:
        for other, cursor in cursors.items():
            response = http.get(f"/members?{query}&limit=1&cursor={cursor}")
            if query == other:
                assert len(response.ok()["items"]) == 1
            else:
                response.problem(400, "invalid_cursor")


def test_modified_cursor_selects_page_or_is_rejected(http: Http, cursors: dict[str, str]) -> None:
    """A cursor contains only a position, so a modified one reveals nothing."""
    for query, cursor in cursors.items():
        for index in range(len(cursor)):
            changed = cursor[:index] + ("A" if cursor[index] != "A" else "B") + cursor[index + 1 :]
            response = http.get(f"/members?{query}&cursor={changed}")
            if response.status != 200:
                response.problem(400, "invalid_cursor")
