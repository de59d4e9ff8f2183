"""`make local`, started as a user starts it: what it keeps for the next time, and on which ports."""

import base64
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.emulator import free_ports
from infra.local import PASSWORD, USER
from infra.package import PROJECT

IMPORT_SECONDS = 60.0  # an import that takes longer hangs
HEADER = "first_name,last_name,phone_number,client_member_id,account_id\n"


@contextmanager
def make_local(environment: dict[str, str]) -> Iterator[str]:
    """The address of the API of a `make local` that is ready; stopped by SIGTERM at the end of the block."""
    command = [sys.executable, "-m", "infra.local"]
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            printed = []
            while (line := process.stdout.readline()) != "rollcall is ready\n":
                printed.append(line)
                assert line, "".join(printed)
            yield f"http://127.0.0.1:{environment['PORT']}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate()


def call(url: str, body: dict[str, str] | None = None) -> Any:
    """The JSON that a GET answers, or with a body a POST."""
    credentials = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
    data = json.dumps(body).encode() if body else None
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, data, headers)) as answer:
        return json.load(answer)


def import_roster(path: Path, phone_number: str, environment: dict[str, str]) -> None:
    """Import a file of one member, whose client member id is the file's name, with the command."""
    path.write_text(f"{HEADER}Ben,Lee,{phone_number},{path.stem},restart\n")
    done = subprocess.run(
        [sys.executable, "rollcall.py", "import", str(path)],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=IMPORT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_restart_on_other_ports_keeps_data_and_imports(tmp_path: Path) -> None:
    ours = ("AWS_", "TABLE", "BUCKET", "LOAD_")
    usual = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    usual |= {"LOCAL_STATE": str(tmp_path / "state")}
    ports = [str(port) for port in free_ports(4)]
    first, second = (
        usual | {"PORT": port, "EMULATOR_PORT": emulator}
        for port, emulator in zip(ports[:2], ports[2:], strict=True)
    )
    ada = {"first_name": "Ada", "last_name": "Lee", "phone_number": "3235550000", "account_id": "restart"}

    with make_local(first) as api:
        call(f"{api}/members", {**ada, "client_member_id": "by hand"})
        import_roster(tmp_path / "first.csv", "3235550001", first)
    with make_local(second) as api:
        import_roster(tmp_path / "second.csv", "3235550002", second)
        members = call(f"{api}/members?account_id=restart")["items"]
        imports = call(f"{api}/imports")["items"]

    assert {member["client_member_id"] for member in members} == {"by hand", "first", "second"}
    assert [one["status"] for one in imports] == ["completed", "completed"]
