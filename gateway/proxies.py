"""Who is really calling, and under which public address: trusted proxies and the base URL.

Only a peer whose address is listed may speak for somebody else, and only in the one form of header that was chosen:
a proxy that writes ``X-Forwarded-For`` passes a ``Forwarded`` of the caller's own making through, and the other way
round.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from gateway.settings import Settings, SettingsError
from gateway.wire import Headers

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

FORWARDING_HEADERS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-prefix")
_HOST = re.compile(r"(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_LONGEST = 261
"""Characters of a host name (RFC 1035, 2.3.4), with its last dot and a port."""
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")
_PAIR = re.compile(r'\s*([A-Za-z-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;,"\s]*)\s*')


@dataclass(frozen=True, slots=True)
class Hop:
    """What one proxy says of its caller; empty where it says nothing."""

    client: str = ""
    scheme: str = ""
    host: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """The caller's address, and the public base URL that it used, without a slash at the end."""

    client: str
    base_url: str


@dataclass(frozen=True, slots=True)
class ProxyPolicy:
    """Which peers are believed, in which header (``x-forwarded`` or ``forwarded``), and the base URL if it is fixed.

    ``unix``: peers on a Unix socket, which have no address, are believed.
    """

    networks: tuple[Network, ...] = ()
    header: str = "x-forwarded"
    base_url: str = ""
    unix: bool = False

    @staticmethod
    def of(settings: Settings) -> "ProxyPolicy":
        """The policy of ``trusted_proxies``, ``proxy_header`` and ``base_url``; raises SettingsError."""
        listed = [text for text in settings["trusted_proxies"] if text != "unix"]
        return ProxyPolicy(
            tuple(_network(text) for text in listed),
            settings["proxy_header"],
            _base_url(settings["base_url"]),
            unix="unix" in settings["trusted_proxies"],
        )

    def trusts(self, address: str) -> bool:
        """Whether a peer with this address may speak for somebody else."""
        if not address or not self.networks:
            return self.unix and not address
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        mapped = getattr(parsed, "ipv4_mapped", None)
        return any((mapped or parsed) in network for network in self.networks)


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise SettingsError(f"trusted_proxies: {error}; give addresses, networks (10.0.0.0/8) or unix") from None


def _base_url(text: str) -> str:
    if text and not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", text):
        raise SettingsError(f"base_url: {text!r} is not an address such as https://gateway.example.com")
    return text.rstrip("/")


def is_loopback(address: str) -> bool:
    """Whether this is an address of the machine itself; a Unix socket's empty one is."""
    if address in ("", "localhost"):
        return True
    try:
        parsed = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return False
    return (getattr(parsed, "ipv4_mapped", None) or parsed).is_loopback


def origin(policy: ProxyPolicy, peer: str, scheme: str, headers: Headers, fallback_host: str = "localhost") -> Origin:
    """Where a request came from.

    ``peer`` and ``scheme`` are the connection's own. The caller is the last address in the chain that is not a
    trusted proxy. A host that could not be one is replaced by ``fallback_host``.
    """
    host = headers.get("host", "")
    prefix = ""
    if policy.trusts(peer):
        hop = _caller(policy, _hops(policy.header, headers))
        peer = hop.client or peer
        scheme = hop.scheme if hop.scheme in ("http", "https") else scheme
        host = hop.host or host
        prefix = _prefix(policy, headers)
    if policy.base_url:
        return Origin(peer, policy.base_url)
    if len(host) > _LONGEST:
        host = fallback_host
    return Origin(peer, _public(scheme, host, fallback_host) + prefix)


@lru_cache(1024)
def _public(scheme: str, host: str, fallback_host: str) -> str:
    return f"{scheme}://{host if _HOST.fullmatch(host) else fallback_host}"


def _prefix(policy: ProxyPolicy, headers: Headers) -> str:
    text = headers.get("x-forwarded-prefix", "").rstrip("/") if policy.header == "x-forwarded" else ""
    return text if _PREFIX.fullmatch(text) else ""


def _caller(policy: ProxyPolicy, hops: list[Hop]) -> Hop:
    for hop in reversed(hops):
        if not policy.trusts(hop.client):
            return hop
    return hops[0] if hops else Hop()


def _hops(header: str, headers: Headers) -> list[Hop]:
    return _forwarded(headers.getlist("forwarded")) if header == "forwarded" else _x_forwarded(headers)


def _x_forwarded(headers: Headers) -> list[Hop]:
    clients = _list(headers, "x-forwarded-for") or [""]
    schemes = _list(headers, "x-forwarded-proto")
    hosts = _list(headers, "x-forwarded-host")
    return [
        Hop(_address(client), _at(schemes, index, len(clients)).lower(), _at(hosts, index, len(clients)))
        for index, client in enumerate(clients)
    ]


def _list(headers: Headers, name: str) -> list[str]:
    return [part.strip() for value in headers.getlist(name) for part in value.split(",") if part.strip()]


def _at(values: list[str], index: int, length: int) -> str:
    """The value of this hop, if every proxy added one; else the nearest proxy's."""
    if not values:
        return ""
    return values[index] if len(values) == length else values[-1]


def _forwarded(values: Iterable[str]) -> list[Hop]:
    """RFC 7239; a header that does not parse says nothing at all."""
    hops: list[Hop] = []
    for value in values:
        for element in _elements(value):
            pairs = dict(_pairs(element))
            hops.append(Hop(_address(pairs.get("for", "")), pairs.get("proto", "").lower(), pairs.get("host", "")))
    return hops


def _elements(value: str) -> list[str]:
    return re.findall(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+', value)


def _pairs(element: str) -> Iterable[tuple[str, str]]:
    for name, value in _PAIR.findall(element):
        yield name.lower(), re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def _address(text: str) -> str:
    """The address without its port; empty for ``unknown`` and obfuscated names."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""
