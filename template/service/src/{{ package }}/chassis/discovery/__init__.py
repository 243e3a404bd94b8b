# Sealed: an update replaces this file.
"""Service discovery by configuration: an address says where the instances are listed.

| Address | Instances |
|---|---|
| `http://a:8001,http://b:8001` | these |
| `dns+http://orders.default.svc:8000` | A and AAAA records, as of a headless service |
| `srv+http://_http._tcp.orders.default.svc` | SRV records |
| `file+http:///etc/upstreams/orders` | lines of `HOST:PORT` in a file that is watched |
| `consul+http://consul:8500/orders` | the healthy ones that Consul knows |
"""

from .address import Address, parse
from .instance import Instance
from .source import Lookup, Source

__all__ = ["Address", "Instance", "Lookup", "Source", "parse"]
