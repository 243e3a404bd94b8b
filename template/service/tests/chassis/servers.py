# Sealed: an update replaces this file.
"""Servers that the chassis speaks to: an identity provider, and a collector of reports."""

import gzip
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import get_default_algorithms

KINDS = {
    Ed25519PrivateKey: "EdDSA",
    ec.EllipticCurvePrivateKey: "ES256",
    rsa.RSAPrivateKey: "RS256",
}
ServerT = TypeVar("ServerT", bound=ThreadingHTTPServer)


@contextmanager
def serving(server: ServerT) -> Iterator[ServerT]:
    """Answers in a thread as long as the block runs."""
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


class Issuer(ThreadingHTTPServer):
    """Publishes `kids`; counts how often it is asked; fails on demand."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Publishes)
        self.keys: dict[str, Any] = {"one": Ed25519PrivateKey.generate()}
        self.asked = 0
        self.status = 200
        self.delay = 0.0

    def document(self) -> bytes:
        return json.dumps({"keys": [jwk(kid, key) for kid, key in self.keys.items()]}).encode()


class _Publishes(BaseHTTPRequestHandler):
    server: Issuer

    def do_GET(self) -> None:
        self.server.asked += 1
        time.sleep(self.server.delay)
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.document())

    def log_message(self, *_: Any) -> None:
        """Quiet."""


def jwk(kid: str, key: Any) -> dict[str, Any]:
    algorithm = next(name for kind, name in KINDS.items() if isinstance(key, kind))
    encode = get_default_algorithms()[algorithm].to_jwk
    return {**encode(key.public_key(), as_dict=True), "kid": kid, "alg": algorithm, "use": "sig"}


class Collector(ThreadingHTTPServer):
    """Keeps what is sent to it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receives)
        self.received: list[bytes] = []


class _Receives(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        packed = self.headers.get("content-encoding") == "gzip"
        self.server.received.append(gzip.decompress(body) if packed else body)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Quiet."""
