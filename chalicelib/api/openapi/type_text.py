"""Writes schemas as short texts, such as "list of Member"."""

from html import escape

from .parts import Schema

COMBINED = ("anyOf", "oneOf")
MANY = 12  # values, above which they are folded


def type_html(schema: Schema) -> str:
    """Returns a schema as HTML, with links to the schemas it names."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#schema-{name}">{name}</a>'
    for word in COMBINED:
        if word in schema:
            return " or ".join(type_html(one) for one in schema[word])
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        text = ", ".join(f"<code>{escape(str(value))}</code>" for value in values)
        folded = f"<details><summary>one of {len(values)} values</summary>{text}</details>"
        return text if len(values) <= MANY else folded
    kinds = schema.get("type", "any")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return " or ".join(_one_type(kind, schema) for kind in kinds) + _default(schema)


def _one_type(kind: str, schema: Schema) -> str:
    """Returns one of a schema's types, with its limits."""
    if kind == "array":
        return f"list of {type_html(schema['items'])}"
    values = schema.get("additionalProperties")
    if kind == "object" and isinstance(values, dict):
        return f"object of {type_html(values)}"
    more = [schema["format"]] if kind == "string" and "format" in schema else []
    if kind == "string" and "maxLength" in schema:
        more.append(f"{schema.get('minLength', 0)} to {schema['maxLength']} characters")
    if kind == "integer" and "maximum" in schema:
        more.append(f"{schema.get('minimum', 0)} to {schema['maximum']}")
    return f"{kind} ({', '.join(more)})" if more else kind


def _default(schema: Schema) -> str:
    default = schema.get("default")
    return "" if default in (None, [], "") else f", by default <code>{escape(str(default).lower())}</code>"
