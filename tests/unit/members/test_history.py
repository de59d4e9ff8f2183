"""The events of a member, by the entries of its history."""

from chalicelib.members.history import Cause, events, new_entries
from chalicelib.members.model import changed_member, new_member
from tests.support.people import person, phone, set_fields

MOMENT = "2026-11-23T05:00:00.000Z"


def test_new_member_has_its_creation_within_one_millisecond() -> None:
    """A file creates a member, moves it to another id, and creates one under the old id, in one transaction."""
    old = new_member(person("acc"), "import:file", MOMENT)
    moved = changed_member(old, set_fields(client_member_id="m2")(old), "import:file", MOMENT)
    left, arrived = new_entries(old, moved, Cause("import:file", MOMENT), None)
    new = new_member(person("acc", phone_number=phone(2)), "import:file", MOMENT)
    assert [event.action for event in events(new, None, [left], None)] == ["created", "moved", "created"]
    assert [event.action for event in events(moved, None, [arrived], None)] == ["moved", "created"]
