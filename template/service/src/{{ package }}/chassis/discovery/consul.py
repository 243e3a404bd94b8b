# Sealed: an update replaces this file.
"""Instances from Consul's HTTP API: those whose checks pass, told as soon as they change."""

from collections.abc import Sequence
from typing import Any

import httpx2

from .instance import Instance, found
from .source import DiscoveryError, Lookup

_WAIT_SECONDS = 30
_SECONDS = 0.1


class ConsulSource:
    """Asks with a blocking query: the answer comes when the service has changed."""

    seconds: float | None = _SECONDS

    def __init__(self, url: str, service: str, scheme: str, lookup: Lookup) -> None:
        self._url = f"{url}/v1/health/service/{service}"
        self._service, self._scheme = service, scheme
        self._headers = {"X-Consul-Token": lookup.consul_token} if lookup.consul_token else {}
        self._index = "0"
        self._retry_seconds = lookup.seconds

    async def fetch(self) -> Sequence[Instance]:
        query = {"passing": "true", "wait": f"{_WAIT_SECONDS}s", "index": self._index}
        try:
            async with httpx2.AsyncClient(timeout=_WAIT_SECONDS * 1.2, trust_env=False) as client:
                answer = await client.get(self._url, params=query, headers=self._headers)
            instances = [self._instance(entry) for entry in answer.raise_for_status().json()]
        except (httpx2.HTTPError, ValueError, TypeError, KeyError) as error:
            self._index, self.seconds = "0", self._retry_seconds
            raise DiscoveryError(type(error).__name__) from None
        self._index = self._next(answer.headers.get("x-consul-index", ""))
        self.seconds = _SECONDS
        return instances

    def _next(self, index: str) -> str:
        """As Consul's documentation asks: an index that goes back starts anew."""
        new = int(index) if index.isdigit() else 0
        return str(new if new >= int(self._index) else 0)

    def _instance(self, entry: dict[str, Any]) -> Instance:
        service = entry["Service"]
        return found(
            service["Address"] or entry["Node"]["Address"],
            service["Port"],
            self._scheme,
            weight=service.get("Weights", {}).get("Passing", 1),
        )
