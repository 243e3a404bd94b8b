"""What clients do below HTTP's good manners: large bodies, slow bytes, odd bytes."""

import json
import os
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from .conftest import Make
from .service import MARK, ORDER, Client, Service, received, running, together, wait_until

MEGABYTE = 1_000_000
BODY = json.dumps(ORDER).encode()
CHUNKED = b"POST /orders HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"
POST = b"POST /orders HTTP/1.1\r\nhost: x\r\n"
GET = b"GET /orders HTTP/1.1\r\nhost: x\r\n"


@pytest.fixture(scope="module")
def service(make: Make) -> Iterator[Service]:
    with running(make(request_seconds="2")) as service:
        yield service


@pytest.fixture(scope="module")
def token(service: Service) -> str:
    return service.token()


def head(line: str, token: str = "", *more: str) -> bytes:
    sent = [line, "host: x", *([f"authorization: Bearer {token}"] if token else []), *more]
    return "\r\n".join([*sent, "", ""]).encode("latin-1")


def post(token: str, *more: str) -> bytes:
    return head("POST /orders HTTP/1.1", token, "content-type: application/json", *more)


def test_a_body_announced_too_long_is_refused_before_it_is_sent(
    service: Service, token: str
) -> None:
    said = service.talk(post(token, f"content-length: {100 * MEGABYTE}"))

    assert said.startswith(b"HTTP/1.1 413 ")
    assert b"application/problem+json" in said


def pushed(service: Service, opening: bytes, pieces: Iterator[bytes]) -> tuple[bytes, int]:
    """Send until the server hangs up; give what it said and how much it took."""
    taken = 0
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as raw:
        try:
            raw.sendall(opening)
            for piece in pieces:
                raw.sendall(piece)
                taken += len(piece)
        except OSError:
            pass
        return b"".join(received(raw)), taken


def test_a_hundred_megabytes_are_stopped_at_the_limit_in_flat_memory(
    service: Service, token: str, record_property: pytest.FixtureRequest
) -> None:
    piece = b"%x\r\n%s\r\n" % (65536, b" " * 65536)
    pushed(service, post(token, "transfer-encoding: chunked"), iter([piece] * 40))
    before = service.resident()

    for opening, content in (
        (post(token, "transfer-encoding: chunked"), piece),
        (post(token, f"content-length: {100 * MEGABYTE}"), b" " * 65536),
    ):
        _, taken = pushed(service, opening, iter([content] * 1600))
        assert taken < 20 * MEGABYTE, "the server went on reading"

    growth = service.resident() - before
    record_property("resident_growth_bytes", growth)  # type: ignore[operator]
    assert growth < 10 * MEGABYTE
    refused = [line for line in service.events("request") if line["status"] == 413]
    assert len(refused) >= 3
    assert not service.events("unhandled_exception")


def test_a_streamed_body_that_grows_too_long_is_told_so(service: Service, token: str) -> None:
    piece = b"%x\r\n%s\r\n" % (65536, b" " * 65536)

    said, _ = pushed(service, post(token, "transfer-encoding: chunked"), iter([piece] * 17))

    assert said.startswith(b"HTTP/1.1 413 ")
    assert b"application/problem+json" in said


@pytest.mark.parametrize(
    ("opening", "block"),
    [
        (b"GET /livez HTTP/1.1\r\nx-a: ", b"v" * 65536),
        (b"GET /livez HTTP/1.1\r\n", b"x-a: v\r\n" * 8000),
        (b"GET /livez?", b"v" * 65536),
        (CHUNKED + b"0\r\n", b"x-a: v\r\n" * 8000),
        (CHUNKED + b"1;", b"v" * 65536),
    ],
    ids=["one header", "many headers", "the request line", "trailers", "a chunk extension"],
)
def test_an_endless_head_is_stopped_in_flat_memory(
    service: Service, opening: bytes, block: bytes
) -> None:
    before = service.resident()

    _, taken = pushed(service, opening, iter([block] * 300))

    assert taken < 8 * MEGABYTE, "the server went on reading"
    assert service.resident() - before < 10 * MEGABYTE
    assert service.status("/livez") == 200


@pytest.mark.parametrize(
    "request_line",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00\r\n\r\n",
        b"GET\r\n\r\n",
        f"GET /{MARK}\r\n\r\n".encode(),
        b"GET / HTTP/9.9\r\n\r\n",
        f"FETCH /{MARK} HTTP/1.1\r\nhost: x\r\n\r\n".encode(),
        b"GET /orders/\xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /orders?\x00 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"CONNECT evil:443 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost x\r\n\r\n",
        f"GET / HTTP/1.1\r\nhost: x\r\n{MARK} : y\r\n\r\n".encode(),
        f"GET / HTTP/1.1\r\nhost: x\r\nx-a: {MARK}\x00\r\n\r\n".encode(),
        POST + b"content-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        POST + b"content-length: -1\r\n\r\n",
        POST + b"content-length: 99999999999999999999\r\n\r\n",
        POST + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"transfer-encoding: chunked\r\n\r\nZZ\r\n",
        POST + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_bad_bytes_are_the_servers_own_400(service: Service, request_line: bytes) -> None:
    said = service.talk(request_line)

    assert not said or said.startswith(
        (b"HTTP/1.1 400 ", b"HTTP/1.1 401 ", b"HTTP/1.1 404 ")
    ), said
    assert MARK.encode() not in said
    assert service.status("/livez") == 200


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n", (400, 404, 405)),
        (b"GET http://evil.example/orders HTTP/1.1\r\nhost: x\r\n\r\n", (401, 404)),
        (b"GET /livez HTTP/1.0\r\n\r\n", (200,)),
        (b"HEAD /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", (200,)),
        (b"GET /livez HTTP/1.1\r\nhost: \xff\xfe\r\nconnection: close\r\n\r\n", (200, 400)),
        (b"GET /livez HTTP/1.1\r\nconnection: close\r\n\r\n", (200, 400)),
        (GET + b"upgrade: websocket\r\nconnection: upgrade\r\n\r\n", (401,)),
        (GET + b"upgrade: h2c\r\nconnection: upgrade\r\n\r\n", (401,)),
        (GET + b"authorization: Bearer \xff\xfe\r\n\r\n", (401,)),
        (GET + b"authorization: Bearer a.b.c\r\n" * 2 + b"\r\n", (401,)),
    ],
)
def test_odd_requests_are_answered(
    service: Service, request_line: bytes, status: tuple[int, ...]
) -> None:
    said = service.talk(request_line)

    assert int(said.split()[1]) in status, said


def test_pipelined_requests_are_answered_in_their_order(service: Service, token: str) -> None:
    length = f"content-length: {len(BODY)}"
    batch = (
        head("GET /orders?limit=1 HTTP/1.1", token)
        + post(token, length)
        + BODY
        + head("GET /nowhere HTTP/1.1")
        + head("GET /livez HTTP/1.1") * 200
        + head("GET /livez HTTP/1.1", "", "connection: close")
    )

    said = service.talk(batch, hang_up=False)

    statuses = re.findall(rb"HTTP/1\.1 (\d+)", said)
    assert statuses == [b"200", b"201", b"404", *[b"200"] * 201]


def test_a_client_that_asks_first_is_told_to_go_on(service: Service, token: str) -> None:
    asking = post(
        token, f"content-length: {len(BODY)}", "expect: 100-continue", "connection: close"
    )

    said = service.talk(asking, BODY, pause=0.2)

    assert said.startswith(b"HTTP/1.1 100 ")
    assert b"HTTP/1.1 201 " in said


def test_a_client_that_asks_first_is_told_to_spare_a_body_too_long(
    service: Service, token: str
) -> None:
    asking = post(token, f"content-length: {5 * MEGABYTE}", "expect: 100-continue")

    assert service.talk(asking).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_trickles_is_cut_off_at_the_deadline(service: Service, token: str) -> None:
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as raw:
        raw.sendall(post(token, "content-length: 1000") + b"{")
        said = raw.recv(65536)

    assert said.startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - began < 5


def test_clients_that_hang_up_half_way_leave_nothing_behind(
    service: Service, token: str
) -> None:
    failed = len(service.events("unhandled_exception"))
    for opening in (
        b"",
        b"GET /ord",
        head("GET /orders HTTP/1.1", token),
        post(token, "content-length: 1000") + b'{"currency"',
        post(token, "transfer-encoding: chunked") + b"5\r\n{",
        post(token, f"content-length: {len(BODY)}") + BODY,
        (post(token, f"content-length: {len(BODY)}") + BODY) * 5,
    ):
        for _ in range(5):
            raw = socket.create_connection(("127.0.0.1", service.port))
            raw.sendall(opening)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            raw.close()

    client = service.client(token)
    assert client.place().status == 201
    wait_until(
        lambda: "\nhttp_server_active_requests 1.0" in client.get("/metrics").body.decode()
    )
    assert len(service.events("unhandled_exception")) == failed
    assert "Traceback" not in service.log.read_text()


def test_idle_and_trickling_connections_do_not_starve_others(
    service: Service, token: str
) -> None:
    with ExitStack() as idle:
        for number in range(300):
            raw = idle.enter_context(socket.create_connection(("127.0.0.1", service.port)))
            raw.sendall(b"GET /livez HTTP/1.1\r\nx-a: "[: number % 27])

        answers = together([Client(service.port, token).place for _ in range(10)])

    assert {answer.status for answer in answers} == {201}


def test_a_head_that_trickles_is_cut_off(service: Service) -> None:
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as raw:
        raw.sendall(b"GET /livez HTTP/1.1\r\nx-a: ")
        while time.monotonic() - began < 25:
            try:
                raw.sendall(b"v")
            except OSError:
                break
            time.sleep(0.2)

    assert time.monotonic() - began < 23


def test_a_client_that_hangs_up_its_side_still_gets_its_answers(
    service: Service, token: str
) -> None:
    place = post(token, f"content-length: {len(BODY)}") + BODY

    assert re.findall(rb"HTTP/1\.1 (\d+)", service.talk(place)) == [b"201"]
    assert re.findall(rb"HTTP/1\.1 (\d+)", service.talk(place * 3)) == [b"201"] * 3


def test_random_bytes_never_crash_the_server(service: Service) -> None:
    for length in (1, 10, 100, 1000, 10_000) * 10:
        service.talk(os.urandom(length))
        service.talk(b"GET /orders HTTP/1.1\r\n" + os.urandom(length) + b"\r\n\r\n")

    assert service.status("/livez") == 200
    assert not service.events("unhandled_exception")
