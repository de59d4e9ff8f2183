"""Plants faults in a table, as edits by hand and half a restore would leave them."""

from typing import Any

from chalicelib import config
from chalicelib.dynamodb.items import Item, key_of, key_pair
from chalicelib.members.items import claim_key, member_key, to_claim, to_item
from chalicelib.members.model import Member, new_member
from tests.support.people import person, phone


class Plants:
    """Puts items in the module's table, past all conditions. Members and numbers are those of `person`."""

    def __init__(self, account: str) -> None:
        self.account = account
        self._client, self._table = config.dynamodb(), config.settings().table_name

    def put(self, item: Item) -> None:
        """Stores an item."""
        self._client.put_item(TableName=self._table, Item=item)

    def delete(self, key: Item) -> None:
        """Deletes an item."""
        self._client.delete_item(TableName=self._table, Key=key_of(*key_pair(key)))

    def member(self, number: int, claimed: str = "", **attributes: Any) -> Member:
        """Stores a member and the claim on its number, or on another, by name of the member; "-" for none."""
        member = new_member(person(self.account, number))
        self.put(to_item(member) | attributes)
        if claimed != "-":
            self.claim(number, claimed or member.client_member_id)
        return member

    def claim(self, number: int, client_member_id: str, **attributes: Any) -> None:
        """Stores a claim on a number for a member."""
        claim = to_claim(new_member(person(self.account, number, client_member_id=client_member_id)))
        self.put(claim | attributes)

    def claim_key(self, number: int) -> Item:
        """Returns the key of the claim on a number."""
        return claim_key(self.account, phone(number))

    def member_key(self, number: int) -> Item:
        """Returns the key of a member."""
        return member_key(self.account, f"m{number}")


def all_items() -> dict[tuple[str, str], Item]:
    """Returns every item of the module's table by its key."""
    pages = config.dynamodb().get_paginator("scan")
    found = pages.paginate(TableName=config.settings().table_name, ConsistentRead=True)
    return {key_pair(item): item for page in found for item in page["Items"]}
