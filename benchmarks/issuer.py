"""A tiny identity provider: signs tokens, and publishes its key over TLS of its own making.

Run by `service.py` with the libraries of the generated service. It writes `ca.pem` into the
folder it is given, and tells its address and the tokens on standard output.
"""

import datetime as dt
import http.server
import ipaddress
import json
import ssl
import sys
import time
from pathlib import Path

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from jwt.algorithms import OKPAlgorithm

ISSUER, AUDIENCE, KEY_ID = "https://issuer.test", "bench", "bench-1"
SUBJECTS = ("reader", "writer")


def main(folder: Path) -> None:
    """Serve until killed."""
    signing = ed25519.Ed25519PrivateKey.generate()
    public = {**OKPAlgorithm.to_jwk(signing.public_key(), as_dict=True), "kid": KEY_ID}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _publishing([public]))
    server.socket = _tls(folder).wrap_socket(server.socket, server_side=True)
    facts = {
        "url": f"https://127.0.0.1:{server.server_port}/jwks.json",
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "tokens": {subject: _token(signing, subject) for subject in SUBJECTS},
    }
    print(json.dumps(facts), flush=True)
    server.serve_forever()


def _token(key: ed25519.Ed25519PrivateKey, subject: str) -> str:
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 7200}
    claims["scope"] = "orders:read orders:write"
    headers = {"kid": KEY_ID, "typ": "at+jwt"}
    return jwt.encode(claims, key, algorithm="EdDSA", headers=headers)


def _publishing(keys: list[dict[str, str]]) -> type[http.server.BaseHTTPRequestHandler]:
    body = json.dumps(
        {"keys": [{**key, "alg": "EdDSA", "use": "sig"} for key in keys]}
    ).encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    return Handler


def _tls(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "key.pem").write_bytes(pem)
    (folder / "ca.pem").write_bytes(_certificate(key).public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return context


def _certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "benchmark")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
