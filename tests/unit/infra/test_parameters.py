"""The parameters and outputs of the template, and the settings of the functions."""

from typing import Any

import pytest

from chalicelib.config import Settings
from infra.project import PROJECT
from tests.support.template import FUNCTIONS, Resources


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_each_function_has_all_settings(resources: Resources, function: str) -> None:
    given = resources[function]["Properties"]["Environment"]["Variables"]
    assert {name.upper() for name in Settings.model_fields} <= set(given)


def test_each_parameter_is_documented_with_its_default(prod: dict[str, Any]) -> None:
    text = (PROJECT / "docs" / "operating.md").read_text()
    for name, parameter in prod["Parameters"].items():
        default = f"`{parameter['Default']}`" if parameter["Default"] != "" else ""
        assert name == "Stage" or f"| `{name}` | {default}".rstrip() in text, name


def test_parameters_have_the_defaults_and_bounds_of_settings(prod: dict[str, Any]) -> None:
    for name, field in Settings.model_fields.items():
        parameter = prod["Parameters"].get(name.title().replace("_", ""))
        if field.is_required() or not parameter:
            continue
        default = str(field.default).lower() if isinstance(field.default, bool) else field.default
        assert parameter["Default"] == default, name
        bounds = {type(bound).__name__: bound for bound in field.metadata}
        for word, bound in (("MinValue", "Ge"), ("MaxValue", "Le")):
            assert parameter.get(word) == getattr(bounds.get(bound), bound.lower(), None), name
