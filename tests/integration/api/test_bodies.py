"""Bodies and fields that no write accepts."""

import json
from typing import NamedTuple

import pytest

from chalicelib.api.requests import MAX_BODY
from chalicelib.members.model import NewMember, member_id
from tests.support.api import RALPH
from tests.support.client import FORM, JSON, Http, href

NOBODY = f"/members/{member_id('nobody', 'nobody')}"
WRITES = [("POST", "/members"), ("PUT", NOBODY), ("PATCH", NOBODY), ("PUT", href("nobody", "nobody"))]


class BadBody(NamedTuple):
    """A body that no write accepts: why, the expected error, and its media type."""

    why: str
    body: bytes | str
    status: int
    code: str
    kind: str = JSON


BODIES = [
    # Empty
    BadBody("no body", b"", 400, "empty_body"),
    BadBody("only white space", b" \r\n\t ", 400, "empty_body"),
    BadBody("an empty form", b"", 400, "empty_body", FORM),
    # Not JSON
    BadBody("cut off", '{"first_name": "Ral', 400, "malformed_body"),
    BadBody("two values", "{}{}", 400, "malformed_body"),
    BadBody("single quotes", "{'first_name': 'Ralph'}", 400, "malformed_body"),
    BadBody("a trailing comma", '{"first_name": "Ralph",}', 400, "malformed_body"),
    BadBody("a form sent as JSON", "first_name=Ralph&last_name=Mouse", 400, "malformed_body"),
    BadBody("NaN, which only Python accepts", '{"first_name": NaN}', 400, "malformed_body"),
    BadBody("Infinity, which only Python accepts", '{"first_name": -Infinity}', 400, "malformed_body"),
    BadBody("a raw control character", '{"first_name": "a\nb"}', 400, "malformed_body"),
    BadBody("windows-1252", '{"first_name": "José"}'.encode("cp1252"), 400, "malformed_body"),
    BadBody("UTF-16", json.dumps(RALPH).encode("utf-16"), 400, "malformed_body"),
    BadBody("binary", bytes(range(256)), 400, "malformed_body"),
    BadBody("nested deeper than Python's stack", "[" * 50_000, 400, "malformed_body"),
    BadBody("objects nested deeper than Python's stack", '{"a":' * 10_000, 400, "malformed_body"),
    BadBody(
        "an integer with more digits than Python accepts",
        '{"account_id": ' + "9" * 5000 + "}",
        400,
        "malformed_body",
    ),
    BadBody("a repeated field", '{"first_name": "A", "first_name": "B"}', 400, "repeated_field"),
    # JSON, but not an object
    BadBody("null", "null", 422, "invalid"),
    BadBody("a number", "42", 422, "invalid"),
    BadBody("a string", '"Ralph"', 422, "invalid"),
    BadBody("a list of members", json.dumps([RALPH]), 422, "invalid"),
    BadBody("nested as deeply as Python accepts", "[" * 500 + "]" * 500, 422, "invalid"),
    # Not a form
    BadBody("a name without a value", "first_name", 400, "malformed_body", FORM),
    BadBody("JSON sent as a form", json.dumps(RALPH), 400, "malformed_body", FORM),
    BadBody("a repeated form field", "first_name=A&first_name=B", 400, "repeated_field", FORM),
    BadBody("too many fields", "&".join(f"f{n}=1" for n in range(200)), 400, "malformed_body", FORM),
    BadBody("escapes that are not UTF-8", "first_name=%FF%FE", 400, "malformed_body", FORM),
    BadBody("raw bytes that are not UTF-8", b"first_name=\xff", 400, "malformed_body", FORM),
    # Other media types
    BadBody("XML", "<member/>", 415, "unsupported_media_type", "application/xml"),
    BadBody("plain text", json.dumps(RALPH), 415, "unsupported_media_type", "text/plain"),
    BadBody("a multipart form", "--x--", 415, "unsupported_media_type", "multipart/form-data; boundary=x"),
    BadBody("a malformed media type", json.dumps(RALPH), 415, "unsupported_media_type", "json"),
    BadBody("a roster", "first_name\nRalph", 415, "unsupported_media_type", "text/csv"),
    # Too large
    BadBody("one byte over the limit", b" " * MAX_BODY + b"1", 413, "payload_too_large"),
    BadBody("a form over the limit", b"a=" + b"1" * MAX_BODY, 413, "payload_too_large", FORM),
    BadBody("a body at the limit is parsed", b" " * (MAX_BODY - 1) + b"1", 422, "invalid"),
]


@pytest.mark.parametrize("case", BODIES, ids=lambda case: case.why)
def test_unusable_body_is_rejected_by_every_write(http: Http, case: BadBody) -> None:
    for method, path in WRITES:
        response = http.request(method, path, case.body, {"Content-Type": case.kind})
        problem = response.problem(case.status, case.code)
        if case.status == 422:
            assert [(e["pointer"], e["code"]) for e in problem["errors"]] == [("#", "wrong_type")]


TEXTS: list[tuple[str, object, str]] = [
    ("null", None, "wrong_type"),
    ("true", True, "wrong_type"),
    ("a fraction", 1.5, "wrong_type"),
    ("a list", ["Ralph"], "wrong_type"),
    ("an object", {"$ne": ""}, "wrong_type"),
    ("a negative number", -1, "wrong_type"),
    ("an integer of 65 digits", 10**64, "wrong_type"),
    ("an integer of 4,000 digits", 10**4000, "wrong_type"),
    ("an empty string", "", "blank"),
    ("white space", " \u00a0\t", "blank"),
    ("65 characters", "x" * 65, "too_long"),
    ("10 kB", "x" * 10_000, "too_long"),
    ("10 kB of accents", "\u0315\u0327" * 5_000, "too_long"),
    ("a zero byte", "Ra\x00lph", "control_character"),
    ("a line break", "Ra\nlph", "control_character"),
    ("the separator of keys", "Ra\x1flph", "control_character"),
    ("an unpaired surrogate", "Ra\ud83dlph", "control_character"),
    ("the last code point", "\U0010ffff", "control_character"),
]


@pytest.mark.parametrize("field", NewMember.model_fields)
@pytest.mark.parametrize(("value", "code"), [case[1:] for case in TEXTS], ids=[case[0] for case in TEXTS])
def test_invalid_field_is_named(http: Http, field: str, value: object, code: str) -> None:
    if (field, value) == ("phone_number", "Ra\nlph"):
        code = "phone_not_a_number"  # white space is removed from numbers
    for method, path in WRITES:
        problem = http.send(method, path, RALPH | {field: value}).problem(422, "invalid")
        assert [(e["pointer"], e["code"]) for e in problem["errors"]] == [(f"#/{field}", code)]


@pytest.mark.parametrize("field", ["first_name", "last_name"])
@pytest.mark.parametrize("value", [0, 42, 10**20])
def test_number_as_name_is_rejected(http: Http, field: str, value: int) -> None:
    problem = http.send("POST", "/members", RALPH | {field: value}).problem(422, "invalid")
    assert problem["errors"][0]["code"] == "wrong_type"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("call me", "phone_not_a_number"),
        ("1-800-FLOWERS", "phone_not_a_number"),
        ("323-555-1234 x42", "phone_extension"),
        ("555-1234", "phone_not_possible"),  # no area code
        ("12", "phone_not_possible"),
        ("9" * 60, "phone_not_a_number"),
        (12, "phone_not_possible"),
        (3235551234000000, "phone_not_possible"),
    ],
)
def test_invalid_phone_number_is_rejected(http: Http, value: object, code: str) -> None:
    """The rule's cases are in cases/phones.yaml; these show that HTTP applies it."""
    problem = http.send("POST", "/members", RALPH | {"phone_number": value}).problem(422, "invalid")
    assert [(e["pointer"], e["code"]) for e in problem["errors"]] == [("#/phone_number", code)]


def test_missing_and_unknown_fields_are_named(http: Http) -> None:
    problem = http.send("POST", "/members", {"firstName": "Ralph", "a/b": 1}).problem(422, "invalid")
    assert {e["pointer"]: e["code"] for e in problem["errors"]} == {
        **{f"#/{name}": "missing" for name in NewMember.model_fields},
        "#/firstName": "unknown_field",
        "#/a~1b": "unknown_field",
    }


@pytest.mark.parametrize("name", ["\ud800", "\x00", "x" * 30_000, "__proto__", "model_config", "pk", "$ref"])
def test_long_or_odd_unknown_field_is_rejected(http: Http, name: str) -> None:
    for method, path in WRITES:
        response = http.send(method, path, RALPH | {name: "x"})
        response.problem(422, "invalid")
        assert len(response.body) < 1000  # the name is truncated
