"""A partner with a webhook, as tests drive it."""

import asyncio
import base64
import hashlib
import hmac
from typing import Any

import httpx2

from ...chassis.http.servers import Server

QUICK = {
    "webhook_backoff_seconds": 0.01,
    "webhook_poll_seconds": 0.02,
    "webhook_timeout_seconds": 1.0,
    "webhook_attempts": 3,
}


class Hooks:
    """A partner with a webhook, and a service of ours that publishes events."""

    def __init__(self, front: Any, user: httpx2.AsyncClient) -> None:
        self.front, self.user = front, user
        self.id = self.secret = ""

    async def register(self, url: str, *events: str) -> httpx2.Response:
        answer = await self.user.post("/webhooks", json={"url": url, "events": events or ("*",)})
        if answer.status_code == 201:
            self.id, self.secret = answer.json()["id"], answer.json()["secret"]
        return answer

    async def publish(
        self, event: str = "order.cancelled", partner: str = "acme", **headers: str
    ) -> httpx2.Response:
        stranger = await self.front.stranger()
        body = {"partner": partner, "type": event, "data": {"order_id": "7"}}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        bearer = {"authorization": f"Bearer {self.front.token()}"}
        answer: httpx2.Response = await stranger.post(
            "/events", json=body, headers={**bearer, **named}
        )
        return answer

    async def deliveries(self, limit: int = 50) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (
            await self.user.get(f"/webhooks/{self.id}/deliveries?limit={limit}")
        ).json()
        return found

    async def ends(self, state: str) -> dict[str, Any]:
        """Waits until the newest delivery has come so far."""
        async with asyncio.timeout(30):
            while True:
                found = (await self.deliveries())[0]
                if found["state"] == state:
                    return found
                await asyncio.sleep(0.01)

    async def all_end(self, state: str) -> None:
        async with asyncio.timeout(30):
            while True:
                if {each["state"] for each in await self.deliveries()} == {state}:
                    return
                await asyncio.sleep(0.01)


def is_signed(server: Server, secret: str, number: int = -1) -> bool:
    """As a receiver checks it."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    told = {
        name: value
        for name, _, value in (line.partition(": ") for line in server.heads[number].split("\r\n"))
    }
    content = f"{told['webhook-id']}.{told['webhook-timestamp']}.".encode() + server.bodies[number]
    mark = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return f"v1,{mark}" in told["webhook-signature"].split()
