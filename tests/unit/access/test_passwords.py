"""Hashes of passwords and secrets."""

from chalicelib.access import passwords


def test_password_hash_is_salted_and_verifies_only_its_password() -> None:
    stored = passwords.hash_password("correct horse battery")
    assert "horse" not in stored
    assert stored != passwords.hash_password("correct horse battery")  # a random salt each
    assert stored.startswith("scrypt:16384:8:5:")  # OWASP's minimum
    assert passwords.verify_password("correct horse battery", stored)
    assert not passwords.verify_password("correct horse batter", stored)
    assert not passwords.verify_password("correct horse battery", None)


def test_composed_and_decomposed_accents_are_the_same_password() -> None:
    assert passwords.verify_password(
        "caf\u00e9 au lait bien chaud", passwords.hash_password("cafe\u0301 au lait bien chaud")
    )


def test_secret_has_256_bits_and_is_stored_as_digest() -> None:
    secret = passwords.new_secret()
    assert len(secret) == 43  # characters of base64
    assert secret not in passwords.hash_secret(secret)
    assert passwords.verify_secret(secret, passwords.hash_secret(secret))
    assert not passwords.verify_secret(secret[:-1], passwords.hash_secret(secret))
