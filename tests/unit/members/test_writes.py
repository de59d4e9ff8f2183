"""Each operation on a member is the smallest set of conditional writes."""

import pytest

from chalicelib.dynamodb.writes import FailedWrite
from chalicelib.errors import FieldError, Holder
from chalicelib.members.history import VERSION, entry_of
from chalicelib.members.items import claim_key, member_key, to_claim, to_item
from chalicelib.members.model import Member, changed_member, member_id, new_member
from chalicelib.members.writes import CLIENT_ID, PHONE, alteration, creation, deletion, taken_error
from tests.support.people import person, phone, set_fields

OLD = new_member(person("acc"))
ITEM = to_item(OLD, "import#2:created")
RECORD = (VERSION, "Put")


def changed(**fields: str) -> Member:
    return changed_member(OLD, set_fields(**fields)(OLD))


def test_creation_puts_member_and_claim() -> None:
    writes = creation(OLD, "import#2:created")
    assert [(w.constraint, w.verb) for w in writes] == [(CLIENT_ID, "Put"), (PHONE, "Put")]
    assert [w.body["Item"] for w in writes] == [ITEM, to_claim(OLD, "import#2:created")]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"first_name": "Ann"}, [(VERSION, "Put"), RECORD]),
        ({"phone_number": phone(9)}, [(VERSION, "Put"), RECORD, (VERSION, "Delete"), (PHONE, "Put")]),
        (
            {"client_member_id": "m2"},
            [(VERSION, "Delete"), (CLIENT_ID, "Put"), RECORD, RECORD, (VERSION, "Put")],
        ),
        (
            {"account_id": "other"},
            [(VERSION, "Delete"), (CLIENT_ID, "Put"), RECORD, RECORD, (VERSION, "Delete"), (PHONE, "Put")],
        ),
        (
            {"client_member_id": "m2", "phone_number": phone(9)},
            [(VERSION, "Delete"), (CLIENT_ID, "Put"), RECORD, RECORD, (VERSION, "Delete"), (PHONE, "Put")],
        ),
    ],
    ids=["name", "phone number", "client member id", "account", "client member id and phone number"],
)
def test_alteration_writes_only_what_changes(fields: dict[str, str], expected: list[tuple[str, str]]) -> None:
    writes = alteration(ITEM, changed(**fields))
    assert [(write.constraint, write.verb) for write in writes] == expected
    assert len({write.key for write in writes}) == len(writes)  # a transaction's limit


def test_alteration_requires_member_as_it_was_read() -> None:
    write, _ = alteration(ITEM, changed(first_name="Ann"))
    assert write.body["ExpressionAttributeValues"] == {
        ":version": {"N": "1"},
        ":last_modified": {"S": OLD.last_modified},
        ":phone_number": {"S": OLD.phone_number},
    }


def test_alteration_keeps_origin_unless_an_import_writes() -> None:
    new = changed(first_name="Ann")
    origins = [
        write.body["Item"]["origin"]["S"]
        for write in (alteration(ITEM, new)[0], alteration(ITEM, new, "other#3:updated")[0])
    ]
    assert origins == ["import#2:created", "other#3:updated"]


def test_deletion_deletes_member_and_claim_and_records_it() -> None:
    *writes, record = deletion(ITEM, "user:ann")
    assert [(w.constraint, w.verb) for w in writes] == [(VERSION, "Delete"), (VERSION, "Delete")]
    assert [w.body["Key"] for w in writes] == [member_key("acc", "m1"), claim_key("acc", phone(1))]
    entry = entry_of(record.body["Item"])
    assert (entry.before, entry.after, entry.by) == (OLD, None, "user:ann")


def test_taken_names_each_value_and_holder() -> None:
    writes = creation(OLD)
    other = to_claim(new_member(person("acc", 2, phone_number=phone(1))), "import#7:created")
    error = taken_error([FailedWrite(writes[0], ITEM), FailedWrite(writes[1], other)])
    mine, holder = member_id("acc", "m1"), member_id("acc", "m2")
    assert error.errors == (
        FieldError(
            "#/client_member_id",
            "client_member_id_taken",
            f"The client member id belongs to member {mine} of this account.",
            Holder(mine, "import", 2),
        ),
        FieldError(
            "#/phone_number",
            "phone_number_taken",
            f"The phone number belongs to member {holder} of this account.",
            Holder(holder, "import", 7),
        ),
    )
    assert error.code == "client_member_id_taken"
