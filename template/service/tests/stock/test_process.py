"""Stock in a live process, with events sent by hand."""

import json
import time
from uuid import uuid4

import httpx2

from ..conftest import Live


def test_a_saga_is_played_by_hand(live: Live) -> None:
    order_id = str(uuid4())
    order = {"order_id": order_id, "customer": "alice", "currency": "EUR", "total": 900}
    lines = [{"sku": "TEA-1", "quantity": 2}]
    with httpx2.Client(base_url=live.url) as client:
        client.headers["authorization"] = f"Bearer {live.token()}"
        client.put("/stock/TEA-1", json={"on_hand": 5})

        placed = live.run(
            "events", "send", "orders.OrderPlaced.v1", json.dumps({**order, "lines": lines})
        )
        reserved = _becomes(client, order_id, "reserved")
        live.run(
            "events",
            "send",
            "payments.PaymentFailed.v1",
            json.dumps({"order_id": order_id, "reason": "no money"}),
            "--by",
            "bob",
        )
        released = _becomes(client, order_id, "released")
        [newest, *_] = client.get("/audit", params={"entity_id": order_id}).json()["items"]

        assert placed.returncode == 0, placed.stderr
        assert (newest["action"], newest["actor"]) == ("reservation_released", "bob")
        assert (reserved, released) == (2, 0)


def _becomes(client: httpx2.Client, order_id: str, state: str) -> int:
    """How many are reserved when it has come to that."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        answer = client.get(f"/reservations/{order_id}")
        if answer.status_code == 200 and answer.json()["state"] == state:
            reserved: int = client.get("/stock/TEA-1").json()["reserved"]
            return reserved
        time.sleep(0.02)
    raise TimeoutError(state)
