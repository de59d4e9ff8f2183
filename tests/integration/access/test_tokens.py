"""Tokens in the table."""

import pytest

from chalicelib import config
from chalicelib.access.model import NewToken
from chalicelib.errors import Conflict, NotFound
from chalicelib.services import Services


def test_token_is_stored_without_its_secret_until_revoked(fresh: Services) -> None:
    tokens = fresh.tokens
    token, text = tokens.create(NewToken(name="sync", groups=["editors"], days=1), "user:ann")
    assert (token.name, token.groups, token.created_by) == ("sync", ["editors"], "user:ann")
    assert tokens.get("sync") == token
    secret = text.partition(".")[2]
    assert secret
    assert secret not in str(config.dynamodb().scan(TableName=fresh.settings.table_name)["Items"])
    with pytest.raises(Conflict, match="A token of this name exists already"):
        tokens.create(NewToken(name="sync", groups=[]))
    assert [t.name for t in tokens.page(10)] == ["sync"]
    tokens.revoke("sync")
    for call in (tokens.get, tokens.revoke):
        with pytest.raises(NotFound):
            call("sync")
