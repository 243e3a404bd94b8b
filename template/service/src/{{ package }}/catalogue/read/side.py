"""The read side of the service: the read model that the settings ask for, and its lag."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ...chassis.database import Database
from ...chassis.lifecycle import repeated
from ..settings import SliceSettings
from . import replica
from .lag import Watch
from .model import ReadModel
from .projection import Projection
from .snapshot import Snapshot


@dataclass(frozen=True)
class ReadSide:
    model: ReadModel
    write: Database
    watch: Watch
    wait_seconds: float
    lag_seconds: float

    @classmethod
    def of(cls, write: Database, settings: SliceSettings) -> "ReadSide":
        model = _model(write, settings)
        watch = Watch(write, model)
        return cls(model, write, watch, settings.read_wait_seconds, settings.read_lag_seconds)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        measured = repeated(self.watch.measure, seconds=self.lag_seconds)
        async with self.model.running(), measured:
            yield


def _model(write: Database, settings: SliceSettings) -> ReadModel:
    if settings.read_model == "materialized_view":
        return Snapshot(write, settings)
    if settings.read_model == "replica":
        replica.verify(settings)
        return replica.Replica(settings)
    return Projection(write, settings)
