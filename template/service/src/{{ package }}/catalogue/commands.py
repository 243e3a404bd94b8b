"""The commands `catalogue rebuild` and `catalogue lag`."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from ..chassis import logging
from ..chassis.config import load
from ..chassis.database import Database
from .read.side import ReadSide


def add(commands: Any) -> None:
    """To the command line of the service."""
    summary = "Look after the read model."
    parser = commands.add_parser("catalogue", help=summary, description=summary)
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    summary = "Make the read model anew, while queries go on."
    verbs.add_parser("rebuild", help=summary, description=summary).set_defaults(action=_rebuild)
    summary = "Say how far queries are behind commands."
    verbs.add_parser("lag", help=summary, description=summary).set_defaults(action=_lag)


def _rebuild(_: argparse.Namespace, settings: type[Any], __: str) -> int:
    async def act(side: ReadSide) -> str:
        return await side.model.rebuild()

    return _run(settings, act)


def _lag(_: argparse.Namespace, settings: type[Any], __: str) -> int:
    async def act(side: ReadSide) -> str:
        lag = await side.watch.look()
        behind = f"{lag.behind} behind, the oldest change for {lag.seconds:.1f} s"
        return f"{behind if lag.behind else 'nothing behind'}; {await side.model.detail()}"

    return _run(settings, act)


def _run(settings: type[Any], act: Callable[[ReadSide], Awaitable[str]]) -> int:
    loaded = load(settings)
    logging.configure(loaded)

    async def run() -> str:
        database = Database(loaded)
        side = ReadSide.of(database, loaded)
        async with database.opened(), side.model.opened():
            return await act(side)

    sys.stdout.write(f"{asyncio.run(run())}\n")
    return 0
