# Sealed: an update replaces this file.
"""Personal data in events that never change: it is encrypted, and erased by erasing its key.

Every subject has a key of their own (AES-GCM), which lies sealed in the database. Events,
snapshots and projections hold what is encrypted only, so that one row makes all of it unreadable.
"""

import base64
import os
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Executable, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from .. import audit
from ..errors import NotFoundError, UnavailableError
from ..keys import LocalKeys
from ..tables import now
from .reading import Rows, within
from .settings import EventStoreSettings
from .tables import KeyRow

_KEYS = KeyRow.__table__
_NONCE = 12


class SubjectNotFoundError(NotFoundError):
    pass


class UnreadableKeyError(UnavailableError):
    """A key was sealed by one that is not among those of the settings any more."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """Personal data of a subject, encrypted; empty where it came after all of it was erased."""

    subject: str
    text: str


class Vault:
    """Seals and opens personal data. It remembers no key, so that erasing is at once."""

    def __init__(self, settings: EventStoreSettings) -> None:
        given = [key.get_secret_value().encode() for key in settings.personal_data_keys]
        keys = given or [_development_key(settings.dev_key_file)]
        self._master = MultiFernet([Fernet(key) for key in keys])

    async def seal(self, session: AsyncSession, text: str | None, *, subject: str) -> Sealed | None:
        """Of somebody whose data was erased nothing is kept again."""
        if text is None:
            return None
        await session.execute(self._made(session, subject))
        sealed = await session.scalar(select(KeyRow.sealed).where(KeyRow.subject == subject))
        if sealed is None:
            return Sealed(subject, "")
        nonce = os.urandom(_NONCE)
        content = AESGCM(self._opened(sealed)).encrypt(nonce, text.encode(), subject.encode())
        return Sealed(subject, base64.b64encode(nonce + content).decode())

    async def open(self, rows: Rows, found: Iterable[Sealed]) -> dict[Sealed, str | None]:
        """The plain text of each; None where it was erased. Raises UnreadableKeyError."""
        wanted = set(found)
        subjects = sorted({each.subject for each in wanted})
        query = select(_KEYS.c.subject, _KEYS.c.sealed).where(_KEYS.c.subject.in_(subjects))
        rows_of_keys = await rows(query) if subjects else ()
        keys = {row["subject"]: row["sealed"] for row in rows_of_keys if row["sealed"] is not None}
        ciphers = {subject: AESGCM(self._opened(sealed)) for subject, sealed in keys.items()}
        return {each: _plain(ciphers.get(each.subject), each) for each in wanted}

    async def erase(self, session: AsyncSession, *, subject: str) -> None:
        """Destroy the key; a second time does nothing. Raises SubjectNotFoundError."""
        row = await session.get(KeyRow, subject, with_for_update=True)
        if row is None:
            raise SubjectNotFoundError("no personal data of this subject was ever kept")
        if row.sealed is None:
            return
        if session.get_bind().dialect.name == "sqlite":
            await session.execute(text("PRAGMA secure_delete = ON"))  # else it stays in the file
        row.sealed, row.erased_at = None, now()
        await session.flush()
        audit.record(
            session, action="personal_data_erased", entity="subject", entity_id=subject[:64]
        )

    async def reseal(self, session: AsyncSession) -> int:
        """Seal every key with the first of the settings; how many there are."""
        query = select(_KEYS.c.subject, _KEYS.c.sealed).where(_KEYS.c.sealed.is_not(None))
        found = await within(session)(query.with_for_update())
        for row in found:
            change = update(KeyRow).where(KeyRow.subject == row["subject"])
            await session.execute(change.values(sealed=self._master.rotate(row["sealed"])))
        return len(found)

    def _made(self, session: AsyncSession, subject: str) -> Executable:
        """Unless there is one: two who come first at once both use the one that was stored."""
        dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        sealed = self._master.encrypt(AESGCM.generate_key(256))
        made = dialect.insert(_KEYS).values(subject=subject, sealed=sealed, made_at=now())
        done: Executable = made.on_conflict_do_nothing()
        return done

    def _opened(self, sealed: bytes) -> bytes:
        try:
            return self._master.decrypt(sealed)
        except InvalidToken:
            raise UnreadableKeyError("a key of personal data cannot be opened") from None


def _plain(cipher: AESGCM | None, sealed: Sealed) -> str | None:
    if cipher is None or not sealed.text:
        return None
    raw = base64.b64decode(sealed.text)
    try:
        return cipher.decrypt(raw[:_NONCE], raw[_NONCE:], sealed.subject.encode()).decode()
    except InvalidTag:
        raise UnreadableKeyError("personal data cannot be opened with its key") from None


def _development_key(dev_key_file: Path) -> bytes:
    """The same for all processes that share the local signing key."""
    LocalKeys(dev_key_file)  # makes the file
    digest = sha256(b"personal data\n" + dev_key_file.read_bytes()).digest()
    return base64.urlsafe_b64encode(digest)
