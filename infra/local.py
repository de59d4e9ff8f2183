"""`make local`: the whole of Rollcall on this machine, until Ctrl-C.

The emulator (MiniStack) runs the deployed stack, so a dropped file takes the real path from S3 to the table;
`chalice local` serves the API on the same table. Data is kept under .local/, logs are in .local/*.log. A
change to the code restarts the API and deploys the functions again.
"""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from types import FrameType
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from chalicelib.access.model import NewUser
from chalicelib.access.users import UserRepository
from chalicelib.dynamodb.table import Table
from chalicelib.errors import Conflict
from infra import child
from infra.deploy import DeployError, deploy
from infra.emulator import HOST, Emulator, EmulatorError, start
from infra.package import LOCAL, PROJECT
from infra.where import PORTS, STATE, USUAL_PORTS

WATCHED = ("app.py", "chalicelib", ".chalice", "infra/template.yaml")
API_SECONDS = 60.0
USER = PASSWORD = "rollcall"  # noqa: S105 - of the stage local; no other has any that is known beforehand


class _StoppedError(Exception):
    """Somebody asked for the end."""


class _FailedError(Exception):
    """Something ended that should not have; the message is one line for the user."""


def main() -> int:
    """Run until somebody asks for the end; return the exit status."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, _stop)
    try:
        with _only_one_here(), contextlib.ExitStack() as stack:
            try:
                _run(stack)
            finally:
                # Once it stops, it stops: the emulator is writing its tables.
                for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    signal.signal(each, signal.SIG_IGN)
                _say("stopping; the data stays in .local/")
    except _StoppedError:
        return 0
    except (_FailedError, EmulatorError, DeployError, RuntimeError) as error:
        _say(f"stopped: {error}")
        return 1
    return 0


def _run(stack: contextlib.ExitStack) -> None:
    ports = {name: int(os.environ.get(name, usual)) for name, usual in USUAL_PORTS.items()}
    port, emulator_port = ports["PORT"], ports["EMULATOR_PORT"]
    _say(f"starting the AWS emulator on {HOST}:{emulator_port}")
    emulator = start(emulator_port, STATE / "emulator", _log("emulator"))
    stack.callback(emulator.stop)
    PORTS.write_text(json.dumps(ports))
    _forget_what_has_no_stack(emulator)
    _say("deploying the stack to it; the log is .local/deploy.log")
    outputs = deploy(LOCAL, emulator.endpoint, log=_log("deploy"))
    _add_local_user(emulator, outputs["TableName"])
    _say(f"serving the API on {HOST}:{port}")
    api = _Api(port, emulator, outputs["APIHandlerName"])
    stack.callback(api.stop)
    api.start()
    api.wait_until_it_answers()
    _say(_where_everything_is(port, emulator, outputs))
    _say("rollcall is ready")
    _watch(api, emulator)


def _forget_what_has_no_stack(emulator: Emulator) -> None:
    """Empty an emulator that has files and no stack; a deployment would find its bucket taken.

    It writes files at once and everything else when it stops, so this is what a first run leaves that was killed.
    """
    client = _client("cloudformation", emulator)
    try:
        status = client.describe_stacks(StackName=f"rollcall-{LOCAL}")["Stacks"][0]["StackStatus"]
    except ClientError:
        status = "NONE"
    if status in {"NONE", "ROLLBACK_COMPLETE"}:
        emulator.reset()


def _add_local_user(emulator: Emulator, table_name: str) -> None:
    """Add the user of this stage alone, unless there is one; the rule of twelve characters is for all others."""
    user = NewUser.model_construct(name=USER, password=PASSWORD, groups=["admins"], active=True)
    with contextlib.suppress(Conflict):
        UserRepository(Table(_client("dynamodb", emulator), table_name)).create(user)


def _client(service: Any, emulator: Emulator) -> Any:
    keys = emulator.environment
    return boto3.client(
        service,
        region_name=keys["AWS_REGION"],
        endpoint_url=emulator.endpoint,
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        config=Config(proxies={}),
    )


def _watch(api: "_Api", emulator: Emulator) -> None:
    """Restart and deploy at each change of the code; raise when a process ends on its own."""
    seen, waiting_for_a_change = _code_state(), False
    while True:
        time.sleep(0.5)
        if emulator.process.poll() is not None:
            raise _FailedError("the AWS emulator ended; see .local/emulator.log")
        if (now := _code_state()) != seen:
            seen = now
            waiting_for_a_change = not _reload(api, emulator)
        elif api.ended() and not waiting_for_a_change:
            raise _FailedError("the API ended; see .local/api.log")


def _reload(api: "_Api", emulator: Emulator) -> bool:
    """Whether the changed code runs. Code that does not even import waits for the next change."""
    try:
        api.stop()
        api.start()
        api.wait_until_it_answers()
        _deploy_in_own_process(emulator)
    except (_FailedError, DeployError) as error:
        _say(f"the change does not run: {error}")
        return False
    _say("the change runs")
    return True


def _deploy_in_own_process(emulator: Emulator) -> None:
    """Deploy the changed code; a process of its own, as this one has imported the app as it was."""
    with _log("deploy").open("ab") as log:
        command = [sys.executable, "-m", "infra.deploy", LOCAL]
        done = subprocess.run(
            command, cwd=PROJECT, env=emulator.environment, stdout=log, stderr=log, check=False
        )
    if done.returncode:
        raise DeployError("it does not deploy; see .local/deploy.log")


class _Api:
    """`chalice local` (serve.py), with the environment of the deployed function.

    Without chalice's own reloader: it restarts at any change below the project, the emulator's data and the logs
    included, and reads the state of every file of .venv once a second to find one.
    """

    def __init__(self, port: int, emulator: Emulator, function: str) -> None:
        self._port, self._emulator, self._function = port, emulator, function
        self._process: child.Child | None = None

    def start(self) -> None:
        client = _client("lambda", self._emulator)
        deployed = client.get_function_configuration(FunctionName=self._function)["Environment"]["Variables"]
        where = ["--stage", LOCAL, "--host", HOST, "--port", str(self._port)]
        command = ["infra.serve", "local", "--no-autoreload", *where]
        self._process = child.start(command, self._emulator.environment | deployed, _log("api"))

    def ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def stop(self) -> None:
        if self._process:
            child.stop(self._process, 5)

    def wait_until_it_answers(self) -> None:
        url, deadline = f"http://{HOST}:{self._port}/members?limit=1", time.monotonic() + API_SECONDS
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while time.monotonic() < deadline:
            if self.ended():
                raise _FailedError("the API ended; see .local/api.log")
            try:
                opener.open(url, timeout=10).close()
            except urllib.error.HTTPError as answer:
                if answer.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise _FailedError(f"the API answers {answer.code}; see .local/api.log") from None
                return  # it may ask for credentials
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise _FailedError(f"the API did not answer within {API_SECONDS:.0f} seconds; see .local/api.log")


def _where_everything_is(port: int, emulator: Emulator, outputs: dict[str, str]) -> str:
    ralph = "first_name=Ralph&last_name=Mouse&account_id=1&phone_number=3235551234&client_member_id=42"
    api, bucket, keys = f"http://{HOST}:{port}", outputs["BucketName"], emulator.environment
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL")
    return f"""
  API           {api}/members
  Admin page    {api}/admin
  User          {USER}, password {PASSWORD}
  Drop bucket   s3://{bucket}/drops/
  AWS emulator  {emulator.endpoint}
  Logs          .local/api.log, .local/emulator.log, .local/deploy.log

  Create a member:
    curl -i --user {USER}:{PASSWORD} -d '{ralph}' {api}/members/

  Drop a file, in another terminal:
    {" ".join(f"{name}={keys[name]}" for name in names)} \\
      .venv/bin/aws s3 cp roster.csv s3://{bucket}/drops/
"""


def _code_state() -> list[tuple[str, int, int]]:
    """Name, time of change and size of every file that a change of should be seen."""
    found = []
    for name in WATCHED:
        path = PROJECT / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if "__pycache__" in file.parts or "deployments" in file.parts:
                continue
            with contextlib.suppress(OSError):
                stat = file.stat()
                found.append((str(file), stat.st_mtime_ns, stat.st_size))
    return found


@contextlib.contextmanager
def _only_one_here() -> Iterator[None]:
    """Two of them on the same data would lose it."""
    STATE.mkdir(exist_ok=True)
    with (STATE / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise _FailedError("`make local` runs in this folder already") from None
        yield


def _log(name: str) -> Path:
    return STATE / f"{name}.log"


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise _StoppedError


def _say(text: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
