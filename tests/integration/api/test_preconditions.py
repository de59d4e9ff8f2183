"""If-Match and If-None-Match."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib import config
from chalicelib.members.items import to_claim, to_item
from chalicelib.members.model import NewMember, new_member
from tests.support.api import etag_of, member_body, phone_of
from tests.support.client import Http, Response, href


def writes(http: Http, member: dict[str, Any], headers: dict[str, str]) -> list[Response]:
    """Sends each kind of write, except DELETE, with the same headers; none changes the member."""
    by_id, by_key = f"/members/{member['id']}", href(member["account_id"], member["client_member_id"])
    return [
        http.send("PUT", by_id, member, headers),
        http.send("PUT", by_key, member, headers),
        http.send("PATCH", by_id, {}, headers),
        http.send("PATCH", by_key, {}, headers),
    ]


@pytest.mark.parametrize("value", ["{}", "*", '"9", {}', "  {}  ", "W/{0}, {0}", '"9","8" , {}'])
def test_write_succeeds_if_if_match_has_current_etag(http: Http, account: str, value: str) -> None:
    member = http.create(member_body(account))
    value = value.format(etag_of(member))
    for response in writes(http, member, {"If-Match": value}):
        response.ok()
    http.request("DELETE", f"/members/{member['id']}", headers={"If-Match": value}).ok(204)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("If-Match", '"1"'),  # a version without its time
        ("If-Match", '"2"'),
        ("If-Match", '"0", "2"'),
        ("If-Match", "W/{}"),  # If-Match requires a strong comparison
        ("If-Match", '"*"'),  # in quotes it is an ordinary tag
        ("If-None-Match", "*"),
        ("If-None-Match", "{}"),
        ("If-None-Match", "W/{}"),
    ],
)
def test_write_is_rejected_if_precondition_fails(http: Http, account: str, header: str, value: str) -> None:
    member = http.create(member_body(account))
    value = value.format(etag_of(member))
    for response in writes(http, member, {header: value}):
        assert etag_of(member) in response.problem(412, "precondition_failed")["detail"]
    for path in (f"/members/{member['id']}", href(account, member["client_member_id"])):
        http.request("DELETE", path, headers={header: value}).problem(412, "precondition_failed")
    assert http.get(f"/members/{member['id']}").ok() == member


def test_second_writer_of_same_version_is_rejected(http: Http, account: str) -> None:
    """If-Match prevents this lost update."""
    member = http.create(member_body(account))
    read = {"If-Match": http.get(f"/members/{member['id']}").headers["ETag"]}
    first = http.send("PATCH", f"/members/{member['id']}", {"first_name": "Ann"}, read)
    assert first.headers["ETag"] == etag_of(first.ok())
    http.send("PATCH", f"/members/{member['id']}", {"first_name": "Bob"}, read).problem(
        412, "precondition_failed"
    )
    assert http.get(f"/members/{member['id']}").ok()["first_name"] == "Ann"


def test_put_can_be_limited_to_create_or_replace(http: Http, account: str) -> None:
    path, data = href(account, "42"), member_body(account, client_member_id="42")
    http.send("PUT", path, data, {"If-Match": "*"}).problem(412, "precondition_failed")
    http.get(path).problem(404, "member_not_found")
    http.send("PUT", path, data, {"If-None-Match": "*"}).ok(201)
    http.send("PUT", path, data, {"If-None-Match": "*"}).problem(412, "precondition_failed")
    http.send("PUT", path, data, {"If-Match": "*"}).ok()


@pytest.mark.parametrize("value", ["1", "", '"1', '"1" "2"', "w/1", '*, "1"', 'w/"1"'])
@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
def test_malformed_precondition_is_rejected(http: Http, account: str, header: str, value: str) -> None:
    """Ignoring it would overwrite a version that the caller wants to keep."""
    member = http.create(member_body(account))
    for response in writes(http, member, {header: value}):
        response.problem(400, "invalid_header")
    http.request("DELETE", f"/members/{member['id']}", headers={header: value}).problem(400, "invalid_header")


@pytest.mark.parametrize("value", ["{}", "W/{}", "*", '"7", {}'])
def test_get_of_known_version_returns_304(http: Http, account: str, value: str) -> None:
    member = http.create(member_body(account))
    for path in (f"/members/{member['id']}", href(account, member["client_member_id"])):
        known = {"If-None-Match": value.format(etag_of(member))}
        response = http.get(path, headers=known)
        assert (response.status, response.body, response.headers["ETag"]) == (304, b"", etag_of(member))
        http.send("PATCH", path, {"first_name": "Rolf"}).ok()
        if value != "*":
            http.get(path, headers=known).ok()
        http.request("DELETE", path).ok(204)
        member = http.create(member_body(account))


def test_etag_of_deleted_member_never_matches_its_successor(http: Http, account: str) -> None:
    """Both have version 1; the caller knows the first and would change another person."""
    old = http.create(member_body(account))
    seen = http.get(f"/members/{old['id']}").headers["ETag"]
    http.request("DELETE", f"/members/{old['id']}", headers={"If-Match": seen}).ok(204)
    new = http.create(member_body(account, first_name="Zoë"))
    assert (new["id"], new["version"]) == (old["id"], old["version"])
    for response in writes(http, old, {"If-Match": seen}):
        response.problem(412, "precondition_failed")
    for path in (f"/members/{old['id']}", href(account, old["client_member_id"])):
        http.request("DELETE", path, headers={"If-Match": seen}).problem(412, "precondition_failed")
        assert http.get(path, headers={"If-None-Match": seen}).ok() == new


def test_members_created_in_one_millisecond_have_different_etags(http: Http, account: str) -> None:
    """An import creates many members in one millisecond; one can later move to the id of another."""
    one = new_member(NewMember.model_validate(member_body(account, client_member_id="1")))
    two = replace(one, client_member_id="2", phone_number=phone_of(account, 1))
    for item in (to_item(one), to_claim(one), to_item(two), to_claim(two)):
        config.dynamodb().put_item(TableName=config.settings().table_name, Item=item)
    seen = http.send("PATCH", f"/members/{one.id}", {"first_name": "Rolf"}).headers["ETag"]
    http.request("DELETE", f"/members/{one.id}").ok(204)
    moved = http.send("PATCH", f"/members/{two.id}", {"client_member_id": "1"}).ok()
    assert (moved["id"], moved["version"], moved["created_at"]) == (one.id, 2, one.created_at)
    assert http.get(f"/members/{one.id}", headers={"If-None-Match": seen}).ok() == moved
    http.request("DELETE", f"/members/{one.id}", headers={"If-Match": seen}).problem(
        412, "precondition_failed"
    )
