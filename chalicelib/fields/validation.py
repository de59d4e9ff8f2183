"""Validates a body or a row against a model, and reports each field error in plain words."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from chalicelib.errors import FieldError, Invalid

from .phone import PhoneRule
from .text import MAX_LENGTH

Body = TypeVar("Body", bound=BaseModel)
MAX_ERRORS = 50  # that one response lists


def validate(model: type[Body], data: object, rule: PhoneRule | None = None, most: int = MAX_ERRORS) -> Body:
    """Returns `data` (JSON, a form or a CSV row) as a `model`.

    Raises Invalid with one error per field; past `most` with the number of the others.
    """
    if not isinstance(data, Mapping):
        raise Invalid([FieldError("#", "wrong_type", "Must be an object with named fields.")])
    try:
        return model.model_validate(data, context=rule)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        raise Invalid(first_errors([_field_error(problem) for problem in problems], most)) from None


def first_errors(found: Sequence[FieldError], most: int = MAX_ERRORS) -> Sequence[FieldError]:
    """Returns the first errors, and the number of the others as one more."""
    if len(found) <= most:
        return found
    more = f"{len(found) - most:,} more errors are not listed."
    return [*found[:most], FieldError("#", "more_errors", more)]


_MESSAGES = {
    "missing": ("missing", "Required."),
    "string_pattern_mismatch": ("wrong_form", "Not in the expected form."),
    "extra_forbidden": ("unknown_field", "Unknown field."),
    "string_type": ("wrong_type", "Must be a string."),
    "bool_type": ("wrong_type", "Must be true or false."),
    "int_type": ("wrong_type", "Must be a whole number."),
    "list_type": ("wrong_type", "Must be a list."),
    "string_unicode": ("control_character", "Must be valid Unicode, without unpaired surrogates."),
}


def _field_error(problem: Mapping[str, Any]) -> FieldError:
    """Returns pydantic's error in our words, without the value: errors reach logs, values must not."""
    code, detail = _message(problem)
    if not problem["loc"]:  # the field's name is not a string
        return FieldError("#", code, detail)
    name = str(problem["loc"][0])[:MAX_LENGTH]  # an unknown field's name can have any length
    pointer = name.replace("~", "~0").replace("/", "~1")  # RFC 6901
    return FieldError(f"#/{pointer}", code, f"{name}: {detail}")


def _message(problem: Mapping[str, Any]) -> tuple[str, str]:
    """Returns (code, sentence) for pydantic's error, with its limit or its allowed values."""
    limits = problem.get("ctx", {})
    match problem["type"]:
        case "literal_error":
            allowed = limits["expected"].replace("'", "")  # such as create, upsert or validate
            return "unknown_value", f"Not an allowed value. Use {allowed}."
        case "greater_than_equal":
            return "out_of_range", f"Must be at least {limits['ge']}."
        case "less_than_equal":
            return "out_of_range", f"Must be at most {limits['le']}."
    return _MESSAGES.get(problem["type"], (problem["type"], problem["msg"]))
