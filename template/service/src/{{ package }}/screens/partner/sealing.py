"""Seals the secrets of webhooks, which sign and so must be read, but not by who has the table."""

import base64
from hashlib import sha256
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from ...chassis.errors import UnavailableError
from ...chassis.http import HttpSettings
from ...chassis.keys import LocalKeys
from .settings import KindSettings


class UnreadableSecretError(UnavailableError):
    """It was sealed by a key that is not among those of the settings any more."""


class Sealer:
    """The first key seals, all open."""

    def __init__(self, keys: list[bytes]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, secret: bytes) -> bytes:
        return self._fernet.encrypt(secret)

    def open(self, sealed: bytes) -> bytes:
        """Raises UnreadableSecretError."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise UnreadableSecretError("the secret of a webhook cannot be opened") from None


def sealer(settings: KindSettings, http: HttpSettings) -> Sealer:
    keys = [key.get_secret_value().encode() for key in settings.webhook_keys]
    return Sealer(keys or [_development_key(http.dev_key_file)])


def _development_key(dev_key_file: Path) -> bytes:
    """The same for all processes that share the local signing key."""
    LocalKeys(dev_key_file)  # makes the file
    digest = sha256(b"webhooks\n" + dev_key_file.read_bytes()).digest()
    return base64.urlsafe_b64encode(digest)
