"""Signatures of webhooks, as https://www.standardwebhooks.com has them."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence


def new_secret() -> bytes:
    return secrets.token_bytes(32)


def shown(secret: bytes) -> str:
    """As the receivers' libraries take it."""
    return f"whsec_{base64.b64encode(secret).decode()}"


def headers(identity: str, body: bytes, using: Sequence[bytes], *, at: int) -> dict[str, str]:
    """With several secrets there are several signatures: one of them is the receiver's."""
    content = b".".join((identity.encode(), str(at).encode(), body))
    marks = [hmac.new(secret, content, hashlib.sha256).digest() for secret in using]
    return {
        "webhook-id": identity,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(mark).decode()}" for mark in marks),
    }
