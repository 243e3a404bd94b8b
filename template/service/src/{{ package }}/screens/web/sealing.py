"""Seals what must not be read where it lies: tokens in the store, the state of a sign-in."""

import base64
import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from ...chassis.keys import LocalKeys


class BrokenSealError(Exception):
    """Another key, another purpose, changed on the way, or too old."""


class Sealer:
    """Fernet of several keys: the first seals, all open."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, content: dict[str, Any], *, purpose: str) -> bytes:
        """`purpose` says what it is for: sealed for one session, it opens for no other."""
        return self._fernet.encrypt(json.dumps([purpose, content]).encode())

    def open(self, sealed: bytes, *, purpose: str, seconds: int | None = None) -> dict[str, Any]:
        """Raises BrokenSealError; `seconds` is how old it may be."""
        try:
            found, content = json.loads(self._fernet.decrypt(sealed, ttl=seconds))
        except InvalidToken:
            raise BrokenSealError from None
        if found != purpose:
            raise BrokenSealError
        return dict(content)


def development_key(dev_key_file: Path) -> str:
    """The same for all processes that share the local signing key."""
    LocalKeys(dev_key_file)  # makes the file
    digest = sha256(b"sessions\n" + dev_key_file.read_bytes()).digest()
    return base64.urlsafe_b64encode(digest).decode()
