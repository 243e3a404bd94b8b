# Sealed: an update replaces this file.
"""Event store: streams that only grow, snapshots, projections, personal data that can be erased."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, FastAPI, Request

from .. import lifecycle
from .aggregate import Aggregate, Tip
from .personal import Sealed, SubjectNotFoundError, UnreadableKeyError, Vault
from .projections import Projected, Projection, ProjectionNotFoundError, active
from .projector import Projector, Standing
from .reading import Recorded, Rows, history, within
from .schema import UnreadableEventError, stored, upcast
from .settings import EventStoreSettings
from .store import NOW, AsOf, EventStore

__all__ = [
    "NOW",
    "Aggregate",
    "AsOf",
    "EventStore",
    "EventStoreSettings",
    "Projected",
    "Projection",
    "ProjectionNotFoundError",
    "Projector",
    "Recorded",
    "Rows",
    "Sealed",
    "Standing",
    "Store",
    "SubjectNotFoundError",
    "Tip",
    "UnreadableEventError",
    "UnreadableKeyError",
    "Vault",
    "active",
    "history",
    "install",
    "project",
    "stored",
    "upcast",
    "within",
]


def install(app: FastAPI, settings: EventStoreSettings) -> None:
    store = app.state.event_store = EventStore(settings)
    projector = app.state.projector = Projector(app.state.database, settings)
    store.listen(projector.wake)
    lifecycle.of(app).resources.append(projector.running)


def project(app: FastAPI, projections: Sequence[Projection]) -> None:
    """Keep these up to date while the service runs."""
    projector: Projector = app.state.projector
    projector.add(projections)


async def _store(request: Request) -> EventStore:
    store: EventStore = request.app.state.event_store
    return store


Store = Annotated[EventStore, Depends(_store)]
