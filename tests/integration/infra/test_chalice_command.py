"""`chalice local`, `chalice deploy` and `chalice package`, typed in the project's folder."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.chalice_command import AppFiles
from infra.emulator import environment, free_port, free_ports
from infra.local import PASSWORD, USER
from infra.local_process import running
from infra.project import PROJECT
from tests.integration.infra.test_local import call

CHALICE = str(Path(sys.executable).with_name("chalice"))
PRINTED = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL")
SECONDS = 60.0


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Runs `make local`; yields the environment in which it was typed."""
    port, emulator = free_ports(2)
    removed = ("AWS_", "TABLE", "BUCKET", "SPLIT_", "LOAD_", "EXPORT_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(removed)}
    state = str(tmp_path_factory.mktemp("state"))
    typed = kept | {"PORT": str(port), "EMULATOR_PORT": str(emulator), "LOCAL_STATE": state}
    with running(typed):
        yield typed


def chalice(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs Chalice's command line in the project's folder until it ends."""
    command = [CHALICE, *arguments]
    return subprocess.run(
        command, cwd=PROJECT, env=env, capture_output=True, text=True, timeout=SECONDS, check=False
    )


def test_chalice_local_restarts_for_the_app_only(tmp_path: Path) -> None:
    """Not for the data and logs of `make local`, which it would otherwise restart for all the time."""
    for name in (
        "app.py",
        "roster.csv",
        "chalicelib/api/members.py",
        "chalicelib/__pycache__/a.pyc",
        ".local/api.log",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = [name for _, _, names in AppFiles().walk(str(tmp_path)) for name in names]
    assert found == ["app.py", "members.py"]


@pytest.mark.parametrize("reload", [[], ["--no-autoreload"]])
def test_chalice_local_serves_the_members_of_make_local(local: dict[str, str], reload: list[str]) -> None:
    """With the environment that `make local` prints, and without arguments."""
    emulator = environment(f"http://127.0.0.1:{local['EMULATOR_PORT']}")
    env = local | {name: emulator[name] for name in PRINTED} | {"AWS_PROFILE": "of-somebody"}
    command = [CHALICE, "local", *reload, *(["--port", str(free_port())] if reload else [])]
    with subprocess.Popen(
        command, cwd=PROJECT, env=env, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as server:
        try:
            assert server.stdout
            found = re.fullmatch(r"Serving on (http://127\.0\.0\.1:([0-9]+))\n", server.stdout.readline())
            assert found
            assert reload or int(found[2]) == int(local["PORT"]) + 1
            assert call(f"{found[1]}/me")["name"] == USER == PASSWORD
        finally:
            os.killpg(server.pid, signal.SIGTERM)  # SIGINT may be ignored where tests run


def test_chalice_local_without_emulator_names_make_local() -> None:
    env = dict(os.environ) | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}"}
    done = chalice("local", env=env)
    assert done.stdout == ""
    assert done.stderr.endswith("\nType first, in another terminal: make local\n")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["deploy", "--stage", "local"], ["package", "out"]])
def test_chalice_deploy_and_package_say_what_to_type(arguments: list[str], tmp_path: Path) -> None:
    env = dict(os.environ) | {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    if arguments[0] == "package":
        arguments = ["package", str(tmp_path / "out")]
    done = chalice(*arguments, env=env)
    assert done.returncode == 1
    assert done.stderr.startswith("Nothing was written. ")
    assert "\nType instead: make deploy STAGE=prod" in done.stderr
    assert list(tmp_path.iterdir()) == []
