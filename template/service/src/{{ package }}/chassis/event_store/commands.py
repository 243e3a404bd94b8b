# Sealed: an update replaces this file.
"""The commands of the event store; a slice adds those of its aggregates to them."""

import argparse
import asyncio
import getpass
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from .. import context, logging
from ..config import load
from ..database import Database
from ..unit_of_work import UnitOfWork
from .checking import verify
from .projections import Projection
from .projector import Projector
from .store import EventStore

T = TypeVar("T")
_SHOWN = 20


def add(verbs: Any, projections: Sequence[Projection]) -> None:
    """`verbs` is what `add_subparsers` of argparse gave."""

    def verb(name: str, summary: str, action: Any) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = verbs.add_parser(name, help=summary, description=summary)
        parser.set_defaults(action=action, projections=projections)
        return parser

    verb("projections", "Show how far every projection is.", _projections)
    rebuilt = verb("rebuild", "Make a projection anew; it is read as it was meanwhile.", _rebuild)
    rebuilt.add_argument("name", metavar="NAME", help="the projection")
    verb("verify", "Check that no event was changed or lost, and all can be read.", _verify)
    erased = verb("erase", "Erase the personal data of a subject, for good.", _erase)
    erased.add_argument("subject", metavar="SUBJECT", help="whose data it is")
    verb("reseal", "Seal the keys of personal data with the first key of the settings.", _reseal)


def run(settings: type[Any], act: Callable[[Database, Any], Awaitable[T]]) -> T:
    """With the database open; what it changes is changed by whoever runs the command."""
    loaded = load(settings)
    logging.configure(loaded)
    context.current.set(context.RequestContext(request_id="", trace_id="", subject=_somebody()))

    async def acting() -> T:
        database = Database(loaded)
        async with database.opened():
            return await act(database, loaded)

    return asyncio.run(acting())


def report(problems: Sequence[str], *, looked_at: str, since: float) -> int:
    """The exit code: 1 if there are problems."""
    for problem in problems[:_SHOWN]:
        print(problem)
    if len(problems) > _SHOWN:
        print(f"… and {len(problems) - _SHOWN} more")
    print(f"{looked_at}, {len(problems)} problems, {time.monotonic() - since:.1f} s")
    return 1 if problems else 0


def _somebody() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may be a number only
        return str(os.getuid())


def _projections(_: argparse.Namespace, settings: type[Any], __: str) -> int:
    async def act(database: Database, loaded: Any) -> None:
        for each in await Projector(database, loaded).standings():
            state = "read" if each.active else "being made"
            made = f"version {each.version}, generation {each.generation}"
            behind = f"{each.waiting} behind" if each.waiting else "up to date"
            print(f"{each.name:20} {state:12} {made:28} position {each.position}, {behind}")

    run(settings, act)
    return 0


def _rebuild(options: argparse.Namespace, settings: type[Any], _: str) -> int:
    async def act(database: Database, loaded: Any) -> None:
        projector = Projector(database, loaded)
        projector.add(options.projections)
        generation = await projector.rebuild(options.name)
        print(f"Made `{options.name}` anew: generation {generation} is read now")

    run(settings, act)
    return 0


def _verify(_: argparse.Namespace, settings: type[Any], __: str) -> int:
    since = time.monotonic()

    async def act(database: Database, _: Any) -> int:
        found = await verify(database.rows)
        looked_at = f"{found.events} events in {found.streams} streams"
        return report(found.problems, looked_at=looked_at, since=since)

    return run(settings, act)


def _erase(options: argparse.Namespace, settings: type[Any], _: str) -> int:
    async def act(database: Database, loaded: Any) -> None:
        async with UnitOfWork(database) as unit:
            await EventStore(loaded).vault.erase(unit.session, subject=options.subject)

    run(settings, act)
    print(f"Erased the personal data of `{options.subject}`")
    return 0


def _reseal(_: argparse.Namespace, settings: type[Any], __: str) -> int:
    async def act(database: Database, loaded: Any) -> int:
        async with UnitOfWork(database) as unit:
            return await EventStore(loaded).vault.reseal(unit.session)

    print(f"Sealed {run(settings, act)} keys anew")
    return 0
