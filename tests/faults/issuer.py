"""An identity provider: publishes keys over HTTP, and signs tokens with them."""

import json
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from .service import MARK, free_port

KINDS = {"ed": "EdDSA", "ec": "ES256", "rsa": "RS256", "foreign": "EdDSA", "late": "ES256"}
ISSUER, AUDIENCE = "https://issuer.example/", "my-service"


def claims(**changed: Any) -> dict[str, Any]:
    """Give good claims; a change to None leaves the claim out.

    A function gives seconds from now, and now is when the token is signed.
    """
    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "alice",
        "scope": "orders:read orders:write",
        "iat": lambda: 0,
        "exp": lambda: 600,
        "private": MARK,
    }
    return {name: value for name, value in {**good, **changed}.items() if value is not None}


def order(
    key: str = "ed",
    *,
    alg: str = "",
    header: dict[str, Any] | None = None,
    raw: Any = None,
    **changed: Any,
) -> dict[str, Any]:
    """Describe a token, good but for what is changed."""
    content = claims(**changed) if raw is None else raw
    return {"key": key, "alg": alg or KINDS[key], "header": header or {}, "claims": content}


class Issuer:
    """`published` names the keys that it shows; `nonsense` is sent for `/0`, `/1` and so on."""

    def __init__(self, project: Path, orders: dict[str, dict[str, Any]]) -> None:
        wanted = {"keys": KINDS, "tokens": list(orders.values())}
        made = subprocess.run(
            [project / ".venv/bin/python", Path(__file__).with_name("forge.py")],
            input=json.dumps(wanted, default=lambda seconds: int(time.time() + seconds())),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert made.returncode == 0, made.stderr
        forged = json.loads(made.stdout)
        self.jwks: dict[str, dict[str, Any]] = forged["jwks"]
        self.tokens: dict[str, str] = dict(zip(orders, forged["tokens"], strict=True))
        self.published = ["ed", "ec", "rsa"]
        self.nonsense: Sequence[bytes] = ()
        self.fetches = 0
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/jwks.json"

    @property
    def settings(self) -> dict[str, str]:
        return {
            "auth_jwks_url": self.url,
            "auth_issuer": ISSUER,
            "auth_audience": AUDIENCE,
            "auth_refresh_seconds": "10",
        }

    def document(self, path: str) -> bytes:
        if path != "/jwks.json":
            return self.nonsense[int(path.strip("/"))]
        return json.dumps({"keys": [self.jwks[name] for name in self.published]}).encode()

    @contextmanager
    def reachable(self) -> Iterator["Issuer"]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.fetches += 1
                if self.path == "/silent":
                    return
                body = b"{" if self.path == "/cut" else issuer.document(self.path)
                self.send_response(200)
                self.send_header(
                    "content-length", "99" if self.path == "/cut" else str(len(body))
                )
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Stay silent."""

        server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
