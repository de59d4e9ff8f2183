"""Serves the admin page, whose static files use only the API."""

import html
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from chalice.app import Blueprint, Request, Response

from chalicelib.errors import Busy, NotFound
from chalicelib.imports.text.encodings import FILE_ENCODINGS
from chalicelib.services import services

from .page_files import SCRIPT, files, icon_url, text_hash, version
from .requests import not_modified
from .routing import public_route

console = Blueprint(__name__)
PAGE = "index.html"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}
MAX_LANGUAGES = 3  # named beside an encoding
# With what an issuer answers (RFC 6749, 4.1.2; RFC 9207; OpenID Connect Session Management, 3). The page reads it.
SIGN_ON_ANSWER = ("code", "state", "iss", "session_state", "error", "error_description", "error_uri")
CACHE_FOREVER = "public, max-age=31536000, immutable"


class SignOn(NamedTuple):
    """Where and as what the page signs people in at an issuer."""

    issuer: str
    authorization: str
    token: str
    client_id: str
    scope: str
    sends_id_token: bool  # an ID token is for the client, an access token for an API (OpenID Connect Core, 2)


@public_route(console, "/admin", query=SIGN_ON_ANSWER)
def get_page(request: Request) -> Response:
    """Returns the page. Browsers revalidate it on each visit."""
    # Relative URLs work behind any stage or proxy; a browser resolves them differently after a trailing slash.
    slash = str(request.context.get("path", "")).endswith("/")
    folder = version() if slash else f"admin/{version()}"
    sign_on = _sign_on()
    values = {"folder": folder, "script": SCRIPT, "icon": icon_url(), "encodings": _encoding_options()}
    values["sign_on"] = html.escape(json.dumps(sign_on._asdict())) if sign_on else ""
    text = files()[PAGE]
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    etag = f'"{text_hash(text)}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if not_modified(request, etag):
        return Response("", {**headers}, 304)
    headers |= _security_headers(sign_on.token if sign_on else "")
    return Response(text, {"Content-Type": "text/html; charset=utf-8", **headers}, 200)


@public_route(console, "/admin/{folder}/{name}")
def get_file(_request: Request, folder: str, name: str) -> Response:
    """Returns a file of the page; `folder` is the version."""
    kind = TYPES.get(Path(name).suffix)
    if folder != version() or name not in files() or kind is None:
        raise NotFound("No file has this path. Reload the page.", code="file_not_found")
    return Response(files()[name], {"Content-Type": kind, "Cache-Control": CACHE_FOREVER}, 200)


@cache
def _encoding_options() -> str:
    """Returns an HTML option for each encoding that a file may be declared in, with some of its languages."""

    def text(name: str, languages: Sequence[str]) -> str:
        more = ", …" if len(languages) > MAX_LANGUAGES else ""
        return f"{name} ({', '.join(languages[:MAX_LANGUAGES])}{more})" if languages else name

    options = (f'<option value="{name}">{text(name, found)}' for name, found in FILE_ENCODINGS.items())
    return "</option>\n".join(options) + "</option>"


def _sign_on() -> SignOn | None:
    """Returns how the page signs people in at an issuer, None without one, or while it does not answer."""
    settings, issuer = services().settings, services().issuer
    if issuer is None or not settings.oidc_client_id:
        return None
    try:
        endpoints = issuer.endpoints()
    except Busy:
        return None
    is_for_client = settings.oidc_audience == settings.oidc_client_id
    return SignOn(issuer.url, *endpoints, settings.oidc_client_id, settings.oidc_scope, is_for_client)


@cache
def _security_headers(token_endpoint: str) -> dict[str, str]:
    """Returns headers that limit the page to itself, the API, the bucket for uploads, and an issuer's tokens."""
    parts = urlsplit(token_endpoint)
    issuer = f" {parts.scheme}://{parts.netloc}" if token_endpoint else ""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "
        f"connect-src 'self' {services().import_queries.upload_origin()}{issuer}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "Strict-Transport-Security": "max-age=31536000",  # browsers ignore it over HTTP, as in the stage local
    }
