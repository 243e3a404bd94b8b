# Sealed: an update replaces this file.
"""Instances from DNS: every A and AAAA record of a name, or its SRV records."""

import asyncio
from collections.abc import Sequence
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.rdatatype
import dns.resolver

from .instance import Instance, found
from .source import DiscoveryError, Lookup

_LIFETIME = 2.0


class DnsSource:
    def __init__(self, name: str, port: int, scheme: str, lookup: Lookup) -> None:
        self._name, self._port, self._scheme = name, port, scheme
        self._lookup = lookup
        self.seconds = lookup.seconds

    async def fetch(self) -> Sequence[Instance]:
        resolver = _resolver(self._lookup)
        kinds = (dns.rdatatype.A, dns.rdatatype.AAAA)
        answers = await asyncio.gather(*(_records(resolver, self._name, kind) for kind in kinds))
        return [
            found(record.address, self._port, self._scheme, name=self._name)
            for records in answers
            for record in records
        ]


class SrvSource:
    def __init__(self, name: str, scheme: str, lookup: Lookup) -> None:
        self._name, self._scheme = name, scheme
        self._lookup = lookup
        self.seconds = lookup.seconds

    async def fetch(self) -> Sequence[Instance]:
        records = await _records(_resolver(self._lookup), self._name, dns.rdatatype.SRV)
        best = min((record.priority for record in records), default=0)
        return [
            found(host, record.port, self._scheme, name=host, weight=record.weight)
            for record in records
            if record.priority == best and (host := str(record.target).rstrip("."))
        ]


def _resolver(lookup: Lookup) -> dns.asyncresolver.Resolver:
    resolver = dns.asyncresolver.Resolver(configure=not lookup.dns_server)
    if lookup.dns_server:
        host, _, port = lookup.dns_server.rpartition(":")
        resolver.nameservers, resolver.port = [host], int(port)
    return resolver


async def _records(
    resolver: dns.asyncresolver.Resolver, name: str, kind: dns.rdatatype.RdataType
) -> list[Any]:
    try:
        return list(await resolver.resolve(name, kind, lifetime=_LIFETIME, search=True))
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError) as error:
        raise DiscoveryError(type(error).__name__) from None
