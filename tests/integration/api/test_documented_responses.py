"""Responses that schemathesis does not meet, compared with the OpenAPI document."""

from jsonschema import Draft202012Validator

from chalicelib.api.openapi.document import document
from chalicelib.api.openapi.examples import EXAMPLES
from tests.support.api import HEADER, finish_import, phone_of, post_csv
from tests.support.client import Http
from tests.support.pipeline import Pipeline


def errors(name: str, value: object) -> list[str]:
    """Returns what is wrong with a value, by a schema of the document."""
    validator = Draft202012Validator({"$ref": f"#/components/schemas/{name}", **document()})
    return [error.message for error in validator.iter_errors(value)]


def test_report_has_all_documented_fields_and_no_others(http: Http, pipeline: Pipeline, account: str) -> None:
    rows = f"Ann,Lee,{phone_of(account)},1.0,{account}\nBen,Lee,12,2,{account}\n"
    done = finish_import(pipeline, post_csv(http, HEADER + rows).ok(202))
    report = http.get(f"/imports/{done['id']}/report").ok()
    assert report["warnings"]
    assert report["sample"]
    assert errors("Report", report) == []
    assert report.keys() == document()["components"]["schemas"]["Report"]["properties"].keys()
    page = http.get(f"/imports/{done['id']}/changes/rows").ok()
    assert errors("ChangedRowPage", page) == []
    assert errors("RejectedPage", http.get(f"/imports/{done['id']}/rejected/rows").ok()) == []


def test_examples_fit_their_schemas() -> None:
    assert {name: found for name, one in EXAMPLES.items() if (found := errors(name, one))} == {}


def test_every_title_is_the_name_of_its_schema() -> None:
    """Generators make a class of each title: two of one name replace each other."""
    schemas = document()["components"]["schemas"]
    assert {name: schema["title"] for name, schema in schemas.items()} == {name: name for name in schemas}
    assert not any("allOf" in schema for schema in schemas.values())
