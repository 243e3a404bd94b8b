# Sealed: an update replaces this file.
"""The commands `deadletters`: list, show, replay and drop."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import orjson

from . import logging
from .config import load
from .database import Database
from .events import dead_letters

T = TypeVar("T")


def add(commands: Any) -> None:
    summary = "Decide about events that were given up."
    parser = commands.add_parser("deadletters", help=summary, description=summary)
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    verbs.add_parser("list", help="Show the eldest of them.").set_defaults(action=_list)
    shown = verbs.add_parser("show", help="Show one, with its event.")
    shown.add_argument("id", type=int)
    shown.set_defaults(action=_show)
    again = verbs.add_parser("replay", help="Let the running service try these again.")
    again.add_argument("ids", metavar="all|ID", type=_id_or_all, nargs="+")
    again.set_defaults(action=_replay)
    gone = verbs.add_parser("drop", help="Forget these for good.")
    gone.add_argument("ids", metavar="ID", type=int, nargs="+")
    gone.set_defaults(action=_drop)


def _id_or_all(text: str) -> int | None:
    return None if text == "all" else int(text)


def _list(_: argparse.Namespace, settings: type[Any], __: str) -> int:
    for row in _asked(settings, dead_letters.list_):
        print(f"{row['id']:>6}  {row['at']:%Y-%m-%d %H:%M}  {row['state']:6}  {row['type']}")
        print(f"        {row['topic']} {row['key']}: {row['reason']} ({row['attempts']} attempts)")
    return 0


def _show(options: argparse.Namespace, settings: type[Any], __: str) -> int:
    row = _asked(settings, lambda database: dead_letters.show(database, options.id))
    if row is None:
        return _none(settings)
    for name in ("id", "consumer", "topic", "key", "event_id", "type", "reason", "attempts", "at"):
        print(f"{name:9} {row[name]}")
    print(_readable(row["body"]))
    return 0


def _replay(options: argparse.Namespace, settings: type[Any], __: str) -> int:
    ids = None if None in options.ids else options.ids
    count = _asked(settings, lambda database: dead_letters.replay(database, ids))
    print(f"{count} will be tried again by the service")
    return 0 if ids is None or count == len(ids) else _none(settings)


def _drop(options: argparse.Namespace, settings: type[Any], __: str) -> int:
    count = _asked(settings, lambda database: dead_letters.drop(database, options.ids))
    print(f"{count} dropped")
    return 0 if count == len(options.ids) else _none(settings)


def _none(settings: type[Any]) -> int:
    print("error: there is no such dead letter\n", file=sys.stderr)
    print(f"hint: `{settings.service} deadletters list`", file=sys.stderr)
    return 1


def _readable(body: bytes) -> str:
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return repr(body)


def _asked(settings: type[Any], question: Callable[[Database], Awaitable[T]]) -> T:
    loaded = load(settings)
    logging.configure(loaded)

    async def ask() -> T:
        database = Database(loaded)
        async with database.opened():
            return await question(database)

    return asyncio.run(ask())
