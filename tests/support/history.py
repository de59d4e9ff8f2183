"""Checks that the history of members says what they were, without a gap."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

from chalicelib.members.history import FIELDS, Entry
from chalicelib.members.model import Member, MemberKey, key_of


def check_history(members: Iterable[Member], entries: Iterable[Entry], *, one_writer: bool = False) -> None:
    """Asserts that the last entry of each member leads to it, and each entry to the next.

    After `one_writer` this holds for all members that had an id in turn. Several writers may meet a conflict, and
    repeat a write with the time at which it was made: then it holds for each member, told apart by its creation.
    """
    chains: defaultdict[tuple[MemberKey, str], list[Entry]] = defaultdict(list)
    for entry in sorted(entries, key=lambda entry: entry.position):
        for life in {""} if one_writer else _lives(entry):
            chains[entry.key, life].append(entry)
    current = {(key_of(one), "" if one_writer else one.created_at): one for one in members}
    for (key, life), member in current.items():
        chain = chains[key, life]
        made = _made(chain[-1], life) if chain else None
        if member.version > 1:
            assert made == member, "a change of a member has no entry"
        else:
            assert made is None, "a member went without an entry"
    for (key, life), chain in chains.items():
        assert not chain or (key, life) in current or _made(chain[-1], life) is None, (
            "a member went without an entry"
        )
        for older, newer in pairwise(chain):
            made, before = _made(older, life), newer.before
            if key_of(before) == key and before.version > 1 and life in ("", before.created_at):
                assert made is not None
                assert _values(made) == _values(before), "an entry does not lead to the next"


def _lives(entry: Entry) -> set[str]:
    """Returns the creation times of the members that an entry is about: those that left the key, and took it."""
    made = _made(entry, "")
    return {entry.before.created_at, *([made.created_at] if made else [])}


def _made(entry: Entry, life: str) -> Member | None:
    """Returns the member that an entry left under its key, None if it left none, or one of another creation."""
    made = entry.restored or entry.after
    return made if made and key_of(made) == entry.key and life in ("", made.created_at) else None


def _values(member: Member) -> list[str]:
    return [getattr(member, name) for name in FIELDS]
