"""What a spreadsheet shows of a number."""

import pytest

from chalicelib.imports.splitting.number_formats import displayed_number, is_date, is_iso_date, shows_text

PHONE = "[<=9999999]###\\-####;\\(###\\)\\ ###\\-####"


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (43, "General", "43"),
        (43.0, "0", "43"),
        (-5, "General", "-5"),
        (123, "00000", "00123"),
        (1234567, "00000", "1234567"),
        (0, "00000", "00000"),
        (123456789, "000\\-00\\-0000", "123-45-6789"),
        (123456789, "[$-409]000-00-0000", "123-45-6789"),
        (42, '"M"0000', "M0042"),
        (5551234, PHONE, "555-1234"),
        (3235551234, PHONE, "(323) 555-1234"),
        (7, "0;-0;none;@", "7"),
        (999_999_999_999_999, "General", "999999999999999"),
    ],
)
def test_whole_number_shows_its_digits(value: float, code: str, text: str) -> None:
    assert displayed_number(value, code) == text


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (1.5, "General"),
        (1.5, "0"),
        (10**15, "General"),
        (1e300, "0"),
        (float("inf"), "General"),
        (float("nan"), "General"),
        (43, "0.00"),
        (1234, "#,##0"),
        (0.5, "0%"),
        (1, "0%"),
        (12345, "0.00E+00"),
        (3, "# ?/?"),
        (3, "0/0"),
        (12, "$0"),
        (12, '"€" #,##0'),
        (12, "###-####"),
        (0, "#"),
        (-5, "00000"),
        (0, "0;-0;"),
        (7, ";;;"),
        (7, "_(* 0_)"),
        (7, "[>5]0;00"),
        (7, "?"),
    ],
)
def test_other_formats_are_not_certain(value: float, code: str) -> None:
    assert displayed_number(value, code) is None


@pytest.mark.parametrize(
    ("code", "expected"),
    [("General", True), ("@", True), ("0;-0;;@", True), (";;;", False), ('"M"@', False), ("0;0;0;", False)],
)
def test_some_formats_hide_or_extend_text(code: str, expected: bool) -> None:  # noqa: FBT001
    assert shows_text(code) is expected


def test_dates_and_iso_dates_are_told_by_their_format() -> None:
    assert all(map(is_date, ("mm-dd-yy", "[$-407]d. mmmm yyyy", "[h]:mm", "yyyy\\-mm\\-dd;@", "h:mm AM/PM")))
    assert not any(map(is_date, ("General", "0", '"days" 0', "[Red]0", "0.00E+00", "@")))
    assert is_iso_date("yyyy-mm-dd")
    assert is_iso_date("[$-409]yyyy\\-mm\\-dd;@")
    assert not is_iso_date("yyyy-dd-mm")
