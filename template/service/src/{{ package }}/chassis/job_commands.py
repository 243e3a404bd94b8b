# Sealed: an update replaces this file.
"""The commands `jobs list`, `jobs show`, `jobs replay` and `jobs cancel`."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import orjson

from . import context, logging
from .commands import somebody
from .config import load
from .database import Database
from .jobs import operations
from .jobs.tables import State
from .unit_of_work import UnitOfWork

Act = Callable[[Database], Awaitable[Any]]


def add(commands: Any) -> None:
    """To the command line of the service."""
    summary = "Look at jobs, try dead ones again, cancel."
    verbs = commands.add_parser("jobs", help=summary, description=summary).add_subparsers(
        required=True, metavar="COMMAND"
    )
    shown = verbs.add_parser("list", help="Show the newest jobs.")
    shown.add_argument("--state", choices=[state.value for state in State], help="only these")
    shown.add_argument("--name", help="only jobs of this name")
    shown.add_argument("--limit", type=int, default=50, help="how many (%(default)s)")
    shown.set_defaults(action=_list)
    for name, summary, action in (
        ("show", "Show all of one job.", _show),
        ("cancel", "Cancel a job that waits or is at work.", _cancel),
    ):
        one = verbs.add_parser(name, help=summary, description=summary)
        one.add_argument("id", metavar="ID", type=UUID, help="as `list` shows it")
        one.set_defaults(action=action)
    replayed = verbs.add_parser("replay", help="Try dead jobs again.")
    which = replayed.add_mutually_exclusive_group(required=True)
    which.add_argument("id", metavar="ID", type=UUID, nargs="?", help="as `list` shows it")
    which.add_argument("--all", action="store_true", help="every dead job")
    replayed.set_defaults(action=_replay)


def _list(options: argparse.Namespace, settings: type[Any], _: str) -> int:
    wanted = {"state": options.state, "name": options.name, "limit": options.limit}
    for row in _run(settings, lambda database: operations.listed(database, **wanted)):
        progress = f"{row['done']}/{row['total']}" if row["total"] else ""
        told = row["reason"] or row["message"] or ""
        head = f"{row['id']}  {row['name']:20} {row['state']:9} {row['attempt']:3}"
        print(f"{head}  {progress:15} {told[:80]}".rstrip())
    return 0


def _show(options: argparse.Namespace, settings: type[Any], _: str) -> int:
    row = _run(settings, lambda database: operations.found(database, options.id))
    print(orjson.dumps(dict(row), option=orjson.OPT_INDENT_2, default=str).decode())
    return 0


def _replay(options: argparse.Namespace, settings: type[Any], _: str) -> int:
    async def act(database: Database) -> list[UUID]:
        ids = [options.id]
        if options.all:
            dead = await operations.listed(database, state=State.DEAD, limit=10_000)
            ids = [row["id"] for row in dead]
        for each in ids:
            await operations.replay(UnitOfWork(database), each)
        return ids

    for each in _run(settings, act):
        print(f"{each}  waiting")
    return 0


def _cancel(options: argparse.Namespace, settings: type[Any], _: str) -> int:
    _run(settings, lambda each: operations.cancel(UnitOfWork(each), options.id))
    print(f"{options.id}  cancelling")
    return 0


def _run(settings: type[Any], act: Act) -> Any:
    loaded = load(settings)
    logging.configure(loaded)
    # The audit log takes its actor from here.
    context.current.set(context.RequestContext(request_id="", trace_id="", subject=somebody()))

    async def run() -> Any:
        database = Database(loaded)
        async with database.opened():
            return await act(database)

    return asyncio.run(run())
