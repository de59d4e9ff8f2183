"""`make local` as a user runs it: a restart keeps data and imports, also on other ports."""

import base64
import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from infra.emulator import free_ports
from infra.local import PASSWORD, USER
from infra.local_process import running
from infra.project import PROJECT

IMPORT_SECONDS = 60.0
HEADER = "first_name,last_name,phone_number,client_member_id,account_id\n"


def call(url: str, body: dict[str, str] | None = None) -> Any:
    """Return the JSON response to a GET, or to a POST if there is a body."""
    credentials = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
    data = json.dumps(body).encode() if body else None
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, data, headers)) as response:
        return json.load(response)


def import_roster(path: Path, phone_number: str, environment: dict[str, str]) -> None:
    """Import a file of one member with the command; its client member id is the file's name."""
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
    removed = ("AWS_", "TABLE", "BUCKET", "SPLIT_", "LOAD_")
    common = {name: value for name, value in os.environ.items() if not name.startswith(removed)}
    common |= {"LOCAL_STATE": str(tmp_path / "state")}
    ports = [str(port) for port in free_ports(4)]
    first, second = (
        common | {"PORT": port, "EMULATOR_PORT": emulator}
        for port, emulator in zip(ports[:2], ports[2:], strict=True)
    )
    ada = {"first_name": "Ada", "last_name": "Lee", "phone_number": "3235550000", "account_id": "restart"}

    with running(first) as api:
        call(f"{api}/members", {**ada, "client_member_id": "by hand"})
        import_roster(tmp_path / "first.csv", "3235550001", first)
    with running(second) as api:
        import_roster(tmp_path / "second.csv", "3235550002", second)
        members = call(f"{api}/members?account_id=restart")["items"]
        imports = call(f"{api}/imports")["items"]

    assert {member["client_member_id"] for member in members} == {"by hand", "first", "second"}
    assert [one["status"] for one in imports] == ["completed", "completed"]
