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
        chains[entry.key, "" if one_writer else entry.before.created_at].append(entry)
    current = {(key_of(one), "" if one_writer else one.created_at): one for one in members}
    for life, member in current.items():
        made = _made(chains[life][-1]) if chains[life] else None
        if member.version > 1:
            assert made == member, "a change of a member has no entry"
        else:
            assert made is None, "a member went without an entry"
    for life, chain in chains.items():
        assert not chain or life in current or _made(chain[-1]) is None, "a member went without an entry"
        for older, newer in pairwise(chain):
            made = _made(older)
            if key_of(newer.before) == newer.key and newer.before.version > 1:
                assert made is not None
                assert _values(made) == _values(newer.before), "an entry does not lead to the next"


def _made(entry: Entry) -> Member | None:
    """Returns the member that an entry left under its key, None if it left none."""
    made = entry.restored or entry.after
    return made if made and key_of(made) == entry.key else None


def _values(member: Member) -> list[str]:
    return [getattr(member, name) for name in FIELDS]
