"""Members to write: ordinary ones, and ones whose names test the order."""

import random
from collections.abc import Callable

from chalicelib.members.model import Member, NewMember, key_of

__all__ = ["key_of", "person", "phone", "set_fields"]

ODD_NAMES = (
    *("Mouse", "mouse", "MOUSE", "Mouse-Smith", "Mouse Smith", "mous", "Möuse", "Ångström", "Zoë", "Éclair"),
    *(
        "straße",
        "STRASSE",
        "Strasse",
        "O'Neil",
        "d\u2019Arc",
        "李",
        "محمد",
        "שָׁלוֹם",
        "🦊",
        "🦊🦊",
        "👩‍👩‍👧",
        "𐐀",
        "\uffff",
        "\ue000",
    ),
    *(
        "ΐ" * 64,
        "ß" * 64,
        "🦊" * 64,
        "\U0010ffff" * 64,
        "\U0010ffff",
        "ﬃ" * 64,
        "İstanbul",
        "ISTANBUL",
        "!",
        "~",
    ),
)


def phone(number: int) -> str:
    """Returns a phone number; each number below ten million gives another one."""
    return f"+1323{number:07d}"


def person(account_id: str, number: int = 1, /, **fields: str) -> NewMember:
    """Returns a new member of this account; each number gives another member."""
    defaults = {
        "account_id": account_id,
        "client_member_id": f"m{number}",
        "first_name": "Ralph",
        "last_name": "Mouse",
        "phone_number": phone(number),
    }
    return NewMember.model_construct(None, **defaults | fields)


def set_fields(**fields: str) -> Callable[[Member], NewMember]:
    """Returns an edit that sets these fields."""
    return lambda member: NewMember.model_construct(None, **member.writable() | fields)


def odd_people(account_id: str, count: int, seed: int = 7) -> list[NewMember]:
    """Returns members with odd names: case, accents, equal names, other scripts, letters that fold to several."""
    pick = random.Random(seed).choice
    return [
        person(account_id, n, last_name=pick(ODD_NAMES), first_name=pick(ODD_NAMES), client_member_id=f"{n}é")
        for n in range(count)
    ]
