"""The network that a request comes from."""

import hashlib

import pytest

from chalicelib.access.networks import client_address, network_of

SECRET = "of the proxy"
DIGEST = hashlib.sha256(SECRET.encode()).hexdigest()
EDGE, CLIENT = "198.51.100.1", "203.0.113.9"


@pytest.mark.parametrize(
    ("secret", "forwarded", "address"),
    [
        (SECRET, f"{CLIENT}, {EDGE}", CLIENT),
        (SECRET, f"192.0.2.1, {CLIENT}, {EDGE}", CLIENT),  # the client has sent the first one itself
        (SECRET, CLIENT, CLIENT),
        (SECRET, "", EDGE),
        (SECRET, EDGE, EDGE),
        ("a guess", f"{CLIENT}, {EDGE}", EDGE),
        ("", f"{CLIENT}, {EDGE}", EDGE),
    ],
)
def test_forwarded_address_counts_only_with_the_secret(secret: str, forwarded: str, address: str) -> None:
    headers = {"x-rollcall-proxy": secret, "x-forwarded-for": forwarded}
    assert client_address(headers, EDGE, DIGEST) == address


def test_forwarded_address_never_counts_without_a_proxy() -> None:
    assert client_address({"x-forwarded-for": f"{CLIENT}, {EDGE}", "x-rollcall-proxy": ""}, EDGE, "") == EDGE
    assert client_address({}, EDGE, DIGEST) == EDGE


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1/32"),
        ("::ffff:192.0.2.1", "192.0.2.1/32"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8:0:0:ffff::", "2001:db8::/64"),
        ("", ""),
        ("nonsense", ""),
    ],
)
def test_network_is_what_one_sender_can_use(address: str, network: str) -> None:
    assert network_of(address) == network
