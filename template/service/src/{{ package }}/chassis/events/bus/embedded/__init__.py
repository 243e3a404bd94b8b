# Sealed: an update replaces this file.
"""The bus of one machine: a log in one SQLite file, which many processes share. No server."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

from sqlalchemy import make_url

from ..port import BusSettings, Handle, Message
from . import log
from .consumers import Consumers
from .file import LogFile, Places


class EmbeddedBus:
    """Its leases are in the file as well: it asks nothing of the service's database."""

    def __init__(self, settings: BusSettings, _: object = None) -> None:
        path = Path(str(make_url(settings.bus_url.get_secret_value()).database))
        self._partitions = settings.events_partitions
        self._file = LogFile(path, news=self._news, moved=self._moved)
        self._consumers = Consumers(self._file, settings, member=uuid4().hex)

    async def publish(self, messages: Sequence[Message]) -> None:
        work = partial(log.append, messages=messages, partitions=self._partitions)
        await self._file.write(work, durable=True)

    def subscribe(self, topic: str, group: str, handle: Handle) -> None:
        self._consumers.add(topic, group, handle)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self._file.start()
        try:
            async with self._consumers.running():
                yield
        finally:
            await self._file.stop()

    async def check(self) -> None:
        await self._file.read(log.check)

    def _news(self, places: Places) -> None:
        self._consumers.wake(places)

    def _moved(self) -> None:
        self._consumers.moved.set()
