# Sealed: an update replaces this file.
"""Sagas: steps in other services, each with what takes it back, driven to an end by DBOS."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI

from .. import lifecycle
from .definition import Saga, Work, approval, retriable, saga, step
from .engine import Engine, current
from .queries import history, newest, read
from .settings import SagasSettings
from .starting import start
from .tables import SagaRow, SagaStepRow, State
from .wishes import SagaNotFoundError, WishUnfittingError, approve, cancel, decline, resume

__all__ = [
    "Engine",
    "Saga",
    "SagaNotFoundError",
    "SagaRow",
    "SagaStepRow",
    "SagasSettings",
    "State",
    "WishUnfittingError",
    "Work",
    "approval",
    "approve",
    "cancel",
    "current",
    "decline",
    "history",
    "newest",
    "orchestrate",
    "read",
    "resume",
    "retriable",
    "saga",
    "start",
    "step",
]


def install(app: FastAPI, settings: SagasSettings) -> None:
    app.state.sagas_settings = settings


def orchestrate(app: FastAPI, sagas: Sequence[Saga], *, resources: Any = None) -> Engine:
    """Drive sagas in this application: every version that is still in flight.

    After the clients that the steps use: what is opened first is closed last. `resources` is what
    the steps find in `work.resources`.
    """
    engine = Engine(app.state.database, app.state.sagas_settings, [*sagas], resources)
    lifecycle.of(app).resources.append(engine.opened)
    return engine
