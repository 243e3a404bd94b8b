"""Notices that clients have left, for requests that last."""

import asyncio

from starlette.types import Receive

from .upload import Upload

_SECONDS = 1.0


class Watch:
    """Cancels the task it was made in when the client of that has left; `patrol` begins it."""

    def __init__(self, patrol: "Patrol", receive: Receive, upload: Upload) -> None:
        self._patrol, self._receive, self._upload = patrol, receive, upload
        self._watched = asyncio.current_task()
        self._listening: asyncio.Task[None] | None = None
        self._stopped = self.gone = self.seen = False
        patrol.watches.add(self)

    def stop(self) -> None:
        self._stopped = True
        self._patrol.watches.discard(self)
        if self._listening is not None:
            self._listening.cancel()

    def look(self) -> None:
        """Listen from the second look on; as long as a body comes, its reader would notice."""
        if self.seen and self._listening is None and self._upload.whole:
            self._listening = asyncio.create_task(self._listen())
        self.seen = True

    async def _listen(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            continue
        if not self._stopped and self._watched is not None:
            self.gone = True
            self._watched.cancel()


class Patrol:
    """One timer for all requests: one for each is dear, and most are over at once."""

    def __init__(self) -> None:
        self.watches: set[Watch] = set()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(_SECONDS)
            for watch in tuple(self.watches):
                watch.look()
