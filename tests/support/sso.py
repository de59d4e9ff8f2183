"""An OpenID Connect issuer in this process: it signs tokens, and answers what `Issuer` fetches."""

from collections.abc import Callable
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

from chalicelib.access.issuer import Issuer, TokenRules
from chalicelib.access.single_sign_on import SingleSignOn
from chalicelib.errors import Busy

from .access import Clock

URL, AUDIENCE, CLIENT = "https://issuer.test/pool", "rollcall-api", "rollcall-page"
RULES = TokenRules(AUDIENCE, CLIENT, groups_claim="cognito:groups")
NEW_KEYS: dict[str, Callable[[], Any]] = {
    "RS256": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "PS256": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "weak": lambda: rsa.generate_private_key(public_exponent=65537, key_size=1024),
}


class TestIssuer:
    """An issuer with keys by id. `fetched` are the URLs that were asked for; while `down`, it answers none."""

    __test__ = False

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.keys: dict[str, tuple[str, Any]] = {}
        self.fetched: list[str] = []
        self.down = False
        self.configuration = {
            "issuer": URL,
            "jwks_uri": f"{URL}/keys",
            "authorization_endpoint": f"{URL}/authorize",
            "token_endpoint": f"{URL}/token",
        }
        self.issuer = Issuer(URL, RULES, fetch=self.fetch, clock=clock)

    def add_key(self, key_id: str, algorithm: str = "RS256", kind: str = "") -> None:
        """Adds a new key that signs by this algorithm."""
        self.keys[key_id] = (algorithm, NEW_KEYS[kind or algorithm]())

    def fetch(self, url: str) -> Any:
        """Returns what the issuer publishes under a URL. Raises Busy while it is down."""
        self.fetched.append(url)
        if self.down:
            raise Busy
        return self.configuration if "openid-configuration" in url else {"keys": self.published()}

    def published(self) -> list[dict[str, Any]]:
        """Returns the public keys."""
        algorithms = get_default_algorithms()
        return [
            {**algorithms[name].to_jwk(key.public_key(), as_dict=True), "kid": key_id, "use": "sig"}
            for key_id, (name, key) in self.keys.items()
        ]

    def token(self, key_id: str = "one", *, header: dict[str, Any] | None = None, **changes: Any) -> str:
        """Returns a token of Ann, valid for an hour, with these claims changed; a claim that is None is left out."""
        moment = int(self.clock.now)
        claims = {
            "iss": URL,
            "sub": "8f0c-ann",
            "aud": AUDIENCE,
            "iat": moment,
            "exp": moment + 3600,
            "auth_time": moment,
            "cognito:groups": ["editors", "strangers"],
        }
        kept = {name: value for name, value in {**claims, **changes}.items() if value is not None}
        algorithm, key = self.keys[key_id]
        return jwt.encode(kept, key, algorithm, headers={"kid": key_id, **(header or {})})

    def sign_on(self) -> SingleSignOn:
        """Returns what authenticates tokens of this issuer, where the groups editors and viewers exist."""
        return SingleSignOn(self.issuer, {"editors", "viewers"}.intersection, self.clock)
