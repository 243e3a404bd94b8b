# Sealed: an update replaces this file.
"""Starts sagas: with the transaction of the one who asks for it, or not at all."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from .. import context
from ..tables import now
from ..unit_of_work import UnitOfWork
from .definition import Saga
from .engine import current
from .tables import SagaRow, State


def start(unit: UnitOfWork, saga: Saga, *, saga_id: UUID, data: Mapping[str, Any]) -> SagaRow:
    """In an open unit of work; `data` is JSON, and what every step is given.

    After the commit it is driven by some instance, even if this one dies at once.
    """
    request = context.current.get()
    row = SagaRow(
        id=saga_id,
        name=saga.name,
        version=saga.version,
        state=State.RUNNING,
        data=dict(data),
        request_id=request.request_id if request else "",
        trace_id=request.trace_id if request else "",
        accepted_at=now(),
    )
    unit.session.add(row)

    def begin() -> None:
        if (engine := current()) is not None:
            engine.start(saga.queue, saga_id)

    unit.after_commit(begin)
    return row
