"""Conditional writes as DynamoDB's request parameters."""

import pytest

from chalicelib.dynamodb.items import key_pair
from chalicelib.dynamodb.writes import (
    ConditionalWrite,
    ConditionsFailed,
    FailedWrite,
    delete_if,
    put_if,
    put_new,
)

KEY = {"pk": {"S": "p"}, "sk": {"S": "s"}}
ITEM = KEY | {"size": {"N": "1"}, "name": {"S": "José"}}
ALL_OLD = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}


def test_put_new_requires_unused_key() -> None:
    write = put_new("id", ITEM)
    assert (write.constraint, write.verb, write.key) == ("id", "Put", ("p", "s"))
    assert write.body == {"Item": ITEM, "ConditionExpression": "attribute_not_exists(pk)", **ALL_OLD}


def test_put_if_requires_expected_attributes() -> None:
    write = put_if("version", ITEM, {"size": {"N": "0"}, "name": {"S": "Ann"}})
    assert (write.constraint, write.verb, write.key) == ("version", "Put", ("p", "s"))
    assert write.body == {
        "Item": ITEM,
        "ConditionExpression": "size = :size AND name = :name",
        "ExpressionAttributeValues": {":size": {"N": "0"}, ":name": {"S": "Ann"}},
        **ALL_OLD,
    }


def test_delete_if_requires_expected_attributes() -> None:
    write = delete_if("version", KEY, {"size": {"N": "1"}})
    assert (write.constraint, write.verb, write.key) == ("version", "Delete", ("p", "s"))
    assert write.body == {
        "Key": KEY,
        "ConditionExpression": "size = :size",
        "ExpressionAttributeValues": {":size": {"N": "1"}},
        **ALL_OLD,
    }


def test_body_is_a_new_dict_each_time() -> None:
    write = put_new("id", ITEM)
    write.body.clear()
    assert write.body["Item"] == ITEM


def test_key_pair_of_item_equals_that_of_its_key() -> None:
    assert key_pair(ITEM) == key_pair(KEY) == ("p", "s")


@pytest.mark.parametrize("constraints", [["id"], ["id", "phone"], ["phone", "phone"]])
def test_error_breaks_only_constraints_of_failed_writes(constraints: list[str]) -> None:
    writes: list[ConditionalWrite] = [put_new(constraint, ITEM) for constraint in constraints]
    error = ConditionsFailed([FailedWrite(write, {}) for write in writes])
    assert [failed.write for failed in error.failed_writes] == writes
    assert error.breaks("id") == ("id" in constraints)
    assert error.breaks("phone") == ("phone" in constraints)
    assert not error.breaks("version")
