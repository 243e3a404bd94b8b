# Sealed: an update replaces this file.
"""Idempotency keys: a POST that is sent twice has its effect once."""

import hashlib
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Annotated, TypeVar

import structlog
from fastapi import Depends, FastAPI, Header, Request, Response
from pydantic import Field
from sqlalchemy import JSON, LargeBinary, String, delete, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from . import lifecycle
from .config import CoreSettings
from .errors import ConflictError, RejectedError
from .tables import Base, UtcDateTime, now
from .unit_of_work import UnitOfWork

log = structlog.get_logger()
T = TypeVar("T")
_PURGE_SECONDS = 3600.0
_PURGE_BATCH = 1000


class IdempotencySettings(CoreSettings):
    idempotency_hours: float = Field(
        24.0, gt=0, le=24 * 30, description="How long the answer to an idempotency key is kept."
    )


class IdempotencyRow(Base):
    __tablename__ = "chassis_idempotency"

    caller: Mapped[str] = mapped_column(String(255), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    headers: Mapped[dict[str, str]] = mapped_column(JSON)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class IdempotencyKeyReusedError(RejectedError):
    pass


class IdempotencyKeyInvalidError(RejectedError):
    pass


class IdempotencyKeyInUseError(ConflictError):
    headers = MappingProxyType({"Retry-After": "1"})


@dataclass
class _Shared:
    """What all requests of the process know."""

    lifetime: timedelta
    in_flight: set[tuple[str, str]] = field(default_factory=set)


class OnceOnly:
    """Runs an action unless its key has an answer already.

    The answer is stored in the transaction of the effect: either both are
    there or neither, also after a crash. Failures are not stored: a retry may
    succeed.
    """

    def __init__(self, request: Request, key: str | None) -> None:
        self._request = request
        self._key = key
        self._shared: _Shared = request.app.state.idempotency

    async def __call__(
        self,
        unit: UnitOfWork,
        action: Callable[[], Awaitable[T]],
        *,
        caller: str,
        answer: Callable[[T], Response],
    ) -> Response:
        if self._key is None:
            return answer(await action())
        if not re.fullmatch(r"[!-~]{1,255}", self._key):
            raise IdempotencyKeyInvalidError("use 1 to 255 visible ASCII characters")
        with self._reserved(caller, self._key):
            async with unit:
                await _lock(unit.session, caller, self._key)
                stored = await unit.session.get(IdempotencyRow, (caller, self._key))
                if stored is not None and stored.expires_at > now():
                    return await self._replay(stored)
                if stored is not None:
                    await unit.session.delete(stored)
                    await unit.session.flush()
                response = answer(await action())
                unit.session.add(await self._row(caller, self._key, response))
        return response

    @contextmanager
    def _reserved(self, caller: str, key: str) -> Iterator[None]:
        if (caller, key) in self._shared.in_flight:
            raise IdempotencyKeyInUseError("the first request with this key is still in progress")
        self._shared.in_flight.add((caller, key))
        try:
            yield
        finally:
            self._shared.in_flight.discard((caller, key))

    async def _fingerprint(self) -> str:
        url = self._request.url
        target = f"{self._request.method} {url.path}?{url.query}\n".encode()
        return hashlib.sha256(target + await self._request.body()).hexdigest()

    async def _replay(self, stored: IdempotencyRow) -> Response:
        if stored.fingerprint != await self._fingerprint():
            raise IdempotencyKeyReusedError("this key was used for another request")
        headers = {**stored.headers, "idempotency-replayed": "true"}
        return Response(stored.body, stored.status, headers=headers)

    async def _row(self, caller: str, key: str, response: Response) -> IdempotencyRow:
        return IdempotencyRow(
            caller=caller,
            key=key,
            fingerprint=await self._fingerprint(),
            status=response.status_code,
            headers={k: v for k, v in response.headers.items() if k != "content-length"},
            body=bytes(response.body),
            expires_at=now() + self._shared.lifetime,
        )


async def _lock(session: AsyncSession, caller: str, key: str) -> None:
    """Across replicas; SQLite needs none, as it has one writer."""
    if session.get_bind().dialect.name != "postgresql":
        return
    lock = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:key, 0))")
    if not await session.scalar(lock, {"key": f"{caller}\n{key}"}):
        raise IdempotencyKeyInUseError("the first request with this key is still in progress")


async def _once(
    request: Request,
    idempotency_key: Annotated[
        str | None, Header(description="Makes a retry safe: the same key is acted on once.")
    ] = None,
) -> OnceOnly:
    return OnceOnly(request, idempotency_key)


Once = Annotated[OnceOnly, Depends(_once)]


def install(app: FastAPI, settings: IdempotencySettings) -> None:
    app.state.idempotency = _Shared(timedelta(hours=settings.idempotency_hours))
    purging = partial(_purge_all, app)
    lifecycle.of(app).resources.append(lambda: lifecycle.repeated(purging, seconds=_PURGE_SECONDS))


async def _purge_all(app: FastAPI) -> None:
    try:
        while await purge(UnitOfWork(app.state.database)):
            pass
    except Exception as error:  # noqa: BLE001 - the next hour is another try
        log.warning("idempotency_not_purged", error=type(error).__name__)


async def purge(unit: UnitOfWork) -> bool:
    """Delete some of the answers whose time is over; true if there may be more.

    In batches: one statement for all of them would hold others up, and run out of time.
    """
    key = tuple_(IdempotencyRow.caller, IdempotencyRow.key)
    batch = select(IdempotencyRow.caller, IdempotencyRow.key)
    batch = batch.where(IdempotencyRow.expires_at < now()).limit(_PURGE_BATCH)
    async with unit:
        deleted = await unit.session.execute(delete(IdempotencyRow).where(key.in_(batch)))
    return bool(deleted.rowcount == _PURGE_BATCH)  # type: ignore[attr-defined]
