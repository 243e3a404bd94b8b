# Sealed: an update replaces this file.
"""What `kafka://USER:PASSWORD@HOST:PORT,HOST:PORT?tls=true` says, in the words of aiokafka."""

import ssl
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

_REQUEST_MILLISECONDS = 10_000


def connection(url: str) -> dict[str, Any]:
    """Arguments for its producer, consumer and admin client."""
    parts = urlsplit(url)
    login, _, servers = parts.netloc.rpartition("@")
    tls = parse_qs(parts.query).get("tls") == ["true"]
    protocol = "SSL" if tls else "PLAINTEXT"
    arguments = {
        "bootstrap_servers": servers.split(","),
        "security_protocol": f"SASL_{protocol}" if login else protocol,
        "ssl_context": ssl.create_default_context() if tls else None,
        "request_timeout_ms": _REQUEST_MILLISECONDS,
    }
    if login:
        user, _, password = login.partition(":")
        arguments["sasl_mechanism"] = "PLAIN"
        arguments["sasl_plain_username"] = unquote(user)
        arguments["sasl_plain_password"] = unquote(password)
    return arguments
