"""Passwords and secrets: how they are kept, and compared. Pure."""

import base64
import hashlib
import hmac
import secrets
import unicodedata

# OWASP's floor for scrypt: 16 MiB, and a quarter of a second on one core.
N, R, P = 2**14, 8, 5


def hash_password(password: str) -> str:
    """A password as it is stored: cost, salt and hash."""
    salt = secrets.token_bytes(16)
    return _written(N, R, P, salt, _scrypt(password, salt, N, R, P))


def verify_password(password: str, stored: str | None) -> bool:
    """Whether this is the stored password. It takes as long where there is none."""
    _, *cost, salt, expected = (stored or _DUMMY_HASH).split(":")
    n, r, p = map(int, cost)
    found = _scrypt(password, base64.b64decode(salt), n, r, p)
    return hmac.compare_digest(found, base64.b64decode(expected)) and stored is not None


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    # Keyboards differ in how they send an accent.
    text = unicodedata.normalize("NFC", password).encode(errors="surrogatepass")
    return hashlib.scrypt(text, salt=salt, n=n, r=r, p=p, dklen=32)


def _written(n: int, r: int, p: int, salt: bytes, found: bytes) -> str:
    return ":".join(["scrypt", *map(str, (n, r, p)), *(base64.b64encode(b).decode() for b in (salt, found))])


_DUMMY_HASH = _written(N, R, P, bytes(16), bytes(32))


def new_secret() -> str:
    """A secret of 256 random bits, for a token."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """A token's secret as it is stored. Nobody guesses 256 bits, so a fast hash will do."""
    return hashlib.sha256(secret.encode()).hexdigest()


def verify_secret(secret: str, stored: str) -> bool:
    """Whether this is the stored secret, in constant time."""
    return hmac.compare_digest(hash_secret(secret), stored)
