"""Rules of the bodies for users and groups."""

import pytest

from chalicelib.access.model import NewGroup, NewUser
from chalicelib.access.permissions import ALL_ACCOUNTS
from chalicelib.errors import Invalid
from chalicelib.fields.validation import validate


@pytest.mark.parametrize(
    "body",
    [
        {"name": "Ann", "password": "correct horse battery"},
        {"name": "a:b", "password": "correct horse battery"},
        {"name": "", "password": "correct horse battery"},
        {"name": "a" * 65, "password": "correct horse battery"},
        {"name": "ann", "password": "eleven char"},
        {"name": "ann", "password": "x" * 257},
        {"name": "ann", "password": "correct horse battery", "admin": True},
        {"name": "ann", "password": "correct horse battery", "groups": "admins"},
    ],
)
def test_invalid_user_error_does_not_quote_password(body: dict[str, object]) -> None:
    with pytest.raises(Invalid) as error:
        validate(NewUser, body)
    assert str(body["password"]) not in repr(error.value.errors)


def test_group_accounts_are_ids_or_all_accounts() -> None:
    body = {"name": "clinic", "permissions": ["members:read"], "accounts": [7, " 08 "]}
    assert validate(NewGroup, body).accounts == ["7", "08"]
    assert validate(NewGroup, {**body, "accounts": "*"}).accounts == ALL_ACCOUNTS
    for invalid in ("7", ["7"] * 101, [""], None):
        with pytest.raises(Invalid):
            validate(NewGroup, {**body, "accounts": invalid})
