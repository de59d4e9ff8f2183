"""`./rollcall user|group|token …` on a real table."""

import json
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from click.testing import CliRunner

from chalicelib.access.model import BUILT_IN, NewGroup
from chalicelib.services import Services
from rollcall import main
from tests.support.client import Http
from tests.support.terminal import COLOR, on_terminal, plain

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


def run_json(*arguments: str, stdin: str = "") -> Any:
    """Returns what a command prints with --json, and nothing else."""
    return json.loads(run(*arguments, "--json", stdin=stdin))


def test_user_add_prompts_for_password_without_echo(http: Http, name: str) -> None:
    output = run("user", "add", name, "-g", "viewers", stdin=f"{PASSWORD}\n{PASSWORD}\n")
    assert output.endswith(f"Added user {name}. Groups: viewers.\n")
    assert PASSWORD not in output
    assert http.basic(name, PASSWORD).get("/me").ok()["name"] == name
    assert f"{name} " in run("user", "list")
    assert "A user of this name exists already." in run(
        "user", "add", name, "-g", "viewers", "--password-stdin", stdin=PASSWORD, status=1
    )


def test_short_password_is_rejected(services: Services, name: str) -> None:
    output = run("user", "add", name, "-g", "viewers", "--password-stdin", stdin="short\n", status=1)
    assert "Error: password: Must have 12 to 256 characters." in output
    assert name not in run("user", "list")


def test_refused_name_says_what_names_may_be(services: Services, name: str) -> None:
    output = run("token", "create", "Big Sync", "-g", "viewers", status=1)
    assert output.startswith("Error: name: Must have at most 64 lower-case letters, digits and ")


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


@pytest.mark.parametrize(
    ("command", "option"),
    [
        (["token", "create", "NAME"], "group"),
        (["user", "add", "NAME", "--password-stdin"], "group"),
        (["user", "groups", "NAME"], "group"),
        (["group", "add", "NAME", "-a", "7"], "permission"),
        (["group", "add", "NAME", "-p", "members:read"], "account"),
    ],
)
def test_access_without_effect_is_refused(
    services: Services, name: str, command: list[str], option: str
) -> None:
    arguments = [name if word == "NAME" else word for word in command]
    output = run(*arguments, stdin=PASSWORD, status=2)
    advice = f"Name one with --{option}, or confirm with --no-{option}s."
    assert output.endswith(f"Error: Without {option}s, nothing would be allowed. {advice}\n")
    assert all(name not in run(kind, "list") for kind in ("user", "group", "token"))
    both = [*arguments, f"--no-{option}s", f"--{option}", "members:read"]
    assert f"Use --{option} or --no-{option}s, not both." in run(*both, stdin=PASSWORD, status=2)


def test_access_without_effect_can_be_asked_for(services: Services, name: str) -> None:
    run("group", "add", name, "--no-permissions", "--no-accounts")
    run("group", "change", name, "-a", "7", "-p", "members:read")
    run("group", "change", name, "--no-permissions")
    group = services.groups.get(name)
    assert (group.accounts, group.permissions) == (["7"], [])
    assert "Nothing to change. Name a --permission" in run("group", "change", name, status=2)
    run("user", "add", name, "--no-groups", "--password-stdin", stdin=PASSWORD)
    assert services.users.get(name).groups == []
    run("token", "create", name, "--no-groups")


def test_json_is_what_the_api_returns(http: Http, name: str) -> None:
    added = run_json("group", "add", name, "-p", "members:read", "-a", "7")
    assert added == http.get(f"/groups/{name}").ok()
    assert added in run_json("group", "list")
    user = run_json("user", "add", name, "-g", name, "--password-stdin", stdin=PASSWORD)
    assert user == http.get(f"/users/{name}").ok()
    assert user in run_json("user", "list")
    assert run_json("user", "disable", name)["active"] is False
    assert run_json("user", "remove", name) == {"name": name, "removed": True}
    created = run_json("token", "create", name, "-g", name)
    assert http.bearer(created.pop("token")).get("/me").ok()["name"] == name
    assert created["name"] in [token["name"] for token in run_json("token", "list")]
    assert run_json("token", "revoke", name) == {"name": name, "revoked": True}


def test_piped_list_cuts_and_folds_no_value(services: Services, name: str) -> None:
    accounts = [f"account-{number}" for number in range(60)]
    services.groups.create(NewGroup(name=name, permissions=["members:read"], accounts=accounts))
    (line,) = (line for line in run("group", "list").splitlines() if line.startswith(name))
    assert line.split("  ")[-1].strip() == ", ".join(accounts)


def test_list_on_a_terminal_folds_long_values(services: Services, name: str) -> None:
    accounts = [f"account-{number}" for number in range(60)]
    services.groups.create(NewGroup(name=name, permissions=["members:read"], accounts=accounts))
    status, shown = on_terminal("group", "list", "--stage", "local")
    assert status == 0
    assert not COLOR.search(shown)
    shown = plain(shown)
    assert all(account in shown for account in accounts)
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= 80


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
