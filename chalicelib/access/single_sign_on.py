"""Authenticates requests by the signed tokens (JWT, RFC 7519) of an OpenID Connect issuer.

It is imported when the first such token arrives: the library of signatures takes most of a cold start.
"""

import json
import math
import re
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

import jwt

from chalicelib.errors import Unauthorized

from .issuer import Issuer, Key, TokenRules
from .model import NAME_PATTERN
from .permissions import Caller

# Asymmetric ones: with HMAC, whoever knows the public key could sign.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
# Other types, such as logout+jwt, are signed by the same keys (RFC 8725, 3.11; RFC 9068, 4).
TYPES = ("jwt", "at+jwt", "application/at+jwt")
LEEWAY_SECONDS = 30  # by which the issuer's clock may differ
MAX_TOKEN_LENGTH = 8192  # API Gateway accepts 10,240 bytes of headers
MAX_SUBJECT_LENGTH = 255  # of `sub` (OpenID Connect Core, 2)

Claims = Mapping[str, Any]


class SingleSignOn:
    """Turns a token of the issuer into a caller.

    `existing` returns those of some groups that exist: only they grant something, and the gateway passes few.
    """

    def __init__(
        self,
        issuer: Issuer,
        existing: Callable[[Collection[str]], Collection[str]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._issuer = issuer
        self._existing = existing
        self._clock = clock

    def authenticate(self, token: str) -> Caller:
        """Returns the caller who has this token. Raises Unauthorized, and Busy if the issuer does not answer."""
        claims = self._verified(token)
        check_claims(claims, self._issuer.url, self._issuer.rules, self._clock())
        named = named_groups(claims.get(self._issuer.rules.groups_claim))
        signed_in_at = _number(claims.get("auth_time"))
        return Caller(
            kind="sso",
            name=_name(claims.get(self._issuer.rules.name_claim)),
            groups=sorted(self._existing(named)) if named else [],
            password_at=None if signed_in_at is None else int(signed_in_at),
        )

    def _verified(self, token: str) -> Claims:
        """Returns the claims of a token that the issuer has signed. Raises Unauthorized, Busy."""
        if len(token) > MAX_TOKEN_LENGTH:
            raise Unauthorized(reason="too_long")
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise Unauthorized(reason="malformed") from None
        algorithm, key_id, kind = header.get("alg"), header.get("kid"), header.get("typ", "jwt")
        if algorithm not in ALGORITHMS or not isinstance(key_id, str) or str(kind).lower() not in TYPES:
            raise Unauthorized(reason="header")
        return _signed_claims(token, self._issuer.key(key_id), algorithm)


def _signed_claims(token: str, key: Key, algorithm: str) -> Claims:
    """Returns the claims of a token, after a check of its signature. Raises Unauthorized."""
    if key.get("alg", algorithm) != algorithm:
        raise Unauthorized(reason="algorithm")
    try:
        payload = jwt.PyJWS(options={"enforce_minimum_key_length": True}).decode(
            token, jwt.PyJWK(dict(key), algorithm), [algorithm]
        )
        claims = json.loads(payload)
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise Unauthorized(reason="signature") from None
    if not isinstance(claims, dict):
        raise Unauthorized(reason="malformed")
    return claims


def check_claims(claims: Claims, issuer: str, rules: TokenRules, moment: float) -> None:
    """Raises Unauthorized for claims of another issuer, for another audience, or of another time."""
    if claims.get("iss") != issuer:
        raise Unauthorized(reason="issuer")
    expires, starts = _number(claims.get("exp")), _number(claims.get("nbf", 0))
    if expires is None or starts is None or moment >= expires + LEEWAY_SECONDS:
        raise Unauthorized(reason="expired")
    if moment < starts - LEEWAY_SECONDS:
        raise Unauthorized(reason="not_yet_valid")
    if not _is_for_us(claims, rules):
        raise Unauthorized(reason="audience")


def _is_for_us(claims: Claims, rules: TokenRules) -> bool:
    """Returns whether a token is one for requests to this deployment."""
    use, audience = claims.get("token_use"), claims.get("aud")
    if use not in (None, "id", "access") or "events" in claims:  # a refresh token, or a notice (RFC 8417)
        return False
    if use == "access" and audience is None:
        # Access tokens of Amazon Cognito have no audience, but the app client ("Verifying JSON web tokens").
        return bool(claims.get("client_id") == rules.audience)
    audiences = audience if isinstance(audience, list) else [audience]
    if rules.audience not in audiences:
        return False
    # One that is for others too must have been issued for us (OpenID Connect Core, 3.1.3.7).
    return len(audiences) == 1 or claims.get("azp") in {rules.audience, rules.client_id} - {""}


def _name(claim: Any) -> str:
    """Returns the caller's name. Raises Unauthorized."""
    if not isinstance(claim, str) or not 0 < len(claim) <= MAX_SUBJECT_LENGTH:
        raise Unauthorized(reason="name")
    if not claim.isascii() or not claim.isprintable():
        raise Unauthorized(reason="name")
    return claim


def named_groups(claim: Any) -> list[str]:
    """Returns the names of groups in a claim, a list or one name; those that no group can have are left out."""
    listed = claim if isinstance(claim, list) else [claim]
    names = (name for name in listed if isinstance(name, str) and re.fullmatch(NAME_PATTERN, name))
    return list(dict.fromkeys(names))


def _number(value: Any) -> float | None:
    """Returns a time of a claim (NumericDate, RFC 7519, 2), None for other values."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and math.isfinite(value) else None
