"""Who may see the screens of an app: those with a token of this service, and its scopes."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from ..conftest import order, sends

pytestmark = pytest.mark.anyio

Compose = Callable[..., Any]
CANCEL = f"/screens/orders/{order(1)['id']}/cancel"


@pytest.mark.parametrize(
    "claims",
    [{"aud": "orders-service"}, {"iss": "urn:somebody"}, {"exp": int(time.time()) - 3600}],
    ids=["audience", "issuer", "expired"],
)
async def test_a_token_for_another_is_refused(compose: Compose, claims: dict[str, Any]) -> None:
    front = await compose()
    stranger = await front.stranger()
    bearer = {"authorization": f"Bearer {front.token(**claims)}"}

    answer = await stranger.get("/screens/home", headers=bearer)

    assert answer.status_code == 401


async def test_reading_does_not_allow_cancelling(compose: Compose) -> None:
    front = await compose(sends(order(1)))
    stranger = await front.stranger()
    stranger.headers["authorization"] = f"Bearer {front.token(scope='screens:read')}"

    seen = await stranger.get("/screens/home")
    refused = await stranger.post(CANCEL)

    assert (seen.status_code, refused.status_code) == (200, 403)
    assert "screens:write" in refused.json()["detail"]
