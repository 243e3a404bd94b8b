"""Webhooks: signed as Standard Webhooks has it, tried a few times, only to allowed hosts."""

import asyncio
import base64
import binascii
import hashlib
import hmac
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2
import structlog

from .document import dumped
from .settings import SliceSettings

log = structlog.get_logger()

_SECONDS = 5.0
_KEPT = 200


@dataclass
class Delivery:
    id: str
    event: str
    url: str
    body: Any
    attempts: list[str] = field(default_factory=list)
    delivered: bool = False


class Sender:
    def __init__(self, settings: SliceSettings) -> None:
        self._hosts = frozenset(host.lower() for host in settings.provider_webhook_hosts)
        self._secret = _key(settings.provider_webhook_secret.get_secret_value())
        self._attempts = settings.provider_webhook_attempts
        self._backoff = settings.provider_webhook_backoff_seconds
        self._deliveries: deque[Delivery] = deque(maxlen=_KEPT)
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: httpx2.AsyncClient | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """What has begun is cut off in the end."""
        async with httpx2.AsyncClient(timeout=_SECONDS, trust_env=False) as self._client:
            yield
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def send(self, event: str, url: str, body: Any, *, identity: str) -> Delivery:
        """Begin to deliver; an address that is not allowed is noted, and never called."""
        delivery = Delivery(identity, event, url, body)
        self._deliveries.append(delivery)
        if not self.allows(url):
            delivery.attempts.append("refused: the host is not allowed")
            log.warning("webhook_refused", webhook=event)
            return delivery
        task = asyncio.get_running_loop().create_task(self._deliver(delivery))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return delivery

    def allows(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
            names = {parts.hostname or "", f"{parts.hostname}:{parts.port}"}
        except ValueError:
            return False
        return parts.scheme in ("http", "https") and not self._hosts.isdisjoint(names)

    def deliveries(self) -> list[dict[str, Any]]:
        return [asdict(each) for each in self._deliveries]

    def forget(self) -> None:
        self._deliveries.clear()

    async def _deliver(self, delivery: Delivery) -> None:
        content = dumped(delivery.body)
        for attempt in range(self._attempts):
            if attempt:
                await asyncio.sleep(self._backoff * 2 ** (attempt - 1))
            outcome = await self._attempt(delivery, content)
            delivery.attempts.append(outcome)
            if delivery.delivered:
                break
        log.info("webhook", webhook=delivery.event, attempts=delivery.attempts)

    async def _attempt(self, delivery: Delivery, content: bytes) -> str:
        assert self._client is not None
        headers = {
            "content-type": "application/json",
            "webhook-event": delivery.event,
            **signed(delivery.id, content, self._secret, now=int(time.time())),
        }
        try:
            answer = await self._client.post(delivery.url, content=content, headers=headers)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            return type(error).__name__
        delivery.delivered = answer.is_success
        return str(answer.status_code)


def signed(identity: str, content: bytes, secret: bytes, *, now: int) -> dict[str, str]:
    """The headers of https://www.standardwebhooks.com."""
    text = b".".join((identity.encode(), str(now).encode(), content))
    mark = base64.b64encode(hmac.new(secret, text, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": identity,
        "webhook-timestamp": str(now),
        "webhook-signature": f"v1,{mark}",
    }


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return secret.encode()
