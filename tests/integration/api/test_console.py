"""The files of the admin page over HTTP."""

import gzip
import re

from tests.support.client import Http


def test_content_security_policy_allows_own_origin_only(http: Http) -> None:
    response = http.anonymous().get("/admin/")
    policy = dict(
        part.strip().split(" ", 1) for part in response.headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["connect-src"].split()[0] == "'self'"
    assert policy["img-src"] == "data:"  # the icon, which takes no request
    assert len(policy["connect-src"].split()) == 2  # the other is the bucket for uploads
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000"
    text = response.body.decode()
    assert not re.search(r"<script(?![^>]*src=)|style=|\son\w+=|https?://", text)
    assert http.anonymous().get("/admin/", headers={"If-None-Match": response.headers["ETag"]}).status == 304


def test_file_is_immutable_under_its_hash_only(http: Http) -> None:
    text = http.anonymous().get("/admin").body.decode()
    paths = re.findall(r'(?:src|href)="(admin/[^"]+)"', text)
    assert len(paths) == 2  # the style and the script: with the page itself, three requests
    assert http.anonymous().get("/admin/").body.decode() == text.replace('="admin/', '="')
    for path in (f"/{path}" for path in paths):
        response = http.anonymous().get(path)
        assert response.status == 200
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        http.anonymous().get(path.replace("/admin/", "/admin/0")).problem(404, "file_not_found")
    folder = re.findall(r"admin/([0-9a-f]+)/", text)[0]
    for name in ("index.html", "nothing.js", "..%2Fadmin.py"):
        http.anonymous().get(f"/admin/{folder}/{name}").problem(404, "file_not_found")


def test_style_sheet_is_compressed_for_clients_that_accept_gzip(http: Http) -> None:
    text = http.anonymous().get("/admin").body.decode()
    [style] = re.findall(r'href="([^"]+style.css)"', text)
    style = f"/{style}"
    compressed = http.anonymous().get(style, headers={"Accept-Encoding": "br, gzip"})
    assert compressed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(compressed.body) == http.anonymous().get(style).body
