"""One suite of probes passes through the Python gateway, and through Envoy by its routes."""

import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx2
import pytest

from .conftest import ORDER, Street

PATHS = [
    "/orders/../metrics", "/orders/%2e%2e/metrics", "/orders/a%2fb", "/orders/a%5Cb",
    "/orders//x", "/orders/x;a=b", "/orders/%00", "/orders/%252e%252e/x",
    "/orders/%ef%bc%8e%ef%bc%8e/x", "/orders/%c0%ae/x",
]  # fmt: skip
SMUGGLING = {
    "both": b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "two": b"content-length: 0\r\ncontent-length: 40\r\n\r\n",
    "odd": b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "bad chunk": b"transfer-encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    "no colon": b"hello\r\n\r\n",
    "large": b"x-a: " + b"a" * 100_000 + b"\r\n\r\n",
}
Ask = Callable[..., httpx2.Response]


@pytest.fixture(params=["gateway", "envoy"])
def door(request: pytest.FixtureRequest, street: Street) -> str:
    """Where the probes knock."""
    if request.param == "gateway":
        return street.door.url
    found: str = request.getfixturevalue("envoy")
    return found


@pytest.fixture
def ask(door: str, street: Street) -> Ask:
    def ask(method: str, path: str, *, scope: str = "", **options: object) -> httpx2.Response:
        bearer = street.token(scope=scope) if scope else ""
        headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        more: dict[str, str] = options.pop("headers", {})  # type: ignore[assignment]
        return httpx2.request(method, door + path, headers={**headers, **more}, **options)  # type: ignore[arg-type]

    return ask


def test_what_is_written_is_read_again(ask: Ask) -> None:
    placed = ask("POST", "/orders", scope="orders:write", json=ORDER)
    read = ask("GET", placed.headers["location"], scope="orders:read")
    listed = ask("GET", "/orders?limit=1", scope="orders:read")

    assert (placed.status_code, read.status_code, listed.status_code) == (201, 200, 200)
    assert read.json()["id"] == placed.json()["id"]


@pytest.mark.parametrize(
    ("method", "path", "scope", "status"),
    [
        ("GET", "/orders", "", 401),
        ("GET", "/orders", "orders:write", 403),
        ("POST", "/orders", "orders:read", 403),
        ("PUT", "/orders", "orders:write", 405),
        ("GET", "/elsewhere", "orders:read", 404),
        ("GET", "/ordersx", "orders:read", 404),
        ("GET", "/alive", "", 200),
        ("GET", "/api/returns", "orders:read returns:read", 200),
        ("GET", "/away/x", "", 503),
    ],
)
def test_each_gets_what_it_may(
    ask: Ask, method: str, path: str, scope: str, status: int
) -> None:
    answer = ask(method, path, scope=scope)

    assert answer.status_code == status, answer.text
    if status >= 400:
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert answer.json()["status"] == status
        assert "127.0.0.1" not in answer.text
        assert answer.headers["x-request-id"] == answer.json()["request_id"]


def test_a_forged_token_is_refused(door: str) -> None:
    forged = {"authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0."}

    assert httpx2.get(f"{door}/orders", headers=forged).status_code == 401


def test_more_body_than_a_route_takes_is_refused(ask: Ask) -> None:
    answer = ask("POST", "/orders", scope="orders:write", content=b"x" * 2000)

    assert answer.status_code == 413


def test_a_rate_is_held(ask: Ask) -> None:
    statuses = [ask("GET", "/rated").status_code for _ in range(4)]

    assert statuses == [200, 200, 200, 429]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_of_two_meanings_is_refused(door: str, path: str) -> None:
    assert _statuses(door, f"GET {path} HTTP/1.1\r\nhost: a\r\n\r\n".encode()) == [400]


@pytest.mark.parametrize("kind", SMUGGLING)
def test_a_request_of_two_meanings_is_refused(door: str, kind: str) -> None:
    hidden = b"GET /alive HTTP/1.1\r\nhost: a\r\n\r\n"
    begin = b"POST /alive HTTP/1.1\r\nhost: a\r\n"

    found = _statuses(door, begin + SMUGGLING[kind] + hidden)

    # What cannot be parsed at all may be told by the end of the connection alone.
    assert found in ([400], [431], [501]), found


def _statuses(door: str, sent: bytes) -> list[int]:
    place = urlsplit(door)
    with socket.create_connection((str(place.hostname), int(place.port or 80)), 5) as peer:
        peer.sendall(sent)
        peer.settimeout(0.5)
        received = b""
        try:
            while chunk := peer.recv(65_536):
                received += chunk
        except (TimeoutError, ConnectionResetError):
            pass
    return [int(part[:3]) for part in received.split(b"HTTP/1.1 ")[1:]]
