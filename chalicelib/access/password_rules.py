"""Refuses passwords that are guessed first. Its library is loaded when a password is set, and never for a request."""

from chalicelib.errors import FieldError, Invalid

MIN_SCORE = 3  # of zxcvbn, 0 to 4: the password takes 10^8 guesses and more
MAX_CHECKED = 72  # characters, zxcvbn's own limit, as its time grows with their number


def require_uncommon(password: str, name: str) -> None:
    """Raises Invalid for a password of common words, sequences and repetitions, or of the user's name."""
    from zxcvbn import zxcvbn

    found = zxcvbn(password[:MAX_CHECKED], user_inputs=[name])
    if found["score"] < MIN_SCORE:
        detail = "password: Easily guessed. Use several words that do not belong together, without the user's name."
        raise Invalid([FieldError("#/password", "common_password", detail)])
