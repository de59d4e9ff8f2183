"""The OpenID Connect issuer of a deployment: its endpoints and keys, fetched when they are first needed."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from chalicelib.config import Settings
from chalicelib.errors import Busy, Unauthorized

REFETCH_SECONDS = 60  # an unknown key has the keys fetched only this long after the last time
RETRY_SECONDS = 5  # the same while there are none
KEY_SECONDS = 3600  # for which a key that the issuer has withdrawn may still be used
MAX_BYTES = 256 * 1024  # of a response of the issuer
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
KEY_TYPES = {"RSA", "EC", "OKP"}  # of asymmetric keys (RFC 7518, 6.1; RFC 8037, 2)

Key = Mapping[str, Any]  # a JSON Web Key (RFC 7517)


class Endpoints(NamedTuple):
    """The URLs at which a person signs in, and at which the page gets the token."""

    authorization: str
    token: str


class TokenRules(NamedTuple):
    """What a token must be for, and where it says who sends it.

    `audience` is what `aud` must have. `client_id` is the page's, "" for none. `name_claim` and `groups_claim` name
    the claims of the caller's name and groups.
    """

    audience: str
    client_id: str = ""
    name_claim: str = "sub"
    groups_claim: str = "groups"


def fetch_json(url: str) -> Any:
    """Returns the JSON under a URL of the issuer. Raises Busy.

    It must be HTTPS, except on this machine: whoever can change the keys on their way can sign in as anybody.
    """
    import urllib3

    if not _is_private(url):
        raise _unavailable()
    timeout = urllib3.Timeout(connect=2, read=4)
    try:
        response = urllib3.request(
            "GET", url, redirect=False, retries=False, timeout=timeout, preload_content=False
        )
        with response:
            text = response.read(MAX_BYTES + 1) if response.status == 200 else b""
        return json.loads(text) if len(text) <= MAX_BYTES else None
    except (urllib3.exceptions.HTTPError, ValueError):
        raise _unavailable() from None


class Issuer:
    """What the issuer publishes about itself (OpenID Connect Discovery 1.0).

    `url` is the `iss` of its tokens, `rules` what they must be. `discovery_url` is the address of its configuration,
    "" for that below `url`. `fetch` returns the JSON under a URL, or raises Busy. `clock` returns seconds since the
    epoch.
    """

    def __init__(
        self,
        url: str,
        rules: TokenRules,
        discovery_url: str = "",
        fetch: Callable[[str], Any] = fetch_json,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.url, self.rules = url, rules
        self._discovery_url = discovery_url or f"{url.rstrip('/')}/.well-known/openid-configuration"
        self._fetch = fetch
        self._clock = clock
        self._configuration: Mapping[str, Any] | None = None
        self._keys: Mapping[str, Key] = {}
        self._fetched_at = self._asked_at = self._configuration_asked_at = float("-inf")

    def endpoints(self) -> Endpoints:
        """Returns the endpoints. Raises Busy if the issuer does not say them."""
        found = self._read_configuration()
        endpoints = Endpoints(_text(found, "authorization_endpoint"), _text(found, "token_endpoint"))
        if not all(map(_is_private, endpoints)):
            raise _unavailable()
        return endpoints

    def key(self, key_id: str) -> Key:
        """Returns the key with this id.

        Raises Unauthorized for an unknown one, Busy if the issuer has never said its keys.
        """
        self._refresh(key_id)
        if key_id in self._keys:
            return self._keys[key_id]
        if not self._keys:
            raise _unavailable()
        raise Unauthorized(reason="unknown_key")

    def _refresh(self, key_id: str) -> None:
        """Fetches the keys if this one is unknown or they are old, but not again and again.

        Those that there are stay if the issuer does not answer.
        """
        moment = self._clock()
        known = key_id in self._keys and moment - self._fetched_at < KEY_SECONDS
        if known or moment - self._asked_at < (REFETCH_SECONDS if self._keys else RETRY_SECONDS):
            return
        self._asked_at = moment
        try:
            self._keys = _usable(self._fetch(_text(self._read_configuration(), "jwks_uri")))
            self._fetched_at = moment
        except Busy:
            if not self._keys:
                raise

    def _read_configuration(self) -> Mapping[str, Any]:
        """Returns the issuer's configuration, which must be its own (Discovery, 4.3). Raises Busy."""
        if self._configuration is None:
            moment = self._clock()
            if moment - self._configuration_asked_at < RETRY_SECONDS:
                raise _unavailable()
            self._configuration_asked_at = moment
            found = self._fetch(self._discovery_url)
            if not isinstance(found, dict) or found.get("issuer") != self.url:
                raise _unavailable()
            self._configuration = found
        return self._configuration


def issuer_of(settings: Settings, clock: Callable[[], float]) -> Issuer | None:
    """Returns the issuer that the settings name, None for none."""
    if not settings.oidc_issuer:
        return None
    rules = TokenRules(
        audience=settings.oidc_audience,
        client_id=settings.oidc_client_id,
        name_claim=settings.oidc_name_claim,
        groups_claim=settings.oidc_groups_claim,
    )
    return Issuer(settings.oidc_issuer, rules, settings.oidc_discovery_url, clock=clock)


def _usable(keys: Any) -> dict[str, Key]:
    """Returns the keys for signatures by id. Raises Busy if there are none."""
    listed = keys.get("keys") if isinstance(keys, dict) else None
    found: dict[str, Key] = {
        key["kid"]: key
        for key in (listed if isinstance(listed, list) else [])
        if isinstance(key, dict)
        and isinstance(key.get("kid"), str)
        and key.get("kty") in KEY_TYPES
        and key.get("use", "sig") == "sig"
    }
    if not found:
        raise _unavailable()
    return found


def _is_private(url: str) -> bool:
    """Returns whether nobody on the way can read or change what is sent to a URL."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def _text(configuration: Mapping[str, Any], name: str) -> str:
    value = configuration.get(name)
    if not isinstance(value, str):
        raise _unavailable()
    return value


def _unavailable() -> Busy:
    return Busy("The issuer of single sign-on does not answer as it should. Try again later.")
