"""The encoding that a request declares, by its charset or its option, and the guess without one."""

import pytest

from tests.support.api import HEADER, finish_import
from tests.support.client import Http, Response
from tests.support.pipeline import Pipeline

TEXT = HEADER + "Иван,Петров,3235550001,1,{account}\n"


def post(http: Http, body: bytes, media_type: str, **query: str) -> Response:
    return http.request("POST", "/imports", body, {"Content-Type": media_type}, query)


@pytest.mark.parametrize(
    ("media_type", "query"),
    [
        ("text/csv; charset=windows-1251", {}),
        ('text/csv; header=present; charset="CP1251"', {}),
        ("text/csv", {"encoding": "Windows-1251"}),
        ("text/csv; charset=cp1251", {"encoding": "windows-1251"}),
    ],
)
def test_declared_encoding_is_obeyed(
    http: Http, pipeline: Pipeline, account: str, media_type: str, query: dict[str, str]
) -> None:
    body = TEXT.replace("{account}", account).encode("windows-1251")
    shown = post(http, body, media_type, **query).ok(202)
    assert (shown["encoding"], shown["encoding_guessed"]) == ("windows-1251", False)
    done = finish_import(pipeline, shown)
    assert (done["status"], done["counts"]["created"]) == ("completed", 1)
    [member] = http.get("/members", {"account_id": account}).ok()["items"]
    assert (member["first_name"], member["last_name"]) == ("Иван", "Петров")


@pytest.mark.parametrize("charset", ["klingon", "hex", "unicode_escape", "utf-7", "x" * 99])
def test_unknown_charset_is_unsupported(http: Http, charset: str) -> None:
    post(http, TEXT.encode(), f"text/csv; charset={charset}").problem(415, "unknown_encoding")


def test_unknown_encoding_option_is_named(http: Http) -> None:
    problem = post(http, TEXT.encode(), "text/csv", encoding="klingon").problem(400, "invalid_parameter")
    assert [(e["pointer"], e["code"]) for e in problem["errors"]] == [("?encoding", "unknown_encoding")]
    problem = http.send("POST", "/imports", {"encoding": "klingon"}).problem(422, "invalid")
    assert problem["errors"][0]["pointer"] == "#/encoding"


def test_charset_and_encoding_must_agree(http: Http) -> None:
    response = post(http, TEXT.encode(), "text/csv; charset=utf-8", encoding="windows-1252")
    assert response.problem(400, "invalid_parameter")["errors"][0]["code"] == "ambiguous_encoding"


def test_encoding_of_an_upload_is_obeyed(http: Http, pipeline: Pipeline, account: str) -> None:
    shown = http.send("POST", "/imports", {"encoding": "cp1251", "filename": "a.txt"}).ok(201)
    assert shown["encoding"] == "windows-1251"
    pipeline.drop(shown["source"]["key"], TEXT.replace("{account}", account).encode("windows-1251"))
    assert finish_import(pipeline, shown)["counts"]["created"] == 1


def test_guess_is_told_by_import_and_report(http: Http, pipeline: Pipeline, account: str) -> None:
    body = (HEADER + f"Zoë,Müller,3235550001,1,{account}\n").encode("windows-1252")
    done = finish_import(pipeline, post(http, body, "text/csv").ok(202))
    told = {
        "encoding": "windows-1252",
        "encoding_guessed": True,
        "encoding_examples": ["Zoë", "Müller"],
    }
    report = http.get(f"/imports/{done['id']}/report").ok()
    for shown in (done, report):
        assert {name: shown[name] for name in told} == told


def test_unsure_guess_writes_no_member_and_shows_names(http: Http, pipeline: Pipeline, account: str) -> None:
    body = (HEADER + f"Jan,Zięba,3235550001,1,{account}\n").encode("windows-1250")
    done = finish_import(pipeline, post(http, body, "text/csv").ok(202))
    assert (done["status"], done["error"]["code"]) == ("failed", "unsure_encoding")
    assert "in windows-1252 “Ziêba”; in windows-1250 “Zięba”" in done["error"]["detail"]
    assert done["encoding_candidates"][:2] == [
        {"encoding": "windows-1252", "names": ["Ziêba"]},
        {"encoding": "windows-1250", "names": ["Zięba"]},
    ]
    assert http.get("/members", {"account_id": account}).ok()["items"] == []
