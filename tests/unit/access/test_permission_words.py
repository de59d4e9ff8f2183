"""The admin page's words for permissions."""

import re
from typing import get_args

from chalicelib.access.permissions import Permission
from infra.project import PROJECT


def test_every_permission_has_words_on_the_page() -> None:
    text = (PROJECT / "chalicelib" / "console" / "permissions.js").read_text(encoding="utf-8")
    assert tuple(re.findall(r'^  "([a-z:]+)": "', text, re.MULTILINE)) == get_args(Permission)
