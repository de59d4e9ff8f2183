"""The names of files that are imported. Pure."""

import re

UNSUPPORTED_FILE_TYPE = (
    "Only .csv, .tsv and .txt files, also packed as .gz or .zip, and .xlsx workbooks are imported."
)
_PLAIN = r"\.([cC][sS][vV]|[tT][sS][vV]|[tT][xX][tT])"
_WORKBOOK = r"\.[xX][lL][sS][xX]"
# Also for the OpenAPI document.
NAME_END = rf"({_PLAIN}(\.([gG][zZ]|[zZ][iI][pP]))?|\.[zZ][iI][pP]|{_WORKBOOK})$"


def is_roster(name: str) -> bool:
    """Returns whether files of this name are imported."""
    return re.search(NAME_END, name) is not None


def is_plain_roster(name: str) -> bool:
    """Returns whether a file of this name is imported and not packed."""
    return re.search(_PLAIN + "$", name) is not None


def is_workbook(name: str) -> bool:
    """Returns whether a file of this name is read as a workbook."""
    return re.search(_WORKBOOK + "$", name) is not None
