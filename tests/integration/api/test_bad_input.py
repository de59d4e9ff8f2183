"""Whatever a caller sends: a clear problem, in one shape, and never a 500."""

import base64
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import app
from chalicelib import config
from chalicelib.api.imports import MAX_CSV
from chalicelib.api.requests import MAX_BODY
from chalicelib.members.model import READ_ONLY, NewMember, member_id
from tests.support.client import FORM, JSON, Answer, Http, href

NOBODY = f"/members/{member_id('nobody', 'nobody')}"
WRITES = [("POST", "/members"), ("PUT", NOBODY), ("PATCH", NOBODY), ("PUT", href("nobody", "nobody"))]
RALPH = {
    "account_id": "nobody",
    "client_member_id": "nobody",
    "first_name": "Ralph",
    "last_name": "Mouse",
    "phone_number": "+13235551234",
}


class Bad(NamedTuple):
    """A body that no write takes: what it is, the answer, and the type it is sent as."""

    why: str
    body: bytes | str
    status: int
    code: str
    kind: str = JSON


BODIES = [
    # Nothing at all
    Bad("no body", b"", 400, "empty_body"),
    Bad("blanks alone", b" \r\n\t ", 400, "empty_body"),
    Bad("an empty form", b"", 400, "empty_body", FORM),
    # What is no JSON
    Bad("cut off", '{"first_name": "Ral', 400, "malformed_body"),
    Bad("two values", "{}{}", 400, "malformed_body"),
    Bad("single quotes", "{'first_name': 'Ralph'}", 400, "malformed_body"),
    Bad("a comma too many", '{"first_name": "Ralph",}', 400, "malformed_body"),
    Bad("a form sent as JSON", "first_name=Ralph&last_name=Mouse", 400, "malformed_body"),
    Bad("NaN, which Python reads and JSON does not know", '{"first_name": NaN}', 400, "malformed_body"),
    Bad("Infinity, likewise", '{"first_name": -Infinity}', 400, "malformed_body"),
    Bad("a raw control character", '{"first_name": "a\nb"}', 400, "malformed_body"),
    Bad("windows-1252", '{"first_name": "José"}'.encode("cp1252"), 400, "malformed_body"),
    Bad("UTF-16", json.dumps(RALPH).encode("utf-16"), 400, "malformed_body"),
    Bad("binary", bytes(range(256)), 400, "malformed_body"),
    Bad("nested deeper than Python's stack", "[" * 50_000, 400, "malformed_body"),
    Bad("the same, in objects", '{"a":' * 10_000, 400, "malformed_body"),
    Bad(
        "an integer of more digits than Python reads",
        '{"account_id": ' + "9" * 5000 + "}",
        400,
        "malformed_body",
    ),
    Bad("a field given twice", '{"first_name": "A", "first_name": "B"}', 400, "repeated_field"),
    # JSON, but no object
    Bad("null", "null", 422, "invalid"),
    Bad("a number", "42", 422, "invalid"),
    Bad("a text", '"Ralph"', 422, "invalid"),
    Bad("a list of members", json.dumps([RALPH]), 422, "invalid"),
    Bad("nested as deep as Python goes", "[" * 500 + "]" * 500, 422, "invalid"),
    # What is no form
    Bad("a name without a value", "first_name", 400, "malformed_body", FORM),
    Bad("JSON sent as a form", json.dumps(RALPH), 400, "malformed_body", FORM),
    Bad("a form field given twice", "first_name=A&first_name=B", 400, "repeated_field", FORM),
    Bad(
        "more fields than any form has", "&".join(f"f{n}=1" for n in range(200)), 400, "malformed_body", FORM
    ),
    Bad("escapes that are no UTF-8", "first_name=%FF%FE", 400, "malformed_body", FORM),
    Bad("raw bytes that are none", b"first_name=\xff", 400, "malformed_body", FORM),
    # Other types
    Bad("XML", "<member/>", 415, "unsupported_media_type", "application/xml"),
    Bad("plain text", json.dumps(RALPH), 415, "unsupported_media_type", "text/plain"),
    Bad("a multipart form", "--x--", 415, "unsupported_media_type", "multipart/form-data; boundary=x"),
    Bad("a type that is none", json.dumps(RALPH), 415, "unsupported_media_type", "json"),
    Bad("a roster", "first_name\nRalph", 415, "unsupported_media_type", "text/csv"),
    # Too much
    Bad("a byte over the limit", b" " * MAX_BODY + b"1", 413, "payload_too_large"),
    Bad("the same as a form", b"a=" + b"1" * MAX_BODY, 413, "payload_too_large", FORM),
    Bad("bytes at the limit are read", b" " * (MAX_BODY - 1) + b"1", 422, "invalid"),
]


@pytest.mark.parametrize("case", BODIES, ids=lambda case: case.why)
def test_a_body_that_cannot_be_used_is_refused_by_every_write(http: Http, case: Bad) -> None:
    for method, path in WRITES:
        answer = http.request(method, path, case.body, {"Content-Type": case.kind})
        said = answer.problem(case.status, case.code)
        if case.status == 422:
            assert [(e["pointer"], e["code"]) for e in said["errors"]] == [("#", "wrong_type")]


TEXTS: list[tuple[str, object, str]] = [
    ("null", None, "wrong_type"),
    ("true", True, "wrong_type"),
    ("a fraction", 1.5, "wrong_type"),
    ("a list", ["Ralph"], "wrong_type"),
    ("an object", {"$ne": ""}, "wrong_type"),
    ("less than nothing", -1, "wrong_type"),
    ("an integer of 65 digits", 10**64, "wrong_type"),
    ("an integer of 4,000 digits", 10**4000, "wrong_type"),
    ("nothing", "", "blank"),
    ("blanks", " \u00a0\t", "blank"),
    ("65 characters", "x" * 65, "too_long"),
    ("10 kB", "x" * 10_000, "too_long"),
    ("10 kB of accents", "\u0315\u0327" * 5_000, "too_long"),
    ("a zero byte", "Ra\x00lph", "control_character"),
    ("a line end", "Ra\nlph", "control_character"),
    ("the separator of keys", "Ra\x1flph", "control_character"),
    ("half of an emoji", "Ra\ud83dlph", "control_character"),
    ("the last character there is", "\U0010ffff", "control_character"),
]


@pytest.mark.parametrize("field", NewMember.model_fields)
@pytest.mark.parametrize(("value", "code"), [case[1:] for case in TEXTS], ids=[case[0] for case in TEXTS])
def test_a_field_that_breaks_a_rule_is_named(http: Http, field: str, value: object, code: str) -> None:
    for method, path in WRITES:
        said = http.send(method, path, RALPH | {field: value}).problem(422, "invalid")
        assert [(e["pointer"], e["code"]) for e in said["errors"]] == [(f"#/{field}", code)]


@pytest.mark.parametrize("field", ["first_name", "last_name"])
@pytest.mark.parametrize("value", [0, 42, 10**20])
def test_a_name_is_no_number(http: Http, field: str, value: int) -> None:
    said = http.send("POST", "/members", RALPH | {field: value}).problem(422, "invalid")
    assert said["errors"][0]["code"] == "wrong_type"


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
def test_a_phone_number_that_is_none_is_refused(http: Http, value: object, code: str) -> None:
    """All spellings and refusals are in cases/phones.yaml; here, that HTTP asks the same rule."""
    said = http.send("POST", "/members", RALPH | {"phone_number": value}).problem(422, "invalid")
    assert [(e["pointer"], e["code"]) for e in said["errors"]] == [("#/phone_number", code)]


def test_each_missing_and_each_unknown_field_is_named(http: Http) -> None:
    said = http.send("POST", "/members", {"firstName": "Ralph", "a/b": 1}).problem(422, "invalid")
    assert {e["pointer"]: e["code"] for e in said["errors"]} == {
        **{f"#/{name}": "missing" for name in NewMember.model_fields},
        "#/firstName": "unknown_field",
        "#/a~1b": "unknown_field",
    }


@pytest.mark.parametrize("name", ["\ud800", "\x00", "x" * 30_000, "__proto__", "model_config", "pk", "$ref"])
def test_an_unknown_field_may_have_any_name(http: Http, name: str) -> None:
    for method, path in WRITES:
        answer = http.send(method, path, RALPH | {name: "x"})
        answer.problem(422, "invalid")
        assert len(answer.body) < 1000  # the name is not repeated at its length


@pytest.mark.parametrize(
    "name",
    [
        "رالف",
        "רלף",
        "\u200fרלף",
        "🐭",
        "👩\u200d👩\u200d👧",
        "Þórður",
        "村上",
        "X Æ A-12",
        "x" * 64,
        "O'=1+1",
    ],
)
def test_a_name_of_any_script_is_taken_and_given_back(http: Http, account: str, name: str) -> None:
    member = http.create(RALPH | {"account_id": account, "last_name": name})
    assert member["last_name"] == name
    assert http.get("/members", {"account_id": account, "last_name": name}).ok()["items"] == [member]


QUERIES = [
    # (query, what is wrong with it)
    ("limit=0", ("?limit", "out_of_range")),
    ("limit=501", ("?limit", "out_of_range")),
    ("limit=-1", ("?limit", "out_of_range")),
    ("limit=1.5", ("?limit", "out_of_range")),
    ("limit=ten", ("?limit", "out_of_range")),
    ("limit=", ("?limit", "out_of_range")),
    ("limit=%D9%A3", ("?limit", "out_of_range")),  # a digit, for Python
    ("limit=" + "9" * 5000, ("?limit", "out_of_range")),  # more digits than Python reads
    ("limit=5&limit=6", ("?limit", "repeated_parameter")),
    ("phone=3235551234", ("?phone", "unknown_parameter")),  # ignored, it would list everybody
    ("Account_id=1", ("?Account_id", "unknown_parameter")),
    ("%00=1", ("?\x00", "unknown_parameter")),
    ("account_id=", ("?account_id", "blank")),
    ("account_id=a%00b", ("?account_id", "control_character")),
    ("account_id=" + "x" * 65, ("?account_id", "too_long")),
    ("account_id=1&account_id=2", ("?account_id", "repeated_parameter")),
    ("client_member_id=%20", ("?client_member_id", "blank")),
    ("phone_number=junk", ("?phone_number", "phone_not_a_number")),
    ("phone_number=555-1234", ("?phone_number", "phone_not_possible")),
    ("phone_number=3235551234x42", ("?phone_number", "phone_extension")),
    ("last_name=Mouse", ("?last_name", "account_required")),
    ("account_id=1&last_name=", ("?last_name", "blank")),
    ("id=nonsense", ("?id", "invalid_id")),
    ("id=", ("?id", "invalid_id")),
    ("id=MR80Mg==", ("?id", "invalid_id")),  # with its padding it is another spelling
    ("id=%F0%9F%90%AD", ("?id", "invalid_id")),
]


@pytest.mark.parametrize(("query", "wrong"), QUERIES, ids=[query[:40] for query, _ in QUERIES])
def test_a_query_that_breaks_a_rule_is_told_where(http: Http, query: str, wrong: tuple[str, str]) -> None:
    said = http.get(f"/members?{query}").problem(400, "invalid_parameter")
    assert [(e["pointer"], e["code"]) for e in said["errors"]] == [wrong]


def test_a_query_that_finds_nobody_is_still_read(http: Http) -> None:
    contradicting = {"id": member_id("1", "2"), "account_id": "3", "limit": "none"}
    http.get("/members", contradicting).problem(400, "invalid_parameter")


def cursor_of(*parts: str) -> str:
    return base64.urlsafe_b64encode("\x1f".join(parts).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("query", ["", "account_id=1", "phone_number=3235551234", "client_member_id=1"])
@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "random",
        "🐭",
        "%FF",
        "a" * 6000,
        cursor_of("other", "1"),
        cursor_of("name", "a"),
        cursor_of("name", "a", "b", "c", "d"),
        cursor_of("name", "", "", ""),
        cursor_of("all", "x" * 65, "a", "b", "c"),
        cursor_of("phone"),
        cursor_of("phone", ""),
        cursor_of("client", "x" * 65),
        base64.urlsafe_b64encode(b"name\x1f\xff\x1fa\x1fb").decode(),
    ],
)
def test_a_cursor_that_nobody_gave_out_is_refused(http: Http, query: str, cursor: str) -> None:
    http.get(f"/members?{query}&cursor={quote(cursor)}").problem(400, "invalid_cursor")


@pytest.fixture(scope="module")
def cursors(http: Http) -> dict[str, str]:
    """A real cursor of each search, by its query."""
    for number in range(4):
        account, client, phone = f"cursors-{number // 2}", f"c{number % 2}", f"32366600{number % 2:02}"
        ids = {"account_id": account, "client_member_id": client}
        http.create(RALPH | ids | {"phone_number": phone})
    queries = ["", "account_id=cursors-0", "client_member_id=c0", "phone_number=3236660000"]
    return {query: http.get(f"/members?{query}&limit=1").ok()["next"] for query in queries}


def test_a_cursor_serves_its_own_search_alone(http: Http, cursors: dict[str, str]) -> None:
    for query in cursors:
        for other, cursor in cursors.items():
            answer = http.get(f"/members?{query}&limit=1&cursor={cursor}")
            if query == other:
                assert len(answer.ok()["items"]) == 1
            else:
                answer.problem(400, "invalid_cursor")


def test_a_cursor_that_was_tampered_with_is_a_place_in_the_list_or_refused(
    http: Http, cursors: dict[str, str]
) -> None:
    """It says where to go on and nothing else, so that a changed one can harm nobody."""
    for query, cursor in cursors.items():
        for index in range(len(cursor)):
            changed = cursor[:index] + ("A" if cursor[index] != "A" else "B") + cursor[index + 1 :]
            answer = http.get(f"/members?{query}&cursor={changed}")
            if answer.status != 200:
                answer.problem(400, "invalid_cursor")


@pytest.mark.parametrize(
    "token", ["%20", "1", "MR80Mg==", "%F0%9F%90%AD", "x" * 5000, member_id("a\x00", "b")]
)
def test_what_is_no_id_names_no_member_and_no_import(http: Http, token: str) -> None:
    http.get(f"/members/{token}").problem(404, "member_not_found")
    http.get(f"/imports/{token}").problem(404, "import_not_found")
    http.get(f"/imports/{token}/rejected").problem(404, "import_not_found")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/accounts/%20/members/1", "invalid_parameter"),
        (f"/accounts/1/members/{'x' * 65}", "invalid_parameter"),
        ("/accounts/1/members/a%1Fb", "invalid_parameter"),
        ("/accounts/%FF/members/1", "malformed_path"),  # no UTF-8: read as U+FFFD, it would be somebody's id
    ],
)
def test_ids_of_a_path_obey_the_rules_of_a_body(http: Http, path: str, code: str) -> None:
    for method in ("GET", "DELETE", "PUT", "PATCH"):
        http.send(method, path, {}).problem(400, code)


@pytest.mark.parametrize(
    ("query", "kind", "body", "status", "code"),
    [
        ("", "text/csv", b"", 400, "empty_body"),
        ("", "text/csv", b"x" * (MAX_CSV + 1), 413, "payload_too_large"),
        ("", JSON, b"{", 400, "malformed_body"),
        ("", FORM, b"a=b", 415, "unsupported_media_type"),
        ("mode=replace", "text/csv", b"x", 400, "invalid_parameter"),
        ("mode=", "text/csv", b"x", 400, "invalid_parameter"),
        ("account_id=", "text/csv", b"x", 400, "invalid_parameter"),
        ("filename=", "text/csv", b"x", 400, "invalid_parameter"),
        ("name=x.csv", "text/csv", b"x", 400, "invalid_parameter"),
    ],
)
def test_an_import_that_cannot_begin_is_refused(
    http: Http, query: str, kind: str, body: bytes, status: int, code: str
) -> None:
    http.request("POST", f"/imports?{query}", body, {"Content-Type": kind}).problem(status, code)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=0", "invalid_parameter"),
        ("status=loading", "invalid_parameter"),
        ("cursor=x", "invalid_cursor"),
    ],
)
def test_a_list_of_imports_that_cannot_be_read_is_refused(http: Http, query: str, code: str) -> None:
    http.get(f"/imports?{query}").problem(400, code)


# Every route


def held(answer: Answer, method: str = "POST") -> None:
    """A success, or a problem in its one shape; never a fault of ours, and no body for HEAD."""
    assert answer.status < 500, answer
    if method == "HEAD":
        assert answer.body == b""
    elif answer.status >= 400:
        answer.problem(answer.status, answer.json["code"])


JUNK_VALUES = ["%00", "%20", "%FF", "%25", "..%2F", "{}", "'", "🐭", "x" * 1100, "null", "-1"]
JUNK_BODIES: list[tuple[str | None, bytes]] = [
    (None, b"junk"),
    (JSON, b'{"a": "\xff"}'),
    (JSON, b"[" * 2000),
    (FORM, b"%&="),
    ("text/csv", b'\x00\xff,\n"x'),
    ("text/csv;;=", b"\x00"),
    ("\x00", b"0"),
]
JUNK_HEADERS = [
    {"If-Match": "junk"},
    {"If-None-Match": '"' * 999},
    {"Accept": "text/csv"},
    {"Accept": "junk"},
]


@pytest.mark.parametrize("path", app.routes)
def test_every_route_answers_junk_in_the_one_shape(http: Http, path: str) -> None:
    for method in app.routes[path]:
        for value in JUNK_VALUES:
            target = path
            for name in ("member_id", "account_id", "client_member_id", "import_id"):
                target = target.replace(f"{{{name}}}", quote(value, safe="%"))
            held(http.request(method, target), method)
            query = f"{value}={value}&limit={value}&cursor={value}&id={value}"
            held(http.request(method, f"{target}?{query}"), method)
            for kind, body in JUNK_BODIES:
                held(http.request(method, target, body, {"Content-Type": kind} if kind else {}), method)
        for headers in JUNK_HEADERS:
            held(http.request(method, path, b"{}", headers), method)


fields = st.sampled_from([*NewMember.model_fields, *READ_ONLY])
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[]))
)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text() | fields, inner), max_leaves=20
)
members = st.fixed_dictionaries(dict.fromkeys(NewMember.model_fields, scalars), optional={"x": scalars})


@settings(max_examples=300)
@given(documents | members)
def test_no_json_document_is_a_fault_of_ours(http: Http, document: object) -> None:
    held(http.send("POST", "/members", document))


# Logs


@contextmanager
def failing(fault: Callable[..., None]) -> Iterator[None]:
    """Every read of one item fails, through botocore's own event."""
    events, name = config.dynamodb().meta.events, "before-call.dynamodb.GetItem"
    events.register_first(name, fault)
    try:
        yield
    finally:
        events.unregister(name, fault)


def test_logs_hold_no_name_no_phone_number_and_no_client_member_id(
    http: Http, account: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Logs are read by more people than the registry is. Not even when something fails that quotes them."""
    caplog.set_level(logging.INFO)
    ids = {"account_id": account, "client_member_id": "Clientsentinel"}
    data = (
        RALPH
        | ids
        | {"first_name": "Firstsentinel", "last_name": "Lastsentinel", "phone_number": "3239876543"}
    )
    member = http.create(data)
    one = f"/members/{member['id']}"
    http.send("POST", "/members", data).problem(409, "client_member_id_taken")
    http.send("POST", "/members", data | {"last_name": "Lastsentinel\x00"}).problem(422, "invalid")
    http.send("POST", "/members", {"Lastsentinel": "Lastsentinel"}).problem(422, "invalid")
    http.request("POST", "/members", '{"last_name": "Lastsentinel').problem(400, "malformed_body")
    http.form("/members", data | {"phone_number": "3239876543 x1"}).problem(422, "invalid")
    for query in (ids, {"phone_number": "3239876543"}, {"account_id": account, "last_name": "Lastsentinel"}):
        assert http.get("/members", query).ok()["items"] == [member]
    http.get("/members", {"Lastsentinel": "3239876543"}).problem(400, "invalid_parameter")
    http.get(href(account, "Clientsentinel")).ok()
    http.send("PATCH", one, {"first_name": "Firstsentinel2"}, {"If-Match": '"Lastsentinel"'}).problem(
        412, "version_mismatch"
    )

    def fail(**call: Any) -> None:
        raise RuntimeError(f"Lastsentinel {call['params']}")

    with failing(fail):
        http.get(href(account, "Clientsentinel")).problem(500, "internal_error")
    http.request("DELETE", one).ok(204)

    written = "".join(repr(record.__dict__) for record in caplog.records)
    assert written.count("milliseconds") == 14  # each request is there
    assert "'error': 'RuntimeError'" in written
    for secret in ("sentinel", "3239876543", member["id"]):
        assert secret not in written
