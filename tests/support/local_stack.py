"""A running `make local`: the emulator with the deployed stack, and the API on top of it."""

import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest

from chalicelib.access import passwords
from chalicelib.access.items import USERS, StoredUser, item_key, stored_from_item, stored_item
from infra import child
from infra.emulator import HOST, REGION, environment, free_ports
from infra.project import LOCAL, PROJECT

from .access import PASSWORD, basic

HEADER = "first_name,last_name,phone_number,client_member_id,account_id\n"
LOCAL_ADMIN = "rollcall"  # the user that `make local` creates, and its password


class LocalStack:
    """The addresses of a running `make local`, and calls to its API with all permissions."""

    def __init__(self, url: str, emulator: str) -> None:
        self.url, self.emulator = url, emulator
        self._table: Any = _client("dynamodb", emulator)
        [self._table_name] = self._table.list_tables()["TableNames"]
        self._hash_cheaply(LOCAL_ADMIN, LOCAL_ADMIN)
        self._authorization = basic(LOCAL_ADMIN, LOCAL_ADMIN)
        token = self.call("POST", "/tokens", {"name": "tests", "groups": ["admins"]})["token"]
        self._authorization = f"Bearer {token}"
        self._phone_numbers = (f"32355{number}" for number in itertools.count(60_000))

    def call(
        self,
        method: str,
        path: str,
        data: Any = None,
        *,
        kind: str = "application/json",
        token: str = "",
        user: str = "",
    ) -> Any:
        """Returns the JSON body of a successful response, None if it is empty. Raises HTTPError for others.

        A `user` sends PASSWORD.
        """
        body = data.encode() if isinstance(data, str) else None if data is None else json.dumps(data).encode()
        authorization = f"Bearer {token}" if token else self._authorization
        if user:
            authorization = basic(user)
        headers = {"Authorization": authorization, "Content-Type": kind}
        text = _open(urllib.request.Request(self.url + path, body, headers, method=method))
        return json.loads(text) if text else None

    def add_member(self, account: str, client_member_id: str = "1", **fields: str) -> Any:
        """Returns a new member of the account."""
        member = {
            "account_id": account,
            "client_member_id": client_member_id,
            "first_name": "Ann",
            "last_name": "Lee",
            "phone_number": next(self._phone_numbers),
        }
        return self.call("POST", "/members", member | fields)

    def add_user(self, name: str, groups: list[str]) -> None:
        """Adds a user with the password PASSWORD."""
        self.call("POST", "/users", {"name": name, "password": PASSWORD, "groups": groups})
        self._hash_cheaply(name, PASSWORD)

    def _hash_cheaply(self, name: str, password: str) -> None:
        """Stores a hash that takes no time to check: most tests sign in, and each check would take 0.2 s of CPU."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(passwords, "N", 2**4)
            cheap = passwords.hash_password(password)
        found = self._table.get_item(TableName=self._table_name, Key=item_key(USERS, name))["Item"]
        user = stored_from_item(found, StoredUser).model_copy(update={"password": cheap})
        self._table.put_item(TableName=self._table_name, Item=stored_item(user, version=user.version))

    def add_group(self, name: str, permissions: list[str], accounts: list[str] | str) -> None:
        """Adds a group; `accounts` is a list of account ids, or "*" for every account."""
        self.call("POST", "/groups", {"name": name, "permissions": permissions, "accounts": accounts})

    def end_session(self, token: str) -> None:
        """Ends the session that has this token."""
        self.call("DELETE", "/sessions", token=token)

    def age_sessions(self, user: str, seconds: int) -> None:
        """Makes the sessions of a user older, as if they had been started with the password so long before."""
        sessions = self._table.query(
            TableName=self._table_name,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :user)",
            ExpressionAttributeValues={":pk": {"S": "SESSIONS"}, ":user": {"S": f"{user}/"}},
        )
        for item in sessions["Items"]:
            self._table.update_item(
                TableName=self._table_name,
                Key={"pk": item["pk"], "sk": item["sk"]},
                UpdateExpression="ADD ends_at :less",
                ExpressionAttributeValues={":less": {"N": str(-seconds)}},
            )

    def rejects_token(self, token: str) -> bool:
        """Returns whether the API rejects the token."""
        try:
            self.call("GET", "/me", token=token)
        except urllib.error.HTTPError as error:
            return error.code == 401
        return False

    def import_csv(self, text: str, query: str = "") -> Any:
        """Sends a CSV file in a request. Returns the finished import."""
        return self.finished_import(self.call("POST", f"/imports{query}", text, kind="text/csv")["id"])

    def upload(self, announced: Any, content: str | bytes) -> None:
        """Uploads a file for an import that was announced with its filename."""
        body = content.encode() if isinstance(content, str) else content
        _open(urllib.request.Request(announced["upload"]["url"], body, method="PUT"))

    def import_file(self, filename: str, content: str | bytes, **options: Any) -> Any:
        """Uploads a file with a name and other options. Returns the finished import."""
        announced = self.call("POST", "/imports", {"filename": filename, **options})
        self.upload(announced, content)
        return self.finished_import(announced["id"])

    def finished_import(self, import_id: str) -> Any:
        """Waits until an import has finished. Returns it."""
        while not (shown := self.call("GET", f"/imports/{import_id}"))["finished_at"]:
            pass
        return shown

    def import_of_file(self, filename: str) -> Any:
        """Returns the newest import of a file with this name."""
        imports = self.call("GET", "/imports")["items"]
        return next(one for one in imports if one["source"]["key"].endswith(f"/{filename}"))


@contextmanager
def running_local_stack() -> Iterator[LocalStack]:
    """Runs `make local` on free ports, with its data in a temporary directory."""
    port, emulator = free_ports(2)
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "TABLE", "BUCKET", "SPLIT_", "LOAD_"))
    }
    with tempfile.TemporaryDirectory(prefix="rollcall-local-") as state:
        ports = {"PORT": str(port), "EMULATOR_PORT": str(emulator), "LOCAL_STATE": state}
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.local"],
            cwd=PROJECT,
            env=inherited | ports,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            _wait_until_ready(process)
            yield LocalStack(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{emulator}")
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate()


@contextmanager
def serving(local: LocalStack, url: str, settings: dict[str, str]) -> Iterator[None]:
    """Serves the API at another address too, with other settings, over the data of a running stack."""
    around = environment(local.emulator)
    functions: Any = _client("lambda", local.emulator)
    [api] = [one for one in functions.list_functions()["Functions"] if "APIHandler" in one["FunctionName"]]
    options = ["--stage", LOCAL, "--host", HOST, "--port", url.rpartition(":")[2]]
    command = ["infra.serve", "local", "--no-autoreload", *options]
    server = child.start(command, around | api["Environment"]["Variables"] | settings, None)
    try:
        while not _answers(f"{url}/health"):
            assert server.poll() is None
            time.sleep(0.1)
        yield
    finally:
        child.stop(server, 5)


def _client(service: str, emulator: str) -> Any:
    """Returns a client of the emulator."""
    return boto3.client(
        service,  # type: ignore[call-overload]
        region_name=REGION,
        endpoint_url=emulator,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def _answers(url: str) -> bool:
    try:
        _open(urllib.request.Request(url))
    except OSError:
        return False
    return True


def roster_csv(account: str, count: int) -> str:
    """Returns a CSV file of so many members: Lee00000, Lee00001 and so on, with client member ids from 0."""
    return HEADER + "".join(f"Ann{n % 7},Lee{n:05},{2010000000 + n},{n},{account}\n" for n in range(count))


def _wait_until_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout
    printed = []
    while (line := process.stdout.readline()) != "rollcall is ready\n":
        printed.append(line)
        assert line, "".join(printed)


def _open(request: urllib.request.Request) -> bytes:
    """Returns the response body. Ignores proxies: both servers are on loopback."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=60) as response:
        return bytes(response.read())
