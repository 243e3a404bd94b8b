"""What an OpenID provider knows us by, and how its answers are read."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from pydantic import SecretStr


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What the provider knows us by, and what we ask of it."""

    issuer: str
    client_id: str
    client_secret: SecretStr | None
    redirect_uri: str
    home: str
    scopes: Sequence[str]
    prompt: str = ""
    resource: str = ""
    algorithms: Sequence[str] = ("RS256", "ES256", "EdDSA")
    leeway: float = 30.0


class InvalidAnswerError(ValueError):
    """A token or an answer is not what it has to be; the text is for our log."""


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def with_query(url: str, parameters: Mapping[str, str]) -> str:
    given = {name: value for name, value in parameters.items() if value}
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(given)}"


def text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def reason(error: Exception) -> str:
    return str(error) if isinstance(error, InvalidAnswerError) else type(error).__name__
