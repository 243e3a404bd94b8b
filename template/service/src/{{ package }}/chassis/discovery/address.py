# Sealed: an update replaces this file.
"""The text form of a source of instances."""

from collections.abc import Callable
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator

from .instance import Instance
from .source import Lookup, Source, StaticSource

_PORTS = {"http": 80, "https": 443}
_FORMS = "`http://HOST:PORT`, several with commas, or with `dns+`, `srv+`, `file+` or `consul+`"


def parse(address: str, lookup: Lookup | None = None) -> Source:
    """Raises ValueError with one sentence where the address is none."""
    kind, _, scheme = urlsplit(address.split(",")[0].strip()).scheme.rpartition("+")
    if scheme not in _PORTS or (kind and kind not in _KINDS):
        raise ValueError(f"an address is {_FORMS}")
    if not kind:
        return StaticSource(tuple(_static(one.strip()) for one in address.split(",")))
    url = urlsplit(address.strip().removeprefix(f"{kind}+"))
    return _KINDS[kind](_plain(url), lookup or Lookup())


def _static(address: str) -> Instance:
    url = _plain(urlsplit(address))
    if url.scheme not in _PORTS or not url.hostname:
        raise ValueError(f"an address is {_FORMS}")
    return Instance(
        url.hostname,
        url.port or _PORTS[url.scheme],
        url.scheme,
        name=url.hostname,
        path=url.path.rstrip("/"),
    )


def _plain(url: SplitResult) -> SplitResult:
    if url.username is not None or url.query or url.fragment:
        raise ValueError("an address has no user, query or fragment")
    if url.port == 0:
        raise ValueError("port 0 is none")
    return url


def _dns(url: SplitResult, lookup: Lookup) -> Source:
    from .dns import DnsSource  # libraries of kinds that are not used cost no start

    return DnsSource(_named(url), url.port or _PORTS[url.scheme], url.scheme, lookup)


def _srv(url: SplitResult, lookup: Lookup) -> Source:
    from .dns import SrvSource

    if url.port is not None:
        raise ValueError("SRV records bring the port themselves: leave it out")
    return SrvSource(_named(url), url.scheme, lookup)


def _file(url: SplitResult, lookup: Lookup) -> Source:
    from .file import FileSource

    if url.netloc or not url.path:
        raise ValueError("the address of a file is `file+http:///PATH`")
    return FileSource(url.path, url.scheme, lookup)


def _consul(url: SplitResult, lookup: Lookup) -> Source:
    from .consul import ConsulSource

    service = url.path.strip("/")
    if not service or "/" in service:
        raise ValueError("the address of a service in Consul is `consul+http://HOST:8500/SERVICE`")
    return ConsulSource(f"http://{_named(url)}:{url.port or 8500}", service, url.scheme, lookup)


def _named(url: SplitResult) -> str:
    if not url.hostname:
        raise ValueError("the address names no host")
    return url.hostname


_KINDS: dict[str, Callable[[SplitResult, Lookup], Source]] = {
    "dns": _dns,
    "srv": _srv,
    "file": _file,
    "consul": _consul,
}


def _checked(address: str) -> str:
    parse(address)
    return address


Address = Annotated[str, AfterValidator(_checked)]
"""For settings: the text of an address that `parse` understands."""
