"""API keys: who has one is let in, as far as it goes, and nobody else."""

from collections.abc import Callable
from typing import Any

import jwt
import pytest
from sqlalchemy import select

from ...conftest import UnitOfWork
from ..conftest import order, orders, sends
from .conftest import callers, keys, tables
from .front import new_key

pytestmark = pytest.mark.anyio

Compose = Callable[..., Any]
HOME = "/screens/home"
CANCEL = f"/screens/orders/{order(1)['id']}/cancel"


def claims_of(header: str) -> dict[str, Any]:
    token = header.removeprefix("Bearer ")
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


async def test_what_is_stored_is_no_key(compose: Compose) -> None:
    front = await compose()
    key = await new_key(front.app, "acme")

    rows = await front.app.state.database.rows(select(*tables.KeyRow.__table__.c))

    secret = key.rpartition("_")[2]
    assert len(secret) == 64
    assert secret not in str([dict(row) for row in rows])
    assert bytes.fromhex(secret) not in [bytes(row["digest"]) for row in rows]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda key: key[:-1] + ("0" if key[-1] != "0" else "1"),
        lambda key: key[:-1],
        lambda key: f"{key}0",
        lambda key: key.upper(),
        lambda key: f"pk_{'0' * 16}_{key.rpartition('_')[2]}",
        lambda key: key.replace("pk_", "sk_"),
        lambda _: "",
        lambda _: "ключ".encode().decode("latin-1"),
    ],
    ids=["secret", "short", "long", "case", "another's id", "prefix", "empty", "letters"],
)
async def test_another_key_is_none(compose: Compose, spoil: Callable[[str], str]) -> None:
    front = await compose()
    stranger = await front.stranger()
    key = spoil(await new_key(front.app, "acme")).encode("latin-1")

    answer = await stranger.get(HOME, headers={callers.HEADER.encode(): key})

    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "ApiKey")


async def test_a_revoked_key_is_out_at_once(compose: Compose) -> None:
    front = await compose()
    user = await front.user("acme")
    assert (await user.get(HOME)).status_code == 200
    unit = UnitOfWork(front.app.state.database)

    await keys.revoke(unit, user.headers[callers.HEADER].split("_")[1])

    assert (await user.get(HOME)).status_code == 401


async def test_a_key_allows_what_it_was_made_for(compose: Compose) -> None:
    front = await compose(sends(order(1)))
    stranger = await front.stranger()
    stranger.headers[callers.HEADER] = await new_key(front.app, "acme", scopes=["screens:read"])

    assert (await stranger.get(HOME)).status_code == 200
    assert (await stranger.post(CANCEL)).status_code == 403
    assert (await stranger.get("/webhooks")).status_code == 403


async def test_what_else_a_request_claims_counts_for_nothing(compose: Compose, serve: Any) -> None:
    """A token of somebody else beside the key does not reach the upstreams."""
    server = await serve(orders(1))
    front = await compose(server)
    user = await front.user("acme")
    bearer = {"authorization": f"Bearer {front.token(sub='mallory')}"}

    answer = await user.get(HOME, headers=bearer)
    without = await (await front.stranger()).get(HOME, headers=bearer)

    sent = str(server.header("authorization"))
    assert answer.status_code == 200
    assert claims_of(sent)["sub"] == "acme"
    assert without.status_code == 401


async def test_relayed_tokens_can_be_checked_by_the_published_keys(
    compose: Compose, serve: Any
) -> None:
    server = await serve(orders(1))
    front = await compose(server, call_tokens="relay", identity_issuer="https://bff.example.com")
    user = await front.user("acme")

    await user.get(HOME)
    published = (await user.get("/.well-known/jwks.json")).json()

    token = str(server.header("authorization")).removeprefix("Bearer ")
    key = jwt.PyJWK(published["keys"][0])
    claims = jwt.decode(token, key, algorithms=["EdDSA"], audience="orders-service")
    assert (claims["sub"], claims["iss"]) == ("acme", "https://bff.example.com")
    assert "d" not in published["keys"][0]
