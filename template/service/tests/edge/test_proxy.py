"""What passes through the gateway, in both directions."""

import re
from collections.abc import Iterator

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from ..conftest import Live
from .raw import sending_on, statuses
from .upstream import CHUNK, Upstream


@pytest.fixture
def client(gateway: Live) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=gateway.url, timeout=20) as client:
        yield client


def memory(client: httpx2.Client) -> float:
    """Bytes that the gateway holds, as it tells them itself."""
    found = re.search(
        r"^process_resident_memory_bytes (\S+)", client.get("/metrics").text, re.MULTILINE
    )
    assert found
    return float(found[1])


def test_a_request_reaches_its_upstream_as_it_was_sent(client: httpx2.Client) -> None:
    answer = client.post("/open/a%20b/c?x=%2F&y", content=b"tea", headers={"x-own": "1"})

    told = answer.json()
    assert (told["method"], told["path"], told["query"]) == ("POST", "/a%20b/c", "x=%2F&y")
    assert told["size"] == 3
    assert dict(told["headers"])["x-own"] == "1"


def test_headers_of_the_answer_are_neither_overwritten_nor_doubled(client: httpx2.Client) -> None:
    answer = client.get("/open/x?cache-control=max-age%3D5&x-request-id=theirs&date=never")

    assert answer.headers.get_list("cache-control") == ["max-age=5"]
    assert answer.headers.get_list("x-request-id") != ["theirs"]
    assert len(answer.headers.get_list("date")) == 1
    assert "content-security-policy" not in answer.headers


def test_plain_text_of_an_upstreams_error_stays_as_it_is(client: httpx2.Client) -> None:
    answer = client.post("/open/early?content-type=text/plain")

    assert (answer.status_code, answer.text) == (413, "enough")


def test_a_large_body_streams_both_ways_in_constant_memory(
    client: httpx2.Client,
) -> None:
    count = 800  # of 64 KiB

    before = memory(client)
    sent = client.post("/open/x", content=(CHUNK for _ in range(count)))
    with client.stream("GET", f"/open/big?{count}") as answer:
        received = sum(map(len, answer.iter_bytes()))

    assert sent.json()["size"] == received == count * len(CHUNK)
    assert memory(client) - before < 8_000_000


def test_an_upstream_may_refuse_before_it_has_read_the_body(client: httpx2.Client) -> None:
    answer = client.post("/open/early", content=(CHUNK for _ in range(50)))

    assert answer.status_code == 413
    assert client.get("/open/after").status_code == 200


def test_events_come_one_by_one_and_a_client_that_leaves_is_noticed(
    client: httpx2.Client, upstream: Upstream
) -> None:
    upstream.gone.clear()

    with client.stream("GET", "/open/sse") as answer:
        first = next(answer.iter_bytes())

    assert first == b"data: 1\n\n"
    assert upstream.gone.wait(5)


def test_a_redirect_to_itself_stays_at_the_gateway(client: httpx2.Client) -> None:
    answer = client.get("/open/moved")

    assert answer.headers["location"] == "/open/there?x=1"


def test_messages_of_a_websocket_pass_both_ways(gateway: Live) -> None:
    address = gateway.url.replace("http", "ws") + "/open/chat"

    with connect(address, subprotocols=[Subprotocol("tea.v1")]) as socket:
        socket.send("leaf")
        text = socket.recv()
        socket.send(b"\x00\x01")
        data = socket.recv()
        socket.send("bye")
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv()

    assert (text, data, socket.subprotocol) == ("leafleaf", b"\x00\x01\x00\x01", "tea.v1")
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4001


@pytest.mark.parametrize(("path", "status"), [("/good/chat", 401), ("/cached/chat", 400)])
def test_a_websocket_without_leave_is_refused(gateway: Live, path: str, status: int) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(gateway.url.replace("http", "ws") + path)

    assert refused.value.response.status_code == status


def test_the_most_specific_route_is_taken(client: httpx2.Client) -> None:
    by_path = client.get("/good/items/7")
    by_host = client.get("/open/x", headers={"host": "shop.example.com"})

    assert by_path.json()["path"] == "/good/items/7"
    assert by_host.json()["path"] == "/host/x"


def test_a_method_that_no_route_has_is_told_with_those_there_are(client: httpx2.Client) -> None:
    answer = client.delete("/good/x")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"


def test_rules_for_headers_are_kept(client: httpx2.Client) -> None:
    answer = client.get("/ruled/x", headers={"x-removed": "1"})

    told = dict(answer.json()["headers"])
    assert told["x-added"] == "from-the-gateway"
    assert "x-removed" not in told
    assert answer.headers["x-frame-options"] == "DENY"
    assert "x-powered-by" not in answer.headers


def test_a_canary_gets_its_share(client: httpx2.Client) -> None:
    paths = [client.get("/canary/x").json()["path"] for _ in range(60)]

    assert 3 <= sum(path.startswith("/second") for path in paths) <= 30


@pytest.mark.parametrize("count", [1001, 70_000])
def test_more_body_than_a_route_takes_is_refused(client: httpx2.Client, count: int) -> None:
    known = client.post("/small/x", content=b"x" * count)
    chunked = client.post("/small/x", content=iter([b"x" * count]))

    assert (known.status_code, chunked.status_code) == (413, 413)
    assert known.json()["type"] == chunked.json()["type"] == "urn:problem:content-too-large"


@pytest.mark.parametrize(
    "head", [b"content-length: 4000000\r\n\r\n", b"transfer-encoding: chunked\r\n\r\n3d0900\r\n"]
)
def test_a_client_that_is_still_sending_reads_why_it_is_refused(gateway: Live, head: bytes) -> None:
    asked = b"POST /small/x HTTP/1.1\r\nhost: a\r\n"

    received = sending_on(gateway.url, asked + head, b"x" * 4_000_000)

    assert statuses(received) == [413]
    assert b"connection: close" in received.lower()
    assert received.endswith(b"}")
