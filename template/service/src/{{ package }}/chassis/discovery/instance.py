# Sealed: an update replaces this file.
"""One running copy of a service."""

import re
from dataclasses import dataclass
from ipaddress import ip_address

# Of clouds, where it is no link-local address: Amazon's, Alibaba's, Oracle's.
_METADATA = frozenset(map(ip_address, ("fd00:ec2::254", "100.100.100.200", "192.0.0.192")))
_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252}[A-Za-z0-9.])?")


class DiscoveryError(ValueError):
    """The registry did not answer, or told what cannot be."""


@dataclass(frozen=True, slots=True)
class Instance:
    """`name` is whom it must prove to be: its certificate and the `Host` header carry it."""

    host: str
    port: int
    scheme: str = "http"
    name: str = ""
    path: str = ""
    weight: int = 1

    @property
    def url(self) -> str:
        return f"{self.scheme}://{_authority(self.host, self.port)}{self.path}"

    @property
    def authority(self) -> str:
        return _authority(self.name or self.host, self.port)


def found(host: str, port: int, scheme: str, *, name: str = "", weight: int = 1) -> Instance:
    """What a registry told; raises DiscoveryError where no service can be.

    Whoever can write to the registry must not reach the metadata service of a cloud through us.
    """
    if not 0 < port < 65536 or not (_NAME.fullmatch(host) or ":" in host):
        raise DiscoveryError("no host and port")
    if is_nobodys(host):
        raise DiscoveryError("an address that no service has")
    return Instance(host, port, scheme, name, weight=max(1, weight))


def is_nobodys(host: str) -> bool:
    """Whether it is an address that no service has; a name is none.

    Loopback and private networks are where services live: they are allowed.
    """
    try:
        address = ip_address(host)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    special = address.is_link_local or address.is_multicast or address.is_unspecified
    return special or address in _METADATA


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
