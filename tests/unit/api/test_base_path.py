"""The path of the API's root in links, behind each address that API Gateway gives it."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from chalicelib.api.responses import base_path


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/members/MR80Mg", "/api"),  # the stage, at the address of API Gateway
        ("/members/MR80Mg", ""),  # a domain of one's own
        ("/rollcall/members/MR80Mg", "/rollcall"),  # with a base path
        ("/rollcall/members/MR80Mg/", "/rollcall"),
    ],
)
def test_links_start_at_the_root_of_the_api(path: str, expected: str) -> None:
    request = SimpleNamespace(context={"resourcePath": "/members/{member_id}", "path": path})
    assert base_path(cast("Any", request)) == expected
