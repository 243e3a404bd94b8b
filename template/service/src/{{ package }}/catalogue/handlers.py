"""What the read model hears of: the catalogue's own events, as everybody else gets them."""

from typing import get_args

from ..chassis.events import Handlers, Incoming, UnitOfWork
from .events import Told
from .read.model import ReadModel


def following(model: ReadModel) -> Handlers:
    """The read database is another one: its own transaction drops what comes late or twice."""
    handlers = Handlers()

    async def follow(event: Told, _unit: UnitOfWork, _incoming: Incoming) -> None:
        await model.follow(event)

    for kind in get_args(Told):
        handlers.on(kind)(follow)
    return handlers
