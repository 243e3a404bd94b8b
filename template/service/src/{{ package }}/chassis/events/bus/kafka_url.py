# Sealed: an update replaces this file.
"""What `kafka://USER:PASSWORD@HOST:PORT,HOST:PORT?tls=true` says, in the words of the clients."""

import ssl
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from faststream.security import BaseSecurity, SASLPlaintext


class KafkaUrl:
    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        login, _, servers = parts.netloc.rpartition("@")
        self.servers = servers.split(",")
        self._user, _, self._password = (unquote(part) for part in login.partition(":"))
        tls = parse_qs(parts.query).get("tls", ["false"])[0] == "true"
        self._context = ssl.create_default_context() if tls else None

    @property
    def security(self) -> BaseSecurity:
        if self._user:
            return SASLPlaintext(
                self._user, self._password, ssl_context=self._context, use_ssl=bool(self._context)
            )
        return BaseSecurity(ssl_context=self._context, use_ssl=bool(self._context))

    def connection(self) -> dict[str, Any]:
        """For aiokafka itself."""
        protocol = "SSL" if self._context else "PLAINTEXT"
        plain = {
            "bootstrap_servers": self.servers,
            "security_protocol": protocol,
            "ssl_context": self._context,
            "request_timeout_ms": 10_000,
        }
        if not self._user:
            return plain
        return plain | {
            "security_protocol": f"SASL_{protocol}",
            "sasl_mechanism": "PLAIN",
            "sasl_plain_username": self._user,
            "sasl_plain_password": self._password,
        }
