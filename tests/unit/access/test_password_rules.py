"""Passwords that are refused because they are guessed first."""

import subprocess
import sys

import pytest

from chalicelib.access.model import NewUser
from chalicelib.access.password_rules import require_uncommon
from chalicelib.errors import Invalid
from chalicelib.fields.validation import validate


@pytest.mark.parametrize(
    "password",
    [
        *("passwordpassword", "Password1234!", "123456789012", "qwertyuiop12", "aaaaaaaaaaaa"),
        *("iloveyou1234", "anna.schmidt-99", "ANNA.SCHMIDT!!!", "P@ssw0rd2026"),
    ],
)
def test_common_password_and_own_name_are_refused(password: str) -> None:
    with pytest.raises(Invalid) as error:
        require_uncommon(password, "anna.schmidt")
    assert [(one.pointer, one.code) for one in error.value.errors] == [("#/password", "common_password")]
    assert password not in error.value.detail


@pytest.mark.parametrize(
    "password", ["correct horse battery", "caf\u00e9 au lait bien chaud", "xk4-Vq9:zu7.Rm2"]
)
def test_uncommon_password_is_accepted(password: str) -> None:
    require_uncommon(password, "anna.schmidt")
    require_uncommon(password + "x" * 200, "anna.schmidt")


@pytest.mark.parametrize("password", ["with\ta tab inside", "with a zero\0byte", "half a surrogate \ud83e"])
def test_password_that_basic_cannot_carry_is_refused(password: str) -> None:
    with pytest.raises(Invalid) as error:
        validate(NewUser, {"name": "ann", "password": password})
    assert {one.code for one in error.value.errors} == {"control_character"}


def test_requests_load_no_password_rules() -> None:
    program = "import app, sys; from chalicelib.services import services; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "zxcvbn" not in done.stdout.split()
