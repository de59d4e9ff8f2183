"""The admin page: static files. All that they do, they do through the API."""

import hashlib
from functools import cache
from pathlib import Path

from chalice.app import Blueprint, Response

from chalicelib.access.permissions import PUBLIC
from chalicelib.errors import NotFound
from chalicelib.services import services

from .requests import not_modified
from .routing import route

admin = Blueprint(__name__)
CONSOLE = Path(__file__).parent.parent / "console"
PAGE = "index.html"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}
FOR_EVER = "public, max-age=31536000, immutable"


@cache
def files() -> dict[str, str]:
    """The files by name, read once."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(CONSOLE.iterdir())}


@cache
def version() -> str:
    """The hash of all files. It stands in the address of each, so that a browser may keep them for ever."""
    return hashlib.sha256(
        "\0".join(f"{name}\0{text}" for name, text in files().items()).encode()
    ).hexdigest()[:16]


@route(admin, "GET", "/admin", needs=PUBLIC)
def get_page() -> Response:
    """The page itself: asked for anew each time, and sent when it has changed."""
    request = admin.current_request
    # Relative addresses hold behind any stage or proxy. They start from the folder that the page seems to be in.
    inside = str(request.context.get("path", "")).endswith("/")
    text = files()[PAGE].replace("{folder}", version() if inside else f"admin/{version()}")
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:16]}"'
    kept = {"ETag": tag, "Cache-Control": "no-cache"}
    if not_modified(request, tag):
        return Response("", {**kept}, 304)
    return Response(text, {"Content-Type": "text/html; charset=utf-8", **kept, **_guards()}, 200)


@route(admin, "GET", "/admin/{folder}/{name}", needs=PUBLIC)
def get_file(folder: str, name: str) -> Response:
    """A file of the page, under the hash of all of them."""
    kind = TYPES.get(Path(name).suffix)
    if folder != version() or name not in files() or kind is None:
        raise NotFound("There is no such file.", code="file_not_found")
    return Response(
        files()[name],
        {"Content-Type": kind, "Cache-Control": FOR_EVER, "X-Content-Type-Options": "nosniff"},
        200,
    )


@cache
def _guards() -> dict[str, str]:
    """What the page may load and talk to: itself, the API, and the bucket that takes uploads."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        f"connect-src 'self' {services().import_queries.upload_origin()}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
