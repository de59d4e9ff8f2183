"""Renders the OpenAPI document as an HTML page, without scripts."""

import json
import re
from collections.abc import Iterable
from html import escape

from .parts import JSON, Schema
from .type_text import type_html

METHODS = ("get", "post", "put", "patch", "delete")


def page(document: Schema, folder: str, base: str) -> str:
    """Returns the page. `folder` has the style sheets, and `base` is the path of the API."""
    info = document["info"]
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<title>Rollcall API</title>\n'
        f'<link rel="icon" href="{folder}/icon.svg">\n<link rel="stylesheet" href="{folder}/style.css">\n'
        f'<link rel="stylesheet" href="{folder}/docs.css">\n</head>\n'
    )
    links = f'<a href="{base}/admin">Admin page</a><a href="{base}/openapi.json">OpenAPI</a>'
    title = f'<b class="brand">Rollcall API {escape(info["version"])}</b>'
    header = f'<header>{title}<nav aria-label="Pages">{links}</nav></header>'
    sections = [*(_section(tag, document) for tag in document["tags"]), _schemas(document)]
    about = _text(info["description"])
    body = (
        f'<body class="docs">\n<a class="skip button" href="#content">Skip to the content</a>\n{header}\n'
        f'{_contents(document)}\n<main id="content">\n<h1>The Rollcall API</h1>\n<p>{about}</p>\n'
        f"{''.join(sections)}</main>\n</body>\n</html>\n"
    )
    return head + body


def _operations(document: Schema, tag: str) -> Iterable[tuple[str, str, Schema]]:
    """Yields (method, path, operation) of each operation with a tag, with the parameters of its path."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item and tag in item[method]["tags"]:
                shared = item.get("parameters", [])
                yield (
                    method,
                    path,
                    {**item[method], "parameters": shared + item[method].get("parameters", [])},
                )


def _contents(document: Schema) -> str:
    """Returns the list of all operations and schemas."""
    parts = []
    for tag in document["tags"]:
        links = (
            f'<li><a href="#{operation["operationId"]}">{escape(operation["summary"])}</a></li>'
            for _, _, operation in _operations(document, tag["name"])
        )
        parts.append(f'<h2><a href="#{tag["name"]}">{tag["name"]}</a></h2><ul>{"".join(links)}</ul>')
    parts.append('<h2><a href="#schemas">Schemas</a></h2>')
    return f'<nav class="contents" aria-label="Contents">{"".join(parts)}</nav>'


def _section(tag: Schema, document: Schema) -> str:
    schemas = document["components"]["schemas"]
    operations = (_operation(*one, schemas) for one in _operations(document, tag["name"]))
    name, about = tag["name"], _text(tag["description"])
    return f'<section>\n<h2 id="{name}">{name}</h2>\n<p>{about}</p>\n{"".join(operations)}</section>\n'


def _operation(method: str, path: str, operation: Schema, schemas: Schema) -> str:
    title = (
        f'<h3 id="{operation["operationId"]}">{escape(operation["summary"])}</h3>\n'
        f'<p class="request"><b class="{method}">{method.upper()}</b> <code>{escape(path)}</code></p>\n'
    )
    access = "" if operation["security"] else '<p class="quiet">Needs no credentials.</p>\n'
    parts = (_parameters(operation), _body(operation, schemas), _responses(operation))
    return f"<article>\n{title}<p>{_text(operation['description'])}</p>\n{access}{''.join(parts)}</article>\n"


def _parameters(operation: Schema) -> str:
    rows = [
        (
            f"<code>{escape(one['name'])}</code>",
            escape(one["in"]) + (", required" if one["required"] else ""),
            type_html(one["schema"]),
            _text(one.get("description", "")),
        )
        for one in operation["parameters"]
    ]
    return _table("Parameters", ("Name", "Where", "Type", "Meaning"), rows) if rows else ""


def _body(operation: Schema, schemas: Schema) -> str:
    """Returns the media types of the body, and an example of the first."""
    body = operation.get("requestBody", {"content": {}})
    kinds = [
        f"<li><code>{kind}</code>: {type_html(one['schema'])}</li>" for kind, one in body["content"].items()
    ]
    if not kinds:
        return ""
    named = next(iter(body["content"].values()))["schema"].get("$ref", "").rpartition("/")[2]
    more = f"<p>{_text(body['description'])}</p>\n" if "description" in body else ""
    return f"<h4>Body</h4>\n<ul>{''.join(kinds)}</ul>\n{more}{_examples(schemas.get(named, {}))}"


def _examples(schema: Schema) -> str:
    texts = (json.dumps(one, indent=2, ensure_ascii=False) for one in schema.get("examples", []))
    return "".join(f"<pre><code>{escape(text, quote=False)}</code></pre>\n" for text in texts)


def _responses(operation: Schema) -> str:
    """Returns the responses: successes in full, and the errors, most of which all operations have, folded."""
    good: list[tuple[str, ...]] = []
    bad: list[tuple[str, ...]] = []
    for status, response in operation["responses"].items():
        row = (
            status,
            _text(response["description"]),
            _content(response),
            ", ".join(response.get("headers", {})),
        )
        (bad if status >= "400" else good).append(row)
    columns = ("Status", "Meaning", "Body", "Headers")
    errors = f"<details><summary>Errors</summary>{_table('', columns, bad)}</details>\n"
    return _table("Responses", columns, good) + errors


def _content(response: Schema) -> str:
    content = response.get("content", {})
    kinds = (type_html(one["schema"]) + _unless_json(kind) for kind, one in content.items())
    return "<br>".join(kinds)


def _unless_json(kind: str) -> str:
    return "" if kind == JSON else f" <code>{kind}</code>"


def _schemas(document: Schema) -> str:
    found = (_schema(name, schema) for name, schema in document["components"]["schemas"].items())
    return f'<section>\n<h2 id="schemas">Schemas</h2>\n{"".join(found)}</section>\n'


def _schema(name: str, schema: Schema) -> str:
    required = schema.get("required", [])
    rows = [
        (
            f"<code>{escape(field)}</code>",
            type_html(one),
            "yes" if field in required else "",
            _text(one.get("description", "")),
        )
        for field, one in schema.get("properties", {}).items()
    ]
    fields = (
        _table("", ("Field", "Type", "Required", "Meaning"), rows)
        if rows
        else f"<p>{type_html(schema)}</p>\n"
    )
    text = "</p>\n<p>".join(map(_text, schema.get("description", "").split("\n\n")))
    return f'<article>\n<h3 id="schema-{name}">{name}</h3>\n<p>{text}</p>\n{fields}{_examples(schema)}</article>\n'


def _table(caption: str, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Returns a table of HTML cells; the first of a row is its header."""
    head = "".join(f'<th scope="col">{column}</th>' for column in columns)
    lines = (
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>\n'
        for first, *rest in rows
    )
    title = f"<caption>{caption}</caption>" if caption else ""
    body = f"<thead><tr>{head}</tr></thead>\n<tbody>{''.join(lines)}</tbody>"
    return f'<div class="scroll"><table>{title}{body}</table></div>\n'


def _text(text: str) -> str:
    """Returns a text as HTML, in which backticks enclose code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))
