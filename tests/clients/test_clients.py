"""Clients made by three generators create, find and import, against `make local`."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.local_stack import HEADER, LocalStack, running_local_stack

from . import tools

HERE = Path(__file__).parent
DONE = {  # what each program prints
    "phone_number": "+13235551234",
    "taken": "client_member_id_taken",
    "version": 1,
    "found": [True],
    "batch": [201, 422],
    "status": "completed",
    "created": 1,
    "rejected": [[3, "phone_not_possible"]],
    "codes": {"phone_not_possible": 1},
}
# openapi-generator says this of any document of OpenAPI 3.1, and of any schema without further properties.
EXPECTED_WARNINGS = ("OpenAPI 3.1 support is still in beta", "Failed to get the schema name: null")


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    """Yields a running `make local`."""
    with running_local_stack() as stack:
        yield stack


@pytest.fixture
def document(stack: LocalStack, tmp_path: Path) -> Path:
    """Returns a file with the document that the service serves."""
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(stack.call("GET", "/openapi.json")), encoding="utf-8")
    return path


def environment(stack: LocalStack, account: str) -> dict[str, str]:
    """Returns what a program needs to know."""
    issued = stack.call("POST", "/tokens", {"name": account, "groups": ["editors"]})
    roster = f"{HEADER}Ann,Lee,3235550001,1,{account}\nBen,Lee,12,2,{account}\n"
    return {"URL": stack.url, "TOKEN": issued["token"], "ACCOUNT": account, "ROSTER": roster}


def test_python_client_imports_a_file(stack: LocalStack, document: Path) -> None:
    programs, client = tools.python_programs(), document.with_name("client")
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"  # the generator formats its code with ruff
    options = ("--path", document, "--config", HERE / "python" / "config.yml", "--output-path", client)
    generated = tools.run(
        "env", f"PATH={path}", "openapi-python-client", "generate", *options, cwd=document.parent
    )
    assert "warning" not in generated.lower(), generated
    known = {**environment(stack, "python"), "PYTHONPATH": str(client)}
    printed = tools.run(programs / "python", HERE / "python" / "program.py", cwd=client, **known)
    assert json.loads(printed) == {**DONE, "again": 1}


def test_typescript_client_imports_a_file(stack: LocalStack, document: Path) -> None:
    home = tools.node_modules()
    programs = home / "node_modules" / ".bin"
    for name in ("program.ts", "tsconfig.json"):
        shutil.copy(HERE / "typescript" / name, home)
    tools.run(programs / "openapi-typescript", document, "-o", "rollcall.ts", cwd=home)
    tools.run(programs / "tsc", cwd=home)
    printed = tools.run("node", "program.js", cwd=home, **environment(stack, "typescript"))
    assert json.loads(printed) == {**DONE, "again": 1}


def test_java_client_imports_a_file(stack: LocalStack, document: Path) -> None:
    jars, client = tools.jars(), document.with_name("client")
    [generator] = jars.glob("openapi-generator-cli-*.jar")
    libraries = os.pathsep.join(str(jar) for jar in jars.glob("*.jar") if jar != generator)
    options = ("-g", "java", "--library", "native", "-i", document, "-o", client)
    generated = tools.run("java", "-jar", generator, "generate", *options, cwd=document.parent)
    warnings = [line for line in generated.splitlines() if " WARN " in line or " ERROR " in line]
    assert [line for line in warnings if not any(known in line for known in EXPECTED_WARNINGS)] == []
    sources = sorted((client / "src" / "main" / "java").rglob("*.java"))
    tools.run(
        "javac", "-cp", libraries, "-d", "classes", *sources, HERE / "java" / "Program.java", cwd=client
    )
    classes = f"classes{os.pathsep}{libraries}"
    printed = tools.run("java", "-cp", classes, "Program", cwd=client, **environment(stack, "java"))
    assert json.loads(printed) == DONE
