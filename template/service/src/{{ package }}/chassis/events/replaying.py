# Sealed: an update replaces this file.
"""Tries dead letters again that somebody wants to be tried again."""

import structlog
from sqlalchemy import RowMapping

from ..database import Database
from ..errors import UnavailableError
from . import dead_letters
from .consumer import Consumer, reason_of
from .envelope import decode
from .event import UnreadableEventError
from .outbox import UnitOfWork
from .work import Work

log = structlog.get_logger()


async def replay(database: Database, consumer: Consumer) -> None:
    """Each once; what fails is dead as before, what has to wait is tried the next time."""
    number = 0
    while True:
        letter = await dead_letters.to_replay(database, consumer.name, after=number)
        if letter is None:
            return
        number = letter["id"]
        try:
            await _replay(database, consumer, letter)
        except UnavailableError as error:
            log.warning("dead_letter_waits", letter=number, error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 - its reason is written down
            await dead_letters.failed_again(database, number, reason_of(error))


async def _replay(database: Database, consumer: Consumer, letter: RowMapping) -> None:
    envelope = decode(letter["body"])
    wanted = consumer.wanted(envelope)
    if not wanted:
        raise UnreadableEventError("nothing here handles it")
    work = Work(envelope=envelope, wanted=wanted, attempt=letter["attempts"] + 1)
    async with UnitOfWork(database) as unit:
        if not await dead_letters.forget(unit.session, letter["id"]):
            return  # another instance was faster
        await work.do(unit)
    log.info("dead_letter_replayed", type=envelope.type, event_id=envelope.id)
