"""The values of options of an import that need rules of their own. Pure."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError


def _whole_number(value: object) -> object:
    """Returns the number in a query parameter, a folder or an option as an integer, and an integer as it is."""
    if isinstance(value, str) and re.fullmatch(" *[0-9]{1,12} *", value):
        return int(value)
    if type(value) is not int:  # a Boolean is one too
        raise PydanticCustomError("wrong_type", "Must be a whole number.")
    return value


RowCount = Annotated[
    int,
    Field(
        ge=0,
        le=1_000_000_000,
        description="The number of rows. A file with another number of rows fails (rows_differ).",
    ),
    BeforeValidator(_whole_number),  # after the limits, or they were missing in the JSON schema
]
