"""What the names in the first line of a file mean: which column is which field of a member. Pure."""

import html
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from chalicelib.cells.escaping import unescape
from chalicelib.errors import Unreadable

ACTION = "action"  # what to do with the row's member: delete, or blank
PREVIOUS_ID = "previous_client_member_id"  # of an upsert: the client member id that the member had before

# The usual names of our columns, in lowercase, without spaces and punctuation. Add yours here. Of two columns for one
# field the one whose name comes first is used: the more exact name, and an id rather than a name.
COLUMN_NAMES: Mapping[str, str] = {
    "accountid": "account_id",
    "accountnumber": "account_id",
    "accountno": "account_id",
    "account": "account_id",
    "acct": "account_id",
    "acctid": "account_id",
    "acctno": "account_id",
    "clientmemberid": "client_member_id",
    "memberid": "client_member_id",
    "membernumber": "client_member_id",
    "memberno": "client_member_id",
    "clientid": "client_member_id",
    "previousclientmemberid": PREVIOUS_ID,
    "previousmemberid": PREVIOUS_ID,
    "previousmembernumber": PREVIOUS_ID,
    "previousid": PREVIOUS_ID,
    "oldclientmemberid": PREVIOUS_ID,
    "oldmemberid": PREVIOUS_ID,
    "oldmembernumber": PREVIOUS_ID,
    "oldid": PREVIOUS_ID,
    "formermemberid": PREVIOUS_ID,
    "action": ACTION,
    "firstname": "first_name",
    "givenname": "first_name",
    "forename": "first_name",
    "first": "first_name",
    "lastname": "last_name",
    "familyname": "last_name",
    "surname": "last_name",
    "last": "last_name",
    "phonenumber": "phone_number",
    "phoneno": "phone_number",
    "phone": "phone_number",
    "telephonenumber": "phone_number",
    "telephone": "phone_number",
    "tel": "phone_number",
    "telno": "phone_number",
    "mobilephone": "phone_number",
    "mobilenumber": "phone_number",
    "mobileno": "phone_number",
    "mobile": "phone_number",
    "cellphone": "phone_number",
    "cell": "phone_number",
}
MAX_NAME = 100  # characters of a name that may mean a field: header detection tries every cell, and cells may be long
_RANKS = {name: rank for rank, name in enumerate(COLUMN_NAMES)}
_BRACKETS = re.compile(r"[(\[{<【]([^)\]}>】]*)[)\]}>】]")
_NUMBER = re.compile(
    r"\A[\W_]*(?:[0-9]+[\W_]+|[a-z][.)][\W_]*)(?=\w)"
)  # in front of a name: "1. Phone", "B) Phone"
_FOOTNOTE = re.compile("[\u00b2\u00b3\u00b9\u2070-\u2079]+$")  # NFKC would make digits of superscripts
_NEED = re.compile(r"(required|mandatory|optional)$")
# A name with one of these words in brackets is about somebody or something else, or out of use: "Phone (do not use)".
_SOMETHING_ELSE = re.compile(
    r"guarantor|subscriber|policy ?holder|emergency|spouse|partner|parent|guardian|mother|father|\bkin\b|doctor"
    r"|physician|provider|employer|\bold\b|previous|former|maiden|alternat|second|2nd|\bfax\b"
    r"|do(?: not|n.?t) use|not (?:in )?use|no longer|unused|invalid|inactive|obsolete|deprecated|wrong|\bbad\b|legacy"
    r"|^ *(?:name|type|ext|extension|country(?: code)?|verified|status|date|notes?|kana|furigana|phonetic) *$"
)


class Meaning(NamedTuple):
    """The field that a column's name means, and its rank: the column with the lowest one is used."""

    field: str
    rank: tuple[int, bool]


class Found(NamedTuple):
    """The column index of each field that was found, and the indexes of other columns for the same fields."""

    fields: dict[str, int]
    passed_over: dict[str, list[int]]


def field_of(column: str) -> str | None:
    """Returns the field that a column name means, or None."""
    meaning = _meaning(column)
    return meaning.field if meaning else None


def find_columns(columns: Sequence[str], column_map: Mapping[str, str], *, upsert: bool = False) -> Found:
    """Returns the columns of a file's fields; `column_map` has the sender's own names by field.

    A previous client member id is a field of an upsert alone.
    Raises Unreadable: missing_columns for an own name that is not found; duplicate_columns.
    """
    fields = {field: _own_column(columns, field, name) for field, name in column_map.items()}
    found: dict[str, list[tuple[Meaning, int]]] = {}
    for index, column in enumerate(columns):
        meaning = _meaning(column)
        if meaning and index not in fields.values() and (upsert or meaning.field != PREVIOUS_ID):
            found.setdefault(meaning.field, []).append((meaning, index))
    passed_over: dict[str, list[int]] = {}
    for field, candidates in found.items():
        others = sorted(candidates)
        if field not in fields:
            fields[field] = others[0][1]
            _check_best(field, others)
            others = others[1:]
        if others:
            passed_over[field] = sorted(index for _, index in others)
    return Found(fields, passed_over)


def comparable(name: str) -> str:
    """Returns a column's name without differences that cannot be seen: case, kinds of spaces, marks."""
    if not name:  # a stray format in the last column of a sheet makes thousands of columns without a name
        return ""
    plain = _FOOTNOTE.sub("", html.unescape(unescape(name)).strip())
    text = unicodedata.normalize("NFKC", plain).casefold()
    return " ".join("".join(letter for letter in text if unicodedata.category(letter) != "Cf").split())


def _own_column(columns: Iterable[str], field: str, name: str) -> int:
    wanted = comparable(name)
    indexes = [index for index, column in enumerate(columns) if comparable(column) == wanted]
    if not indexes:
        detail = f"The first line has no column “{name}”, which was given for {field}. Correct the name, or the file."
        raise Unreadable(detail, code="missing_columns")
    if len(indexes) > 1:
        raise _duplicate(field)
    return indexes[0]


def _check_best(field: str, sorted_candidates: Sequence[tuple[Meaning, int]]) -> None:
    """Raises Unreadable where two columns have the best name: neither may win by chance."""
    if len(sorted_candidates) > 1 and sorted_candidates[0][0] == sorted_candidates[1][0]:
        raise _duplicate(field)


def _duplicate(field: str) -> Unreadable:
    detail = (
        f"Two columns of the first line mean {field}. Rename or remove one of them, or give the right one's name "
        "with the option columns."
    )
    return Unreadable(detail, code="duplicate_columns")


def _meaning(column: str) -> Meaning | None:
    if not column or len(column) > MAX_NAME:
        return None
    text = comparable(column)
    plain = _squeezed(text)
    if plain not in COLUMN_NAMES:
        plain = _undecorated(text)
    if plain not in COLUMN_NAMES:
        return None
    return Meaning(COLUMN_NAMES[plain], (_RANKS[plain], plain != _squeezed(text)))


def _undecorated(text: str) -> str:
    """Returns a name without a number in front, remarks in brackets, and words such as "required"."""
    if any(_SOMETHING_ELSE.search(remark) for remark in _BRACKETS.findall(text)):
        return ""
    return _NEED.sub("", _squeezed(_NUMBER.sub("", _BRACKETS.sub(" ", text))))


def _squeezed(text: str) -> str:
    return re.sub(r"[\W_]", "", text)
