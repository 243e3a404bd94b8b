"""One request on its way through the gateway."""

from dataclasses import dataclass, field

from starlette.types import Receive, Scope, Send

from ..chassis.verifier import Caller
from .headers import Incoming, Pairs
from .table import Route


@dataclass(slots=True)
class Visit:
    """`told` are headers that the gateway adds to the answer."""

    scope: Scope
    receive: Receive
    send: Send
    route: Route
    head: Incoming
    address: str
    scheme: str
    caller: Caller | None = None
    told: Pairs = field(default_factory=list)
    tenant: str = ""

    @property
    def method(self) -> str:
        method: str = self.scope["method"]
        return method

    @property
    def is_socket(self) -> bool:
        return bool(self.scope["type"] == "websocket")

    @property
    def target(self) -> str:
        """Path and query at the upstream."""
        path = self.route.target(self.scope["raw_path"])
        query = self.scope["query_string"]
        return f"{path}?{query.decode('ascii', 'strict')}" if query else path
