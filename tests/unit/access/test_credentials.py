"""The text of tokens and sessions."""

from chalicelib.access.credentials import bearer_text, parse_bearer


def test_bearer_text_round_trips() -> None:
    for length in range(1, 5):  # base64 pads each length differently
        name = "ann@example.org/"[:length] + "-1"
        assert parse_bearer(bearer_text("TOKENS", name, "s.e-c_r")) == ("TOKENS", name, "s.e-c_r")
