"""Validates a body or a row against a model, and reports each field error in plain words."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from chalicelib.errors import FieldError, Invalid

from .phone import PhoneRule
from .text import MAX_LENGTH

Body = TypeVar("Body", bound=BaseModel)


def validate(model: type[Body], data: object, rule: PhoneRule | None = None) -> Body:
    """`data` (of JSON, a form or a CSV row) as `model`. Raises Invalid, with one error a field."""
    if not isinstance(data, Mapping):
        raise Invalid([FieldError("#", "wrong_type", "This must be an object with named fields.")])
    try:
        return model.model_validate(data, context=rule)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        raise Invalid([_field_error(problem) for problem in problems]) from None


_MESSAGES = {
    "missing": ("missing", "This field is required."),
    "literal_error": ("unknown_value", "There is no such choice."),
    "string_pattern_mismatch": ("wrong_form", "This does not have the right form."),
    "extra_forbidden": ("unknown_field", "There is no such field."),
    "string_type": ("wrong_type", "This must be a text."),
    "bool_type": ("wrong_type", "This must be true or false."),
    "int_type": ("wrong_type", "This must be a whole number."),
    "list_type": ("wrong_type", "This must be a list."),
    "greater_than_equal": ("out_of_range", "This is too small."),
    "less_than_equal": ("out_of_range", "This is too large."),
    "string_unicode": ("control_character", "This has a character in it that is not text."),
}


def _field_error(problem: Mapping[str, Any]) -> FieldError:
    """Pydantic's finding in our words, without the value: errors reach logs, values must not."""
    code, detail = _MESSAGES.get(problem["type"], (problem["type"], problem["msg"]))
    if not problem["loc"]:  # a field whose name is no text
        return FieldError("#", code, detail)
    name = str(problem["loc"][0])[:MAX_LENGTH]  # an unknown field's name is the caller's, of any length
    pointer = name.replace("~", "~0").replace("/", "~1")  # RFC 6901
    return FieldError(f"#/{pointer}", code, f"{name}: {detail}")
