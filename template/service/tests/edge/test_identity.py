"""What the upstreams are told of who calls."""

import httpx2
import pytest

from ..conftest import Live, errors, keys, verifier

pytestmark = pytest.mark.anyio


async def reaching(gateway: Live, path: str, bearer: dict[str, str]) -> str:
    """The token that the upstream was given."""
    async with httpx2.AsyncClient(base_url=gateway.url) as client:
        answer = await client.get(path, headers=bearer)
    return str(dict(answer.json()["headers"])["authorization"].removeprefix("Bearer "))


def verifying(gateway: Live, audience: str) -> verifier.Verifier:
    """As an upstream verifies, by the published keys."""
    published = keys.RemoteKeys(
        f"{gateway.url}/.well-known/jwks.json", algorithms=["EdDSA"], refresh_seconds=60
    )
    return verifier.Verifier(
        published,
        algorithms=["EdDSA"],
        issuer="urn:gateway:development",
        audience=audience,
        leeway=0,
    )


async def test_an_upstream_verifies_who_calls_by_the_published_keys(
    gateway: Live, bearer: dict[str, str]
) -> None:
    given = await reaching(gateway, "/good/x", bearer)

    caller = await verifying(gateway, "good-service").caller(given)

    assert caller.subject == "developer"
    assert caller.scopes == {"good:read", "good:write"}
    assert given not in bearer["authorization"]


async def test_a_token_for_one_upstream_is_none_for_another(
    gateway: Live, bearer: dict[str, str]
) -> None:
    given = await reaching(gateway, "/good/x", bearer)

    with pytest.raises(errors.DomainError):
        await verifying(gateway, "second-service").caller(given)


async def test_an_internal_token_opens_nothing_from_outside(
    gateway: Live, bearer: dict[str, str]
) -> None:
    given = await reaching(gateway, "/good/x", bearer)

    async with httpx2.AsyncClient(base_url=gateway.url) as client:
        answer = await client.get("/good/x", headers={"authorization": f"Bearer {given}"})

    assert answer.status_code == 401
