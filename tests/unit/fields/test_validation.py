"""Each field error has a pointer, a code, and a message without the value."""

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from chalicelib.errors import FieldError, Invalid
from chalicelib.fields.text import Identifier, Name
from chalicelib.fields.validation import MAX_ERRORS, validate


class Form(BaseModel):
    """A body with a field of each kind."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Name = ""
    number: Identifier = ""
    mode: Literal["create", "upsert", "validate"] = "create"
    days: Annotated[int, Field(ge=1, le=90)] = 1
    code: Annotated[str, Field(pattern="^[a-z]$")] = "a"
    enabled: bool = True
    groups: list[str] = []


class Required(BaseModel):
    """A body with a required field."""

    name: Name


def errors_of(data: object, model: type[BaseModel] = Form) -> list[FieldError]:
    with pytest.raises(Invalid) as caught:
        validate(model, data)
    return list(caught.value.errors)


def test_valid_data_is_returned_as_model() -> None:
    form = validate(Form, {"name": " Ann ", "number": 7, "mode": "upsert", "days": 90})
    assert (form.name, form.number, form.mode, form.days) == ("Ann", "7", "upsert", 90)


@pytest.mark.parametrize("data", [None, True, 1, 1.5, "text", [], [{"name": "Ann"}]])
def test_data_without_named_fields_is_rejected(data: object) -> None:
    assert errors_of(data) == [FieldError("#", "wrong_type", "Must be an object with named fields.")]


@pytest.mark.parametrize(
    ("field", "value", "code", "detail"),
    [
        ("name", "x" * 65, "too_long", "name: Must have at most 64 characters."),
        ("name", " ", "blank", "name: Must not be blank."),
        ("name", 7, "wrong_type", "name: Must be a string."),
        ("name", "a\ud800", "control_character", "name: Must not contain control characters."),
        (
            "mode",
            "delete",
            "unknown_value",
            "mode: Not an allowed value. Use create, upsert or validate.",
        ),
        ("days", 0, "out_of_range", "days: Must be at least 1."),
        ("days", 91, "out_of_range", "days: Must be at most 90."),
        ("days", "1", "wrong_type", "days: Must be a whole number."),
        ("code", "A", "wrong_form", "code: Not in the expected form."),
        ("enabled", "yes", "wrong_type", "enabled: Must be true or false."),
        ("groups", "admins", "wrong_type", "groups: Must be a list."),
        ("nickname", "R", "unknown_field", "nickname: Unknown field."),
    ],
)
def test_message_names_field_and_limit(field: str, value: object, code: str, detail: str) -> None:
    assert errors_of({field: value}) == [FieldError(f"#/{field}", code, detail)]


def test_missing_field_is_named() -> None:
    assert errors_of({}, Required) == [FieldError("#/name", "missing", "name: Required.")]


def test_each_invalid_field_has_an_error() -> None:
    assert [e.pointer for e in errors_of({"name": "", "mode": "", "days": 0})] == [
        "#/name",
        "#/mode",
        "#/days",
    ]


@pytest.mark.parametrize(
    ("name", "pointer"),
    [
        ("a/b~c", "#/a~1b~0c"),
        ("", "#/"),
        ("x/", "#/x~1"),
        ("y" * 10_000, "#/" + "y" * 64),
    ],
)
def test_unknown_field_of_any_name_has_a_pointer(name: str, pointer: str) -> None:
    assert [(e.pointer, e.code) for e in errors_of({name: "value"})] == [(pointer, "unknown_field")]


def test_field_name_with_unpaired_surrogate_is_rejected() -> None:
    """JSON can express such a name, no encoding can."""
    detail = "Must be valid Unicode, without unpaired surrogates."
    assert errors_of({"\ud800": "value"}) == [FieldError("#", "control_character", detail)]


def test_errors_never_quote_values() -> None:
    """Errors reach reports and screens; values may be personal data."""
    errors = errors_of(dict.fromkeys(Form.model_fields, "sentinel\x00"))
    assert len(errors) == len(Form.model_fields)
    assert "sentinel" not in repr(errors)
    assert "sentinel" not in str(Invalid(errors))


def test_errors_past_fifty_are_counted() -> None:
    """A body of 64 kB may have 5,000 unknown fields."""
    data = {f"unknown{n}": "" for n in range(5_000)}
    errors = errors_of(data)
    assert len(errors) == MAX_ERRORS + 1
    assert (errors[-1].pointer, errors[-1].code) == ("#", "more_errors")
    assert errors[-1].detail == f"{5_000 - MAX_ERRORS:,} more errors are not listed."
    assert len(Invalid(errors).detail) < 4_000
