"""The codes of errors: the document and docs/api.md list those that the code has, and no others."""

import ast
import json
import re
from collections.abc import Iterator

from chalicelib import errors
from chalicelib.api.openapi.codes import FIELD_CODES, PROBLEM_CODES
from chalicelib.errors import RegistryError, Unreadable
from chalicelib.fields.validation import _MESSAGES
from infra.package import source_template
from tests.support import PROJECT

CLASSES = {
    name: one
    for name, one in vars(errors).items()
    if isinstance(one, type) and issubclass(one, RegistryError) and one not in (RegistryError, Unreadable)
}
# Those that are put together of two words.
BUILT = {(404, f"{kind}_not_found") for kind in ("user", "group", "token")}
TAKEN = {"client_member_id_taken", "phone_number_taken"}


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Yields each call in the product's code with the name of what it calls."""
    for path in (PROJECT / "chalicelib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Name):
                node = ast.Expr(ast.Call(node.exc, [], []))  # noqa: PLW2901 - an error raised as a class
            call = node.value if isinstance(node, ast.Expr) else node
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
                yield call.func.id, call


def raised() -> set[tuple[int, str]]:
    """Returns (status, code) of each error that the code makes."""
    found = set()
    for name, call in calls():
        if name in CLASSES:
            given = next((one.value for one in call.keywords if one.arg == "code"), None)
            code = given.value if isinstance(given, ast.Constant) else CLASSES[name].code
            found.add((CLASSES[name].status, str(code)))
    return found


def of_gateway() -> set[tuple[int, str]]:
    """Returns (status, code) of each response that the gateway makes by itself."""
    responses = source_template()["Resources"]["RestAPI"]["Properties"]["GatewayResponses"].values()
    texts = [one["ResponseTemplates"]["application/json"] for one in responses]
    return {(problem["status"], problem["code"]) for problem in map(json.loads, texts)}


def test_document_lists_the_codes_of_all_problems() -> None:
    listed = {(status, code) for status, codes in PROBLEM_CODES.items() for code in codes}
    assert listed == raised() | of_gateway() | BUILT | {(409, code) for code in TAKEN}


def test_document_lists_the_codes_of_all_fields() -> None:
    places = {"FieldError": 1, "PydanticCustomError": 0}
    texts = [call.args[places[name]] for name, call in calls() if name in places]
    made = {str(one.value) for one in texts if isinstance(one, ast.Constant)}
    assert set(FIELD_CODES) == made | {code for code, _ in _MESSAGES.values()} | TAKEN


def test_page_about_the_api_lists_every_code() -> None:
    page = (PROJECT / "docs" / "api.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([0-9, ]+) \| (.+?) \|", page, flags=re.MULTILINE)
    told = {
        (status.strip(), code)
        for statuses, cell in rows
        for status in statuses.split(",")
        for code in re.findall("`([a-z_]+)`", cell)
    }
    assert told == {(str(status), code) for status, codes in PROBLEM_CODES.items() for code in codes}
    fields = re.findall(r"^\| `([a-z_]+)` \|", page, flags=re.MULTILINE)
    assert fields == list(FIELD_CODES)
