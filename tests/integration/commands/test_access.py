"""`python rollcall.py user|group|token …`, against a real table."""

import json
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner

from chalicelib.access.grants import BUILT_IN
from chalicelib.access.store import Directory
from rollcall import main
from tests.support.client import Http

PASSWORD = "correct horse battery"


@pytest.fixture
def name(stage: None) -> str:
    """A name that no other test uses."""
    return f"n-{uuid.uuid4().hex[:8]}"


def run(*arguments: str, typed: str = "", status: int = 0) -> str:
    """What a command prints."""
    result = CliRunner().invoke(main, arguments, input=typed)
    assert result.exit_code == status, result.output
    return result.output


def test_a_user_is_added_with_a_password_that_nobody_sees(http: Http, name: str) -> None:
    said = run("user", "add", name, "-g", "viewers", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert said.endswith(f"{name} is added; it is in viewers.\n")
    assert PASSWORD not in said
    assert http.basic(name, PASSWORD).get("/me").ok()["name"] == name
    assert f"{name} " in run("user", "list")
    assert "There is one of this name." in run(
        "user", "add", name, "--password-stdin", typed=PASSWORD, status=1
    )


def test_a_password_that_is_too_short_is_refused(directory: Directory, name: str) -> None:
    said = run("user", "add", name, "--password-stdin", typed="short\n", status=1)
    assert "Error: password: A password has 12 to 256 characters." in said
    assert name not in run("user", "list")


def test_a_password_is_changed_and_a_user_disabled_enabled_and_removed(http: Http, name: str) -> None:
    run("user", "add", name, "-g", "viewers", "--password-stdin", typed=PASSWORD)
    run("user", "passwd", name, typed="another horse battery\n" * 2)
    user = http.basic(name, "another horse battery")
    user.get("/me").ok()
    assert run("user", "disable", name) == f"{name} is disabled.\n"
    user.get("/me").problem(401, "unauthorized")
    run("user", "enable", name)
    run("user", "groups", name, "-g", "editors", "-g", "viewers")
    assert "imports:write" in user.get("/me").ok()["grants"]
    run("user", "remove", name)
    user.get("/me").problem(401, "unauthorized")
    assert run("user", "disable", name, status=1) == "Error: There is no user of this name.\n"


def test_a_group_is_added_changed_listed_and_removed(directory: Directory, name: str) -> None:
    run("group", "add", name, "-p", "members:read", "-p", "members:write", "-a", "7", "-a", "8")
    assert directory.group(name).accounts == ["7", "8"]
    run("group", "change", name, "-a", "*")
    group = directory.group(name)
    assert (group.accounts, group.permissions) == ("*", ["members:read", "members:write"])
    listed = run("group", "list")
    assert all(one in listed for one in (name, *BUILT_IN))
    run("group", "remove", name)
    assert name not in run("group", "list")
    assert "Invalid value for '--permission'" in run("group", "add", name, "-p", "fly", status=2)


def test_a_token_is_printed_once_and_alone(http: Http, name: str) -> None:
    result = CliRunner().invoke(main, ["token", "create", name, "-g", "viewers", "--days", "7"])
    text = result.stdout.strip()
    assert text.startswith("rollcall_")
    assert "\n" not in text
    assert http.bearer(text).get("/me").ok()["name"] == name
    listed = run("token", "list")
    assert name in listed
    assert text.partition(".")[2] not in listed
    run("token", "revoke", name)
    http.bearer(text).get("/me").problem(401, "unauthorized")


class Refusal(BaseHTTPRequestHandler):
    """DynamoDB, to one who may not ask it."""

    def do_POST(self) -> None:
        """Refuses."""
        body = {"__type": "com.amazon.coral.service#AccessDeniedException", "Message": "You may not."}
        self.send_response(400)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def refused(stage: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A stage whose table this caller may not use."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusal) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"http://127.0.0.1:{server.server_port}")
        yield
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "command", [["user", "list"], ["group", "remove", "g"], ["token", "create", "t", "-g", "viewers"]]
)
def test_what_aws_refuses_is_said_in_a_line(refused: None, command: list[str]) -> None:
    said = run(*command, status=1)
    assert said.startswith("Error: An error occurred (AccessDeniedException) when calling the ")
    assert said.endswith(" operation: You may not.\n")
    assert said.count("\n") == 1
