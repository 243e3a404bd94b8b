"""API keys: `pk_<id>_<secret>`, shown once, kept as a digest."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, select

from ...chassis import audit
from ...chassis.database import Database
from ...chassis.errors import NotFoundError, RejectedError
from ...chassis.tables import now
from ...chassis.unit_of_work import UnitOfWork
from .tables import KeyRow

_COLUMNS = KeyRow.__table__.c
_KEY = re.compile(r"pk_([0-9a-f]{16})_([0-9a-f]{64})")
_NOBODY = hashlib.sha256(b"").digest()


class KeyNotFoundError(NotFoundError):
    pass


class PartnerInvalidError(RejectedError):
    pass


@dataclass(frozen=True, slots=True)
class Quota:
    """So many requests in so many seconds."""

    requests: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Key:
    """What a key stands for, once it is known to be real."""

    id: str
    partner: str
    scopes: frozenset[str]
    quota: Quota


async def find(database: Database, text: str) -> Key | None:
    """None whatever is wrong with it: not a key, unknown, revoked or another secret."""
    match = _KEY.fullmatch(text)
    if match is None:
        return None
    rows = await database.rows(select(*_COLUMNS).where(_COLUMNS.id == match[1]))
    row = rows[0] if rows else None
    right = hmac.compare_digest(_digest(match[2]), row["digest"] if row else _NOBODY)
    if row is None or not right or row["revoked_at"] is not None:
        return None
    quota = Quota(row["quota"], row["quota_seconds"])
    return Key(row["id"], row["partner"], frozenset(row["scopes"].split()), quota)


async def create(
    unit: UnitOfWork, *, name: str, partner: str, scopes: Sequence[str], quota: Quota
) -> str:
    """The key itself, which nobody can be shown again. Raises PartnerInvalidError."""
    _check(name, partner)
    identity, secret = secrets.token_hex(8), secrets.token_hex(32)
    row = KeyRow(
        id=identity,
        name=name,
        partner=partner,
        digest=_digest(secret),
        scopes=" ".join(scopes),
        quota=quota.requests,
        quota_seconds=quota.seconds,
        created_at=now(),
    )
    async with unit:
        unit.session.add(row)
        told = {"name": name, "partner": partner, "scopes": row.scopes}
        _record(unit, "partner_key_created", identity, after=told)
    return f"pk_{identity}_{secret}"


async def revoke(unit: UnitOfWork, identity: str) -> None:
    """From now on, also on replicas. Raises KeyNotFoundError."""
    async with unit:
        row = await unit.session.get(KeyRow, identity)
        if row is None:
            raise KeyNotFoundError(f"there is no key `{identity}`: `keys list` shows all")
        if row.revoked_at is None:
            row.revoked_at = now()
            _record(unit, "partner_key_revoked", identity)


async def every(database: Database) -> Sequence[RowMapping]:
    return await database.rows(select(*_COLUMNS).order_by(_COLUMNS.created_at, _COLUMNS.id))


def _check(name: str, partner: str) -> None:
    if not re.fullmatch(r"[!-~]{1,255}", partner):
        raise PartnerInvalidError("a partner is called by 1 to 255 visible ASCII characters")
    if not 1 <= len(name) <= 100:
        raise PartnerInvalidError("the name of a key has 1 to 100 characters")


def _record(
    unit: UnitOfWork, action: str, identity: str, after: dict[str, Any] | None = None
) -> None:
    audit.record(unit.session, action=action, entity="partner_key", entity_id=identity, after=after)


def _digest(secret: str) -> bytes:
    # A slow hash makes guessing dear. These are 256 random bits, which nobody can guess: a quick
    # one is right, and costs no request its time.
    return hashlib.sha256(secret.encode()).digest()
