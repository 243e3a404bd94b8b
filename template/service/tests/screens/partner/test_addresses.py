"""Where webhooks may go: never into our own network."""

from typing import Any

import pytest

from .conftest import addresses

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "url",
    [
        "http://partner.example.com/",
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://user:word@partner.example.com/",
        "ftp://partner.example.com/",
        "https:///nowhere",
        "https://partner.example.com:99999/",
        "file:///etc/passwd",
        "partner.example.com",
    ],
)
async def test_no_webhook_is_registered_for_our_own_network(hooks: Any, url: str) -> None:
    acme = await hooks(webhook_private=False)

    answer = await acme.register(url)

    assert (answer.status_code, answer.json()["title"]) == (422, "Address refused")


@pytest.mark.parametrize("name", ["localhost", "127.1", "0x7f.0.0.1", "2130706433"])
async def test_a_name_of_our_own_network_is_never_called(hooks: Any, name: str) -> None:
    """What DNS says counts when it is sent, whatever it said before."""
    acme = await hooks(webhook_private=False)
    assert (await acme.register(f"https://{name}/")).status_code == 201

    await acme.publish()
    found = await acme.ends("dead")

    assert found["outcome"] == "refused: the address is not a public one"


async def test_it_connects_to_what_was_looked_at() -> None:
    target = await addresses.resolve("http://localhost:8123/a%20b?c=d", private=True)

    assert target.url in ("http://127.0.0.1:8123/a%20b?c=d", "http://[::1]:8123/a%20b?c=d")
    assert (target.host, target.authority) == ("localhost", "localhost:8123")
