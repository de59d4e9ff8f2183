"""The network that a request comes from, for which wrong passwords are counted. Pure."""

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping

PROXY_HEADER = "x-rollcall-proxy"


def client_address(headers: Mapping[str, str], source: str, proxy_digest: str) -> str:
    """Returns the IP address of the client of a request, whose header names are in lower case.

    That is `source`, the address that API Gateway sees. Behind a proxy such as CloudFront it is the proxy's; the
    client's is the one that the proxy has added to X-Forwarded-For last. Anyone can send that header, so it counts
    only if the request has the proxy's secret too, of which `proxy_digest` is the SHA-256 in hex, "" without a proxy.
    """
    secret = headers.get(PROXY_HEADER, "")
    digest = hashlib.sha256(secret.encode(errors="replace")).hexdigest()
    if not proxy_digest or not hmac.compare_digest(digest, proxy_digest):
        return source
    hops = [hop.strip() for hop in headers.get("x-forwarded-for", "").split(",")]
    if hops[-1] == source:  # API Gateway adds the address of the proxy
        hops.pop()
    return hops[-1] if hops and hops[-1] else source


def network_of(address: str) -> str:
    """Returns the network that one sender can use: the address, of IPv6 the /64; "" for a malformed address.

    A sender of IPv4 gets single addresses; the others of their /24 belong to strangers, who must not pay for each
    other. A /64 is the least that one gets of IPv6 (RFC 6177), with 2^64 addresses.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if found.version == 6 and found.ipv4_mapped:
        found = found.ipv4_mapped
    return str(ipaddress.ip_network((found, 32 if found.version == 4 else 64), strict=False))
