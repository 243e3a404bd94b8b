# Sealed: an update replaces this file.
"""The commands `sagas list`, `show`, `resume` and `cancel`."""

import argparse
import asyncio
import getpass
import os
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

from . import context, logging, sagas
from .config import load
from .database import Database
from .unit_of_work import UnitOfWork

T = TypeVar("T")


def add(commands: Any) -> None:
    """To the command line of the service."""
    summary = "Show sagas, and help those that are stuck."
    parser = commands.add_parser("sagas", help=summary, description=summary)
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    listed = verbs.add_parser("list", help="Show the newest sagas.")
    listed.add_argument("--state", choices=[*sagas.State], help="those in this state")
    listed.add_argument("--limit", type=int, default=20, help="so many (%(default)s)")
    listed.set_defaults(action=_list)
    for name, action, told in (
        ("show", _show, "Show a saga and what has happened."),
        ("resume", _resume, "Make the next attempt now."),
        ("cancel", _cancel, "Stop a saga, and undo what it has done."),
    ):
        verb = verbs.add_parser(name, help=told, description=told)
        verb.add_argument("id", metavar="ID", type=UUID, help="the saga")
        verb.add_argument("--by", default=_somebody(), help="who wants it (%(default)s)")
        verb.set_defaults(action=action)


def _somebody() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may be a number only
        return str(os.getuid())


def _list(options: argparse.Namespace, settings: type[Any], __: str) -> int:
    async def read(database: Database) -> Any:
        return await sagas.newest(database, state=options.state, limit=options.limit)

    for row in _with_database(settings, read):
        name = f"{row['name']}.v{row['version']}"
        print(f"{row['id']}  {name:16} {row['state']:20} {row['reason'] or row['step'] or ''}")
    return 0


def _show(options: argparse.Namespace, settings: type[Any], _: str) -> int:
    async def read(database: Database) -> Any:
        return await sagas.read(database, options.id)

    saga = _with_database(settings, read)
    print(f"{saga['name']}.v{saga['version']} {saga['state']} {saga['reason'] or ''}".rstrip())
    for step in saga["steps"]:
        took = f"{step['started_at']:%Y-%m-%d %H:%M:%S} {step['attempts']:3} attempts"
        told = f"{step['kind']:8} {step['name']:20} {step['state']:10} {took}"
        print(f"{step['number']:3} {told} {step['error'] or ''}".rstrip())
    return 0


def _resume(options: argparse.Namespace, settings: type[Any], _: str) -> int:
    return _wished(options, settings, sagas.resume)


def _cancel(options: argparse.Namespace, settings: type[Any], _: str) -> int:
    return _wished(options, settings, sagas.cancel)


def _wished(options: argparse.Namespace, settings: type[Any], wish: Callable[..., Any]) -> int:
    # The audit log takes its actor from here.
    context.current.set(context.RequestContext(request_id="", trace_id="", subject=options.by))

    async def write(database: Database) -> Any:
        return await wish(UnitOfWork(database), options.id)

    _with_database(settings, write)
    print("noted: an instance of the service does it within a second or so")
    return 0


def _with_database(settings: type[Any], act: Callable[[Database], Awaitable[T]]) -> T:
    loaded = load(settings)
    logging.configure(loaded)

    async def run() -> T:
        database = Database(loaded)
        async with database.opened():
            return await act(database)

    return asyncio.run(run())
