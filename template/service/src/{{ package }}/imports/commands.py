"""The commands `imports request`, `imports list` and `imports progress`."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from ..chassis import logging
from ..chassis.config import load
from ..chassis.database import Database
from ..chassis.unit_of_work import UnitOfWork
from . import queries, use_cases
from .domain import FileMissingError

Act = Callable[[Database, Any], Awaitable[Any]]


def add(commands: Any) -> None:
    """To the command line of the service."""
    summary = "Ask for imports, and see how far they are."
    verbs = commands.add_parser("imports", help=summary, description=summary).add_subparsers(
        required=True, metavar="COMMAND"
    )
    summary = "Ask for the import of a file."
    asked = verbs.add_parser("request", help=summary, description=summary)
    asked.add_argument("file", metavar="FILE", help="its path below the folder of imports")
    asked.set_defaults(action=_request)
    summary = "Show the newest imports."
    shown = verbs.add_parser("list", help=summary, description=summary)
    shown.add_argument("--limit", type=int, default=20, help="how many (%(default)s)")
    shown.set_defaults(action=_list)
    summary = "Show how far imports are, until none is left."
    watched = verbs.add_parser("progress", help=summary, description=summary)
    watched.add_argument("--follow", action="store_true", help="go on when none is left")
    watched.set_defaults(action=_progress)


def _request(options: argparse.Namespace, settings: type[Any], _: str) -> int:
    import_id = uuid4()

    async def act(database: Database, loaded: Any) -> None:
        folder: Path = loaded.imports_folder
        if not (folder / options.file).is_file():
            raise FileMissingError(f"there is no `{options.file}` in `{folder}`")
        await use_cases.ask(UnitOfWork(database), import_id=import_id, file=options.file)

    _run(settings, act)
    _say(str(import_id))
    return 0


def _list(options: argparse.Namespace, settings: type[Any], _: str) -> int:
    async def act(database: Database, _: Any) -> Any:
        return await queries.newest(database, limit=options.limit)

    for row in _run(settings, act):
        counts = f"{row['accepted']} accepted, {row['rejected']} rejected"
        told = f"  {row['reason']}" if row["reason"] else ""
        _say(f"{row['id']}  {row['state']:9}  {row['file']:30}  {counts}{told}")
    return 0


def _progress(options: argparse.Namespace, settings: type[Any], _: str) -> int:
    from . import view  # `rich` takes a moment to load

    async def act(database: Database, _: Any) -> None:
        await view.watch(lambda: queries.progress(database), follow=options.follow)

    try:
        _run(settings, act)
    except KeyboardInterrupt:
        return 130
    return 0


def _run(settings: type[Any], act: Act) -> Any:
    loaded = load(settings)
    logging.configure(loaded)

    async def run() -> Any:
        database = Database(loaded)
        async with database.opened():
            return await act(database, loaded)

    return asyncio.run(run())


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
