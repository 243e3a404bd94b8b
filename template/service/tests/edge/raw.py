"""Requests byte by byte, as no client library sends them."""

import select
import socket
from urllib.parse import urlsplit


def exchange(url: str, sent: bytes, *, seconds: float = 3.0) -> bytes:
    """Everything that comes back until the server closes, or stays silent."""
    place = urlsplit(url)
    with socket.create_connection((str(place.hostname), int(place.port or 80)), seconds) as peer:
        peer.sendall(sent)
        peer.settimeout(0.5)
        received = b""
        try:
            while chunk := peer.recv(65_536):
                received += chunk
        except (TimeoutError, ConnectionResetError):
            pass
        return received


def sending_on(url: str, head: bytes, body: bytes, *, seconds: float = 10.0) -> bytes:
    """What a client receives that sends its body to the end, though the answer is there already."""
    place = urlsplit(url)
    with socket.create_connection((str(place.hostname), int(place.port or 80)), seconds) as peer:
        peer.sendall(head + body[:2000])
        assert select.select([peer], [], [], seconds)[0], "no answer came"
        for start in range(2000, len(body), 65_536):
            peer.sendall(body[start : start + 65_536])
        received = b""
        while chunk := peer.recv(65_536):
            received += chunk
        return received


def statuses(received: bytes) -> list[int]:
    parts = received.split(b"HTTP/1.1 ")[1:]
    return [int(part[:3]) for part in parts]
