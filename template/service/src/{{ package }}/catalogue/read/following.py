"""Brings the catalogue's own events to the read model.

Not as a handler of the chassis does: that runs in a transaction of the write database, and would
hold it while the read database is slow. The version of a product is what makes doubles harmless.
"""

import asyncio
import random
from typing import get_args

import structlog

from ...chassis.errors import UnavailableError
from ...chassis.events import UnreadableEventError, metrics, tracing
from ...chassis.events.bus.port import Message
from ...chassis.events.envelope import Envelope, decode
from ...chassis.tables import now
from ..events import ProductFacts, Told
from .model import ReadModel

log = structlog.get_logger()

_KINDS = {kind.event_kind.name: kind for kind in get_args(Told)}
_ATTEMPTS = 5
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0


class Follower:
    def __init__(self, model: ReadModel) -> None:
        self._model = model

    async def handle(self, message: Message) -> None:
        """Goes on to the next event only when this one is shown, or can never be.

        What is skipped is logged, shows in the lag, and is mended or replaced by a later event.
        """
        try:
            envelope = decode(message.body)
            kind = _KINDS.get(envelope.name)
            product = kind and kind.read(envelope.version, envelope.data)
        except UnreadableEventError as error:
            log.error("event_not_followed", event_id=message.id[:200], reason=str(error))
            return
        if product is not None:
            with tracing.following(envelope):
                await self._until_followed(envelope, product)

    async def _until_followed(self, envelope: Envelope, product: ProductFacts) -> None:
        pause, attempts, outcome = _FIRST_PAUSE, 0, ""
        while not outcome:
            try:
                await self._model.follow(product)
                outcome = "handled"
            except UnavailableError:
                log.warning("read_model_away", event_id=envelope.id)
            except Exception:
                attempts += 1
                log.exception("event_not_followed", event_id=envelope.id, attempt=attempts)
                outcome = "dead" if attempts == _ATTEMPTS else ""
            if not outcome:
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
                pause = min(2 * pause, _LONGEST_PAUSE)
        metrics.HANDLED.labels(envelope.type, outcome).inc()
        metrics.LAG.labels(envelope.topic).observe((now() - envelope.time).total_seconds())
