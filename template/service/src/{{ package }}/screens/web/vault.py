"""Tokens as the store has them: sealed, each for its own session."""

import structlog

from ...chassis.errors import DomainError
from .provider import Tokens
from .sealing import BrokenSealError, Sealer
from .store import Record, Store

log = structlog.get_logger()


class NotSignedInError(DomainError):
    status = 401


class Vault:
    def __init__(self, store: Store, sealer: Sealer) -> None:
        self._store, self._sealer = store, sealer

    def seal(self, id_: str, tokens: Tokens) -> bytes:
        return self._sealer.seal(tokens.as_dict(), purpose=f"session {id_}")

    async def open(self, record: Record) -> Tokens:
        """Raises NotSignedInError."""
        try:
            stored = self._sealer.open(record.tokens, purpose=f"session {record.id}")
        except BrokenSealError:
            log.warning("session_not_readable")  # its key has been taken away, or it was changed
            await self._store.remove(record.id)
            raise NotSignedInError("the session is over: sign in again") from None
        return Tokens.from_dict(stored)
