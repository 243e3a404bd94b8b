"""How far queries are behind commands: both sides are compared, whatever fills the read model."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from prometheus_client import Gauge
from sqlalchemy import RowMapping, select, tuple_

from ...chassis.database import Database
from ...chassis.tables import now
from ..tables import ProductRow
from .model import ReadModel, versions

log = structlog.get_logger()

LAG = Gauge(
    "read_model_lag_seconds",
    "Age of the oldest change that queries do not show yet.",
    multiprocess_mode="livemax",
)
POSITION = Gauge(
    "read_model_position",
    "Time (Unix) up to which queries show every change.",
    multiprocess_mode="livemin",
)
_BATCH = 500
_COLUMNS = select(ProductRow.id, ProductRow.version, ProductRow.changed_at)
# A change is stamped before its transaction ends, and others may overtake it.
_OVERLAP = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Change:
    product_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """`position` is when the oldest change was made that is missing."""

    missing: Sequence[Change]
    position: datetime
    seconds: float

    @property
    def behind(self) -> int:
        return len(self.missing)


class Watch:
    """The first look compares everything; later ones what has changed since."""

    def __init__(self, write: Database, model: ReadModel) -> None:
        self._write, self._model = write, model
        self._position = datetime.min.replace(tzinfo=UTC)

    async def look(self) -> Lag:
        began = now()
        missing = await self._missing()
        self._position = min((change.at for change in missing), default=began)
        seconds = (now() - self._position).total_seconds() if missing else 0.0
        return Lag(missing=missing, position=self._position, seconds=seconds)

    async def measure(self) -> None:
        try:
            lag = await self.look()
        except Exception as error:  # noqa: BLE001 - the next time is another try
            log.warning("read_model_lag_not_measured", error=type(error).__name__)
        else:
            LAG.set(lag.seconds)
            POSITION.set(lag.position.timestamp())

    async def _missing(self) -> list[Change]:
        missing: list[Change] = []
        changes = await self._after(None)
        while changes:
            shown = await versions(self._model, [row["id"] for row in changes])
            missing += [
                Change(row["id"], row["changed_at"])
                for row in changes
                if shown.get(row["id"], 0) < row["version"]
            ]
            changes = await self._after(changes[-1])
        return missing

    async def _after(self, last: RowMapping | None) -> Sequence[RowMapping]:
        place = tuple_(ProductRow.changed_at, ProductRow.id)
        query = _COLUMNS.order_by(ProductRow.changed_at, ProductRow.id).limit(_BATCH)
        if last is not None:
            query = query.where(place > (last["changed_at"], last["id"]))
        elif self._position.year > 1:
            query = query.where(ProductRow.changed_at > self._position - _OVERLAP)
        return await self._write.rows(query)
