"""The composed route: what its parts make together, and what is told where one is missing."""

from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from ..conftest import Live
from .conftest import bearer_of
from .upstream import Upstream

BOTH = "orders:read returns:read"
ROUTES = """\
upstreams:
  good: {address: GOOD}
  dead: {address: http://127.0.0.1:9}
routes:
  - {name: orders, prefix: /orders, upstream: good, scopes: [orders:read]}
  - {name: returns, prefix: /api/returns, upstream: THERE, scopes: [returns:read]}
"""


@pytest.fixture
def compose(
    launch: Callable[..., Live], upstream: Upstream, tmp_path: Path
) -> Callable[..., httpx2.Response]:
    """Asks a gateway whose returns are at this upstream."""

    def ask(returns: str, *, scope: str = BOTH) -> httpx2.Response:
        file = tmp_path / "routes.yml"
        file.write_text(ROUTES.replace("GOOD", upstream.url).replace("THERE", returns))
        gateway = launch(routes_file=str(file))
        return httpx2.get(f"{gateway.url}/overview", headers=bearer_of(gateway, scope=scope))

    return ask


def test_parts_of_several_upstreams_are_joined(compose: Callable[..., httpx2.Response]) -> None:
    told = compose("good").json()

    assert (told["orders"]["path"], told["orders"]["query"]) == ("/orders", "limit=5")
    assert told["returns"]["path"] == "/api/returns"
    assert told["missing"] == []


def test_a_part_that_is_away_is_named_as_missing(compose: Callable[..., httpx2.Response]) -> None:
    answer = compose("dead")

    assert answer.status_code == 200
    assert answer.json()["missing"] == ["returns"]
    assert answer.json()["orders"]["path"] == "/orders"


def test_a_part_that_the_caller_may_not_see_is_missing(
    compose: Callable[..., httpx2.Response],
) -> None:
    answer = compose("good", scope="orders:read")

    assert answer.json()["missing"] == ["returns"]
