"""POST /members/batch: the outcome of each member, under the rules of a file."""

from typing import Any

import pytest

from chalicelib import config
from chalicelib.dynamodb import retries
from tests.integration.api.conftest import Grant
from tests.support.api import member_body, phone_of
from tests.support.client import FORM, Http, href
from tests.support.metering import calls
from tests.support.request_faults import error_response, inject_faults, lose_response
from tests.support.tables import members_of

THROTTLE = error_response("ThrottlingException", 400)


def body(account: str, number: int, **changes: object) -> dict[str, object]:
    """Returns the body of a member; each number gives another one."""
    ids = {"client_member_id": str(number), "phone_number": phone_of(account, number)}
    return member_body(account, **(ids | changes))


def send(http: Http, members: list[Any], mode: str = "create") -> list[Any]:
    """Returns the items of a batch."""
    found: list[Any] = http.send("POST", "/members/batch", {"mode": mode, "members": members}).ok()["items"]
    assert len(found) == len(members)
    return found


def statuses(items: list[Any]) -> list[int]:
    return [item["status"] for item in items]


def test_new_members_are_returned_as_they_are_stored(http: Http, account: str) -> None:
    items = send(http, [body(account, n) for n in range(120)])
    assert statuses(items) == [201] * 120
    assert [item["member"]["client_member_id"] for item in items] == [str(n) for n in range(120)]
    assert http.get(href(account, "7")).ok() == items[7]["member"]
    assert len(members_of(account)) == 120
    assert {item["member"]["created_by"] for item in items} == {"token:tests"}


def test_batch_twice_changes_nothing(http: Http, account: str) -> None:
    """So it may be sent again after a timeout."""
    members = [body(account, n) for n in range(60)]
    first, again = send(http, members), send(http, members)
    assert statuses(again) == [200] * 60
    assert [item["member"] for item in again] == [item["member"] for item in first]
    assert {item["outcome"] for item in again} == {"unchanged"}


def test_bad_member_does_not_affect_its_neighbours(http: Http, account: str) -> None:
    http.create(body(account, 1))
    items = send(
        http,
        [
            body(account, 2),
            body(account, 1, first_name="Other"),
            body(account, 3, phone_number=phone_of(account, 1)),
            body(account, 4, phone_number="12", last_name=" "),
            "no member",
            body(account, 5, phone_number=phone_of(account, 2)),
            body(account, 6, typo=1),
            body(account, 7),
        ],
    )
    assert statuses(items) == [201, 409, 409, 422, 422, 409, 422, 201]
    assert set(members_of(account)) == {"1", "2", "7"}
    codes = [[error["code"] for error in item["problem"]["errors"]] for item in items if "problem" in item]
    assert codes == [
        ["client_member_id_taken"],
        ["phone_number_taken"],
        ["blank", "phone_not_possible"],
        ["wrong_type"],
        ["phone_number_taken"],
        ["unknown_field"],
    ]
    taken = items[2]["problem"]["errors"][0]
    assert taken["pointer"] == "#/members/2/phone_number"
    assert http.get(taken["member"]["href"]).ok()["client_member_id"] == "1"
    assert items[4]["problem"]["errors"][0]["pointer"] == "#/members/4"


def test_upsert_changes_sent_fields_and_keeps_history(http: Http, account: str) -> None:
    old = http.create(body(account, 1))
    ids = {"account_id": account, "client_member_id": "1"}
    items = send(
        http, [ids | {"first_name": "Minnie"}, body(account, 2), ids | {"client_member_id": "3"}], "upsert"
    )
    assert statuses(items) == [200, 201, 422]
    assert items[0]["member"]["first_name"] == "Minnie"
    assert items[0]["member"]["phone_number"] == old["phone_number"]
    assert items[2]["problem"]["errors"][0]["pointer"] == "#/members/2/first_name"
    changes = [one["changes"] for one in http.get(f"/members/{old['id']}/history").ok()["items"]]
    assert changes[0] == {"first_name": {"from": "Ralph", "to": "Minnie"}}
    assert members_of(account).keys() == {"1", "2"}


def test_upsert_exchanges_phone_numbers(http: Http, account: str) -> None:
    one, two = (http.create(body(account, n)) for n in (1, 2))
    swapped = [
        body(account, 1, phone_number=two["phone_number"]),
        body(account, 2, phone_number=one["phone_number"]),
        body(account, 3, phone_number=one["phone_number"]),
    ]
    items = send(http, swapped, "upsert")
    assert statuses(items) == [200, 200, 409]
    assert [item["member"]["version"] for item in items[:2]] == [2, 2]
    assert items[2]["problem"]["errors"][0]["member"]["id"] == two["id"]
    assert members_of(account)["1"].phone_number == two["phone_number"]


def test_repeated_member_is_settled_in_order(http: Http, account: str) -> None:
    members = [body(account, 1, first_name=name) for name in ("Ann", "Ben", "Ann")]
    assert statuses(send(http, members)) == [201, 409, 200]
    assert statuses(send(http, members, "upsert")) == [200, 200, 200]
    assert members_of(account)["1"].first_name == "Ann"


def test_last_upsert_wins(http: Http, account: str) -> None:
    """As PUT does: a batch has no file that could be older than the member."""
    http.create(body(account, 1))
    for name in ("Ann", "Ben"):
        assert statuses(send(http, [body(account, 1, first_name=name)], "upsert")) == [200]
    assert members_of(account)["1"].first_name == "Ben"


def test_member_of_other_account_is_refused_alone(mine: Http, account: str, other: str) -> None:
    items = send(mine, [body(account, 1), body(other, 1)])
    assert statuses(items) == [201, 403]
    assert items[1]["problem"]["code"] == "account_forbidden"


def test_batch_needs_permission_to_write(grant: Grant, account: str) -> None:
    reader = grant(["members:read"], [account])
    reader.send("POST", "/members/batch", {"members": [body(account, 1)]}).problem(403, "forbidden")


@pytest.mark.parametrize(
    ("sent", "pointer", "code"),
    [
        ({"members": []}, "#/members", "out_of_range"),
        ({"members": [{}] * 501}, "#/members", "out_of_range"),
        ({"members": {}}, "#/members", "wrong_type"),
        ({}, "#/members", "missing"),
        ({"members": [{}], "mode": "delete"}, "#/mode", "unknown_value"),
        ({"members": [{}], "dry_run": True}, "#/dry_run", "unknown_field"),
    ],
)
def test_unusable_batch_is_refused(http: Http, sent: object, pointer: str, code: str) -> None:
    errors = http.send("POST", "/members/batch", sent).problem(422, "invalid")["errors"]
    assert [(one["pointer"], one["code"]) for one in errors] == [(pointer, code)]


def test_answer_to_a_batch_of_errors_is_bounded(http: Http) -> None:
    """Lambda returns 6 MB at most, and the caller has to learn what became of the other members."""
    wrong = {f"{number:064}": "" for number in range(60)}
    response = http.send("POST", "/members/batch", {"members": [wrong] * 500})
    [first, *_] = response.ok()["items"]
    assert first["problem"]["errors"][-1]["detail"] == "55 more errors are not listed."
    assert len(response.body) < 3_000_000


def test_batch_must_be_json(http: Http) -> None:
    http.request("POST", "/members/batch", b"members=1", {"Content-Type": FORM}).problem(
        415, "unsupported_media_type"
    )


def test_largest_batch_is_written(http: Http, account: str) -> None:
    names = {"first_name": "\U0001f98a" * 64, "last_name": "\u00e9" * 64}
    items = send(http, [body(account, n, **names) for n in range(500)])
    assert statuses(items) == [201] * 500


def test_lost_response_of_table_counts_member_once(http: Http, account: str) -> None:
    with inject_faults(config.dynamodb(), "TransactWriteItems", lose_response):
        items = send(http, [body(account, n) for n in range(3)])
    assert statuses(items) == [201] * 3


def test_members_without_capacity_may_be_sent_again(
    http: Http, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "MAX_ATTEMPTS", 1)
    members = [body(account, n) for n in range(60)]
    with inject_faults(config.dynamodb(), "TransactWriteItems", THROTTLE):
        response = http.send("POST", "/members/batch", {"members": members})
    assert sorted(set(statuses(response.ok()["items"]))) == [201, 503]
    assert response.headers["Retry-After"] == "1"
    assert set(statuses(send(http, members))) == {200, 201}
    assert len(members_of(account)) == 60


def test_batch_without_any_capacity_is_refused(
    http: Http, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "MAX_ATTEMPTS", 1)
    with inject_faults(config.dynamodb(), "TransactWriteItems", THROTTLE):
        response = http.send("POST", "/members/batch", {"members": [body(account, 1)]})
    response.problem(503, "busy")


def test_twenty_members_take_a_fifth_of_the_requests(http: Http, account: str) -> None:
    """Requests to AWS, each of which takes about as long; not the time, which depends on the machine."""
    with calls() as single:
        for n in range(20):
            http.create(body(account, n))
    with calls() as together:
        assert statuses(send(http, [body(account, n) for n in range(20, 40)])) == [201] * 20
    assert 5 * len(together) <= len(single)
    with calls() as changed:
        send(http, [body(account, n, first_name="Minnie") for n in range(20)], "upsert")
    assert 5 * len(changed) <= len(single)
