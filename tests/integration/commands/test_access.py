"""`python rollcall.py user|group|token …` on a real table."""

import json
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner

from chalicelib.access.model import BUILT_IN
from chalicelib.services import Services
from rollcall import main
from tests.support.client import Http

PASSWORD = "correct horse battery"


@pytest.fixture
def name(stage: None) -> str:
    """Returns a name that no other test uses."""
    return f"n-{uuid.uuid4().hex[:8]}"


def run(*arguments: str, stdin: str = "", status: int = 0) -> str:
    """Returns the output of a command, after a check of its exit status."""
    result = CliRunner().invoke(main, arguments, input=stdin)
    assert result.exit_code == status, result.output
    return result.output


def test_user_add_prompts_for_password_without_echo(http: Http, name: str) -> None:
    output = run("user", "add", name, "-g", "viewers", stdin=f"{PASSWORD}\n{PASSWORD}\n")
    assert output.endswith(f"Added user {name}. Groups: viewers.\n")
    assert PASSWORD not in output
    assert http.basic(name, PASSWORD).get("/me").ok()["name"] == name
    assert f"{name} " in run("user", "list")
    assert "A user of this name exists already." in run(
        "user", "add", name, "--password-stdin", stdin=PASSWORD, status=1
    )


def test_short_password_is_rejected(services: Services, name: str) -> None:
    output = run("user", "add", name, "--password-stdin", stdin="short\n", status=1)
    assert "Error: password: Must have 12 to 256 characters." in output
    assert name not in run("user", "list")


def test_user_commands_take_effect_over_http(http: Http, name: str) -> None:
    run("user", "add", name, "-g", "viewers", "--password-stdin", stdin=PASSWORD)
    run("user", "passwd", name, stdin="another horse battery\n" * 2)
    user = http.basic(name, "another horse battery")
    user.get("/me").ok()
    assert run("user", "disable", name) == f"Disabled user {name}.\n"
    user.get("/me").problem(401, "unauthorized")
    run("user", "enable", name)
    run("user", "groups", name, "-g", "editors", "-g", "viewers")
    assert "imports:write" in user.get("/me").ok()["grants"]
    run("user", "remove", name)
    user.get("/me").problem(401, "unauthorized")
    assert run("user", "disable", name, status=1) == "Error: No user has this name.\n"


def test_group_commands_add_change_list_and_remove(services: Services, name: str) -> None:
    run("group", "add", name, "-p", "members:read", "-p", "members:write", "-a", "7", "-a", "8")
    assert services.groups.get(name).accounts == ["7", "8"]
    run("group", "change", name, "-a", "*")
    group = services.groups.get(name)
    assert (group.accounts, group.permissions) == ("*", ["members:read", "members:write"])
    listed = run("group", "list")
    assert all(group_name in listed for group_name in (name, *BUILT_IN))
    run("group", "remove", name)
    assert name not in run("group", "list")
    assert "Invalid value for '--permission'" in run("group", "add", name, "-p", "fly", status=2)


def test_token_create_prints_only_the_token_to_stdout(http: Http, name: str) -> None:
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


class AccessDenied(BaseHTTPRequestHandler):
    """A DynamoDB endpoint that denies every request."""

    def do_POST(self) -> None:
        """Denies."""
        body = {"__type": "com.amazon.coral.service#AccessDeniedException", "Message": "Denied."}
        self.send_response(400)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Logs nothing."""


@pytest.fixture
def denied_table(stage: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Provides a stage whose table denies every request."""
    with ThreadingHTTPServer(("127.0.0.1", 0), AccessDenied) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"http://127.0.0.1:{server.server_port}")
        yield
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "command", [["user", "list"], ["group", "remove", "g"], ["token", "create", "t", "-g", "viewers"]]
)
def test_aws_error_is_printed_as_one_line(denied_table: None, command: list[str]) -> None:
    output = run(*command, status=1)
    assert output.startswith("Error: An error occurred (AccessDeniedException) when calling the ")
    assert output.endswith(" operation: Denied.\n")
    assert output.count("\n") == 1
