"""Checks that the history of members says what they were, without a gap."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

from chalicelib.members.history import FIELDS, Entry
from chalicelib.members.model import Member, MemberKey, key_of


def check_history(members: Iterable[Member], entries: Iterable[Entry]) -> None:
    """Asserts that the last entry of each member leads to it, and each entry to the next."""
    chains: defaultdict[MemberKey, list[Entry]] = defaultdict(list)
    for entry in sorted(entries, key=lambda entry: entry.position):
        chains[entry.key].append(entry)
    current = {key_of(member): member for member in members}
    for key, member in current.items():
        made = _made(chains[key][-1]) if chains[key] else None
        if member.version > 1:
            assert made == member, "a change of a member has no entry"
        else:
            assert made is None, "a member went without an entry"
    for key, chain in chains.items():
        assert key in current or _made(chain[-1]) is None, "a member went without an entry"
        for older, newer in pairwise(chain):
            made = _made(older)
            if key_of(newer.before) == key and newer.before.version > 1:
                assert made is not None
                assert _values(made) == _values(newer.before), "an entry does not lead to the next"


def _made(entry: Entry) -> Member | None:
    """Returns the member that an entry left under its key, None if it left none."""
    made = entry.restored or entry.after
    return made if made and key_of(made) == entry.key else None


def _values(member: Member) -> list[str]:
    return [getattr(member, name) for name in FIELDS]
