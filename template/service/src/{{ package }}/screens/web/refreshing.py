"""Fresh tokens: one refresh at a time for each session, in a process and over several."""

import asyncio
import time
from dataclasses import replace

import structlog
from prometheus_client import Counter

from ...chassis.errors import UnavailableError
from .provider import Provider, RefreshRefusedError
from .store import Record, Store
from .vault import NotSignedInError, Vault

log = structlog.get_logger()

REFRESHES = Counter("session_refreshes_total", "Refreshes of tokens.", ("outcome",))
_LEASE_SECONDS = 15.0  # longer than a refresh can take
_PATIENCE_SECONDS = 10.0
_LOOK_SECONDS = 0.05


class RefreshTimeoutError(UnavailableError):
    pass


class Refresher:
    def __init__(self, store: Store, vault: Vault, provider: Provider) -> None:
        self._store, self._vault, self._provider = store, vault, provider
        self.running: dict[str, asyncio.Task[Record]] = {}

    async def refreshed(self, record: Record) -> Record:
        """With new tokens; the refresh goes on when those who wait have left."""
        task = self.running.get(record.id)
        if task is None:
            task = asyncio.create_task(self._refresh(record))
            self.running[record.id] = task
            task.add_done_callback(lambda done: self._forget(record.id, done))
        return await asyncio.shield(task)

    def _forget(self, id_: str, done: asyncio.Task[Record]) -> None:
        del self.running[id_]
        if not done.cancelled():
            done.exception()  # nobody may be left to see it

    async def _refresh(self, record: Record) -> Record:
        """By whoever gets the lease; the others, also of other processes, wait for the result."""
        waits_until = time.monotonic() + _PATIENCE_SECONDS
        while not await self._store.lease(
            record.id, version=record.version, seconds=_LEASE_SECONDS
        ):
            latest = await self._store.find(record.id)
            if latest is None:
                raise NotSignedInError("the session is over: sign in again")
            if latest.version != record.version:
                return latest
            if time.monotonic() > waits_until:
                raise RefreshTimeoutError("the tokens were not refreshed in time")
            await asyncio.sleep(_LOOK_SECONDS)
        return await self._refresh_leased(record)

    async def _refresh_leased(self, record: Record) -> Record:
        try:
            before = await self._vault.open(record)
            tokens = await self._provider.refresh(before, subject=record.subject)
        except RefreshRefusedError:
            REFRESHES.labels("refused").inc()
            log.info("session_ended", subject=record.subject, reason="refresh refused")
            await self._store.remove(record.id)
            raise NotSignedInError("the session is over: sign in again") from None
        except UnavailableError:
            REFRESHES.labels("failed").inc()
            await self._store.release(record.id, version=record.version)
            raise
        sealed = self._vault.seal(record.id, tokens)
        if not await self._store.replace(record.id, version=record.version, tokens=sealed):
            await self._provider.revoke(tokens)  # it ended while the provider was asked
            raise NotSignedInError("the session is over: sign in again")
        REFRESHES.labels("done").inc()
        return replace(record, tokens=sealed, version=record.version + 1)
