"""`make local`: runs all of Rollcall on this machine, until Ctrl-C.

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
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from botocore.exceptions import ClientError

from chalicelib.access.model import NewUser
from chalicelib.access.users import UserRepository
from chalicelib.dynamodb.table import Table
from chalicelib.errors import Conflict
from infra.deploy import deploy
from infra.emulator import HOST, Emulator, EmulatorError, start
from infra.endpoints import DEFAULT_PORTS, PORTS, STATE
from infra.local_api import ApiError, LocalApi
from infra.project import LOCAL, PROJECT
from infra.resume import resume_exports, resume_imports
from infra.target import DeployError

STACK = f"rollcall-{LOCAL}"
WATCHED = (
    "app.py",
    "chalicelib",
    ".chalice",
    *(f"infra/{path.name}" for path in sorted(PROJECT.glob("infra/template*.yaml"))),
)
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
USER = PASSWORD = "rollcall"  # noqa: S105 - exists in the stage local only


class _StoppedError(Exception):
    """A signal asked this process to stop."""


class _FailedError(Exception):
    """`make local` cannot go on; the message is one line for the user."""


def main() -> int:
    """Runs until a signal; returns the exit status."""
    for number in SIGNALS:
        signal.signal(number, _stop)
    try:
        with _single_instance(), contextlib.ExitStack() as stack:
            try:
                _run(stack)
            finally:
                # A second signal must not interrupt the stop: the emulator is writing its tables.
                for number in SIGNALS:
                    signal.signal(number, signal.SIG_IGN)
                _say("stopping; the data stays in .local/")
    except _StoppedError:
        return 0
    except (_FailedError, ApiError, EmulatorError, DeployError, RuntimeError) as error:
        _say(f"stopped: {error}")
        return 1
    return 0


def _run(stack: contextlib.ExitStack) -> None:
    ports = {name: int(os.environ.get(name, default)) for name, default in DEFAULT_PORTS.items()}
    started = time.time()
    emulator = _start_emulator(stack, ports)
    outputs = _deploy(emulator)
    resume_imports(emulator.client, outputs, started)
    resume_exports(emulator.client, outputs, started)
    api = _serve(stack, ports["PORT"], emulator, outputs["APIHandlerName"])
    _say(_addresses(ports["PORT"], emulator, outputs))
    if warning := old_data_warning(outputs["LoadQueueUrl"]):
        _say(warning)
    _say("rollcall is ready")
    _watch(api, emulator)


def _start_emulator(stack: contextlib.ExitStack, ports: dict[str, int]) -> Emulator:
    """Starts the emulator on the kept data, and lets `stack` stop it."""
    _say(f"starting the AWS emulator on {HOST}:{ports['EMULATOR_PORT']}")
    emulator = start(ports["EMULATOR_PORT"], STATE / "emulator", _log("emulator"))
    stack.callback(emulator.stop)
    PORTS.write_text(json.dumps(ports))
    return emulator


def _deploy(emulator: Emulator) -> dict[str, str]:
    """Deploys the stack and adds the local user; returns the outputs of the stack."""
    _reset_without_stack(emulator)
    _say("deploying the stack to it; the log is .local/deploy.log")
    outputs = deploy(LOCAL, emulator.endpoint, log=_log("deploy"))
    _add_local_user(emulator, outputs["TableName"])
    return outputs


def _serve(stack: contextlib.ExitStack, port: int, emulator: Emulator, function: str) -> LocalApi:
    """Starts the API, and lets `stack` stop it."""
    _say(f"serving the API on {HOST}:{port}")
    api = LocalApi(port, emulator, function, _log("api"))
    stack.callback(api.stop)
    api.start()
    return api


def _reset_without_stack(emulator: Emulator) -> None:
    """Deletes all data of an emulator without a stack; a deployment would fail because its bucket exists.

    The emulator writes files at once and everything else when it stops, so a killed first run leaves this.
    """
    try:
        stacks = emulator.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    except ClientError:
        stacks = []
    if not stacks or stacks[0]["StackStatus"] == "ROLLBACK_COMPLETE":
        emulator.reset()


def _add_local_user(emulator: Emulator, table_name: str) -> None:
    """Adds the local user, unless it exists. Its password is shorter than the 12 characters of other stages."""
    user = NewUser.model_construct(name=USER, password=PASSWORD, groups=["admins"], active=True)
    with contextlib.suppress(Conflict):
        UserRepository(Table(emulator.client("dynamodb"), table_name)).create(user, common_password=True)


def old_data_warning(queue_url: str) -> str | None:
    """Returns a warning for data whose queue has another port in its URL than the emulator now gives to queues."""
    if ":4566/" in queue_url:
        return None
    return (
        "Warning: an older version of Rollcall made the data in .local/, and no file can be imported with it. "
        "To start without data, stop, and delete .local/.\n"
    )


def _watch(api: LocalApi, emulator: Emulator) -> None:
    """Restarts and deploys at each change of the code. Raises _FailedError when a process ends."""
    seen, change_failed = code_state(), False
    while True:
        time.sleep(0.5)
        if emulator.process.poll() is not None:
            raise _FailedError("the AWS emulator ended; see .local/emulator.log")
        if (now := code_state()) != seen:
            seen = now
            change_failed = not _reload(api, emulator)
        elif api.ended() and not change_failed:
            raise _FailedError("the API ended; see .local/api.log")


def _reload(api: LocalApi, emulator: Emulator) -> bool:
    """Runs the changed code; returns whether that works. Broken code waits for the next change."""
    try:
        api.stop()
        api.start()
        _deploy_in_own_process(emulator)
    except (ApiError, DeployError) as error:
        _say(f"the changed code does not run: {error}")
        return False
    _say("running the changed code")
    return True


def _deploy_in_own_process(emulator: Emulator) -> None:
    """Deploys the changed code from a new process: this one has imported the code before the change."""
    with _log("deploy").open("ab") as log:
        command = [sys.executable, "-m", "infra.deploy", LOCAL]
        done = subprocess.run(
            command, cwd=PROJECT, env=emulator.environment, stdout=log, stderr=log, check=False
        )
    if done.returncode:
        raise DeployError("the deployment failed; see .local/deploy.log")


def _addresses(port: int, emulator: Emulator, outputs: dict[str, str]) -> str:
    """Returns what to open, and the commands to try."""
    ralph = "first_name=Ralph&last_name=Mouse&account_id=1&phone_number=3235551234&client_member_id=42"
    api, bucket, environment = f"http://{HOST}:{port}", outputs["BucketName"], emulator.environment
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL")
    return f"""
  API           {api}/members
  Documentation {api}/docs
  Admin page    {api}/admin
  User          {USER}, password {PASSWORD}
  Drop bucket   s3://{bucket}/drops/
  AWS emulator  {emulator.endpoint}
  Logs          .local/api.log, .local/emulator.log, .local/deploy.log

  Create a member:
    curl -i --user {USER}:{PASSWORD} -d '{ralph}' {api}/members/

  In another terminal, with this environment, drop a file or run Chalice's own server:
    export {" ".join(f"{name}={environment[name]}" for name in names)}
    .venv/bin/aws s3 cp roster.csv s3://{bucket}/drops/
    .venv/bin/chalice local
"""


def code_state(project: Path = PROJECT) -> list[tuple[str, int, int]]:
    """Returns path, modification time and size of every watched file. Caches of Python and Chalice do not count."""
    found = []
    for name in WATCHED:
        path = project / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            # Not directories: a new __pycache__ changes their modification time.
            if file.is_dir() or "__pycache__" in file.parts or "deployments" in file.parts:
                continue
            with contextlib.suppress(OSError):
                stat = file.stat()
                found.append((str(file), stat.st_mtime_ns, stat.st_size))
    return found


@contextlib.contextmanager
def _single_instance() -> Iterator[None]:
    """Holds the lock on the data: two emulators would overwrite each other's. Raises _FailedError."""
    STATE.mkdir(exist_ok=True)
    with (STATE / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise _FailedError("`make local` is already running in this folder.") from None
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
