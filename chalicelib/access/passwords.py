"""Hashes and verifies passwords and secrets."""

import base64
import hashlib
import hmac
import secrets
import unicodedata

# OWASP's minimum for scrypt: 16 MiB, and 0.1 to 0.2 s of CPU (bench/README.md).
N, R, P = 2**14, 8, 5


def hash_password(password: str) -> str:
    """Returns the stored form of a password: cost parameters, salt and hash."""
    salt = secrets.token_bytes(16)
    return _encoded(N, R, P, salt, _scrypt(password, salt, N, R, P))


def verify_password(password: str, stored: str | None) -> bool:
    """Returns whether the password has this hash. Takes the same time for None, for which it is always False."""
    _, *cost, salt, expected = (stored or _DUMMY_HASH).split(":")
    n, r, p = map(int, cost)
    digest = _scrypt(password, base64.b64decode(salt), n, r, p)
    return hmac.compare_digest(digest, base64.b64decode(expected)) and stored is not None


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    # Keyboards send accented letters either composed or decomposed.
    text = unicodedata.normalize("NFC", password).encode(errors="surrogatepass")
    return hashlib.scrypt(text, salt=salt, n=n, r=r, p=p, dklen=32)


def _encoded(n: int, r: int, p: int, salt: bytes, digest: bytes) -> str:
    return ":".join(["scrypt", *map(str, (n, r, p)), *(base64.b64encode(b).decode() for b in (salt, digest))])


_DUMMY_HASH = _encoded(N, R, P, bytes(16), bytes(32))


def new_secret() -> str:
    """Returns a secret of 256 random bits, for a token or a session."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """Returns the stored form of a secret. A fast hash suffices: 256 random bits cannot be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def verify_secret(secret: str, stored: str) -> bool:
    """Returns whether the secret has this digest, in constant time."""
    return hmac.compare_digest(hash_secret(secret), stored)
