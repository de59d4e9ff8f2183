"""What the project's tools do when a download fails."""

import os
import sys
from pathlib import Path

import pytest

from infra import browser
from infra.dynamodb_local.__main__ import download
from infra.emulator import free_port
from infra.layer import install_wheels
from infra.maven import MavenError

# A Maven that fails until it is called the third time (or for ever), and then makes the folder it is asked for.
MAVEN = """#!/bin/sh
echo called >> "$0.calls"
[ "$(wc -l < "$0.calls")" -ge {succeeds_at} ] || {{ echo "503 from central" >&2; exit 1; }}
for argument; do case "$argument" in -DoutputDirectory=*) mkdir -p "${{argument#*=}}";; esac; done
"""


def program(folder: Path, name: str, text: str) -> Path:
    """Write an executable script, to be found on a PATH that starts with its folder."""
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("succeeds_at", [1, 3])
def test_maven_is_tried_three_times(
    succeeds_at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maven = program(tmp_path, "mvn", MAVEN.format(succeeds_at=succeeds_at))
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    home = download(tmp_path / "jars")
    assert download(home) == home  # from then on nothing is fetched
    assert Path(f"{maven}.calls").read_text().count("called") == succeeds_at


def test_failed_maven_shows_its_output_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    maven = program(tmp_path, "mvn", MAVEN.format(succeeds_at=99))
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(MavenError, match=r"in 3 tries.*Check the connection to Maven Central"):
        download(tmp_path / "jars")
    assert Path(f"{maven}.calls").read_text().count("called") == 3
    assert capfd.readouterr().err == "503 from central\n"


def test_unreachable_package_index_gets_a_message_of_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command that deploys prints it and ends; any other error would end in a traceback."""
    for name, value in {
        "INDEX_URL": f"http://127.0.0.1:{free_port()}",
        "RETRIES": "0",
        "FIND_LINKS": "",
    }.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"six==1.17.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(RuntimeError, match=r"six==1.17.0.* Check the connection to PyPI") as caught:
        install_wheels("python3.13", requirements, tmp_path / "site")
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(
    sys.platform != "linux", reason="apt-get is Linux's, and a Mac has its own place for Chrome"
)
def test_failed_browser_download_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = tmp_path / "calls"
    program(tmp_path, "apt-get", f'#!/bin/sh\necho "$@" >> {calls}\nexit 1\n')
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "browsers"))
    monkeypatch.setenv("PLAYWRIGHT_DOWNLOAD_HOST", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(browser.NoBrowserError, match="Check the connection"):
        browser.find_or_install()
    if os.geteuid() == 0:
        assert all("Acquire::Retries=3" in line for line in calls.read_text().splitlines())
