"""Where webhooks may go: what a partner names must not be a way into our own network."""

import asyncio
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from ...chassis.errors import RejectedError

_NAT64 = ip_network("64:ff9b::/96")


class AddressRefusedError(RejectedError):
    pass


@dataclass(frozen=True, slots=True)
class Target:
    """The address that was looked at, and is then connected to: no second look-up decides."""

    url: str
    host: str
    authority: str


def check(url: str, *, private: bool) -> SplitResult:
    """What can be said without asking DNS. Raises AddressRefusedError."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressRefusedError("the address of a webhook is a URL") from None
    schemes = ("http", "https") if private else ("https",)
    if parts.scheme not in schemes or not parts.hostname or port == 0:
        raise AddressRefusedError(f"the address of a webhook begins with `{schemes[-1]}://`")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise AddressRefusedError("the address of a webhook has no user, password or fragment")
    try:
        address = ip_address(parts.hostname)
    except ValueError:
        return parts
    if not private and not _is_public(address):
        raise AddressRefusedError("the address of a webhook is a public one")
    return parts


async def resolve(url: str, *, private: bool) -> Target:
    """Raises AddressRefusedError, and OSError where the name cannot be found."""
    parts = check(url, private=private)
    host, port = str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80)
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    if not addresses or (not private and not all(map(_is_public, addresses))):
        raise AddressRefusedError("the address of a webhook is a public one")
    first = addresses[0]
    numeric = f"[{first}]" if first.version == 6 else str(first)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    authority = parts.netloc.rpartition("@")[2]
    return Target(f"{parts.scheme}://{numeric}:{port}{path}", host, authority)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    """Also looks into addresses of version 6 that stand for one of version 4."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is not None:
            return _is_public(inner)
        if address.teredo is not None or address in _NAT64:
            return False
    return address.is_global and not address.is_multicast
