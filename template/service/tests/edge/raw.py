"""Requests byte by byte, as no client library sends them."""

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


def statuses(received: bytes) -> list[int]:
    parts = received.split(b"HTTP/1.1 ")[1:]
    return [int(part[:3]) for part in parts]
