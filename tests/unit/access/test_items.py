"""Stored forms of users, tokens and sessions."""

import json

from chalicelib.access.items import (
    StoredSession,
    StoredToken,
    StoredUser,
    session_from_item,
    session_item,
    stored_from_item,
    stored_item,
)

MOMENT = "2026-11-23T04:00:00.000Z"
USER = StoredUser(
    name="ann",
    groups=["editors"],
    active=True,
    created_at=MOMENT,
    last_login=MOMENT,
    version=3,
    password="scrypt:…",
    credential_version=7,
)
TOKEN = StoredToken(
    name="sync",
    groups=[],
    created_at=MOMENT,
    created_by=None,
    expires_at=MOMENT,
    last_used=None,
    secret="digest",
)
SESSION = StoredSession("digest", 7, 1_800_000_000, 1_799_999_999.5)


def test_items_round_trip() -> None:
    assert stored_from_item(stored_item(USER, version=3), StoredUser) == USER
    assert stored_from_item(stored_item(TOKEN, expires_at=1_800_000_000), StoredToken) == TOKEN
    assert session_from_item(session_item("ann/1", SESSION)) == SESSION


def test_shown_users_and_tokens_have_no_secrets() -> None:
    assert "password" not in USER.without_secrets().model_dump()
    assert "secret" not in TOKEN.without_secrets().model_dump()


def test_items_with_former_name_of_credential_version_are_read() -> None:
    user, session = stored_item(USER, version=3), session_item("ann/1", SESSION)
    record = json.loads(user["record"]["S"])
    record["epoch"], session["epoch"] = record.pop("credential_version"), session.pop("credential_version")
    assert stored_from_item({**user, "record": {"S": json.dumps(record)}}, StoredUser) == USER
    assert session_from_item(session) == SESSION
