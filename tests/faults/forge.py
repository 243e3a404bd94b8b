"""Runs on the service's interpreter: makes keys and signs whatever it is told to.

Reads `{"keys": {NAME: KIND}, "tokens": [{"key", "alg", "header", "claims"}]}`; writes the
public keys as JWKs, and the tokens.
"""

import base64
import hashlib
import hmac
import json
import sys
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def private_key(kind: str) -> Any:
    if kind == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, 2048)


def jwk(key: Any, name: str) -> dict[str, Any]:
    for kind in (OKPAlgorithm, ECAlgorithm, RSAAlgorithm):
        try:
            return {**kind.to_jwk(key.public_key(), as_dict=True), "kid": name, "use": "sig"}
        except Exception:  # noqa: BLE001 - the next kind fits
            continue
    raise ValueError(name)


def pem(key: Any) -> str:
    public = serialization.PublicFormat.SubjectPublicKeyInfo
    return str(key.public_key().public_bytes(serialization.Encoding.PEM, public).decode())


def signature(alg: str, key: Any, message: bytes) -> bytes:
    if alg == "EdDSA":
        return bytes(key.sign(message))
    if alg == "ES256":
        r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    if alg == "RS256":
        return bytes(key.sign(message, padding.PKCS1v15(), hashes.SHA256()))
    if alg == "HS256":
        return hmac.new(pem(key).encode(), message, hashlib.sha256).digest()
    return b""


def token(order: dict[str, Any], keys: dict[str, Any]) -> str:
    header = {"alg": order["alg"], "typ": "at+jwt", "kid": order["key"], **order["header"]}
    header = {name: value for name, value in header.items() if value is not None}
    parts = [header, order["claims"]]
    raw = [part if isinstance(part, str) else json.dumps(part) for part in parts]
    message = ".".join(encoded(part.encode("utf-8", "surrogatepass")) for part in raw)
    return f"{message}.{encoded(signature(order['alg'], keys[order['key']], message.encode()))}"


def main() -> None:
    wanted = json.load(sys.stdin)
    keys = {name: private_key(kind) for name, kind in wanted["keys"].items()}
    json.dump(
        {
            "jwks": {name: jwk(key, name) for name, key in keys.items()},
            "tokens": [token(order, keys) for order in wanted["tokens"]],
        },
        sys.stdout,
    )


main()
