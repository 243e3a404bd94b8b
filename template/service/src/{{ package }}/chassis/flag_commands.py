# Sealed: an update replaces this file.
"""The commands `flags list` and `flags set`."""

import argparse
import asyncio
from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping, select

from . import context, flags, logging
from .commands import somebody
from .config import load
from .database import Database
from .engines import DatabaseSettings
from .unit_of_work import UnitOfWork

_COLUMNS = flags.FlagRow.__table__.c


def add(commands: Any) -> None:
    """To the command line of the service."""
    summary = "Show and change feature flags."
    parser = commands.add_parser("flags", help=summary, description=summary)
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    shown = verbs.add_parser("list", help="Show every flag.")
    shown.set_defaults(action=_list)
    changed = verbs.add_parser("set", help="Switch a flag on or off, or on for a share.")
    changed.add_argument("name", metavar="NAME", help="the flag")
    changed.add_argument("share", metavar="on|off|PERCENT", type=_share, help="who has it")
    changed.add_argument("--by", default=somebody(), help="who changes it (%(default)s)")
    changed.set_defaults(action=_set)


def _share(text: str) -> tuple[bool, int]:
    """Whether it is on, and for how many of a hundred."""
    if text in {"on", "off"}:
        return text == "on", 100
    if text.isascii() and text.isdigit() and int(text) <= 100:
        return True, int(text)
    raise argparse.ArgumentTypeError(f"`{text}` is not `on`, `off` or a number up to 100")


def _list(_: argparse.Namespace, settings: type[Any], __: str) -> int:
    for row in asyncio.run(_rows(_loaded(settings))):
        share = f"{row['percent']} %" if row["enabled"] else "off"
        changed = f"{row['changed_at']:%Y-%m-%d %H:%M} by {row['changed_by']}"
        print(f"{row['name']:32} {share:>6}  {changed}")
    return 0


def _set(options: argparse.Namespace, settings: type[Any], _: str) -> int:
    enabled, percent = options.share
    flag = flags.Flag(options.name, enabled, percent)
    asyncio.run(_changed(_loaded(settings), flag, by=options.by))
    return 0


def _loaded(settings: type[DatabaseSettings]) -> DatabaseSettings:
    loaded = load(settings)
    logging.configure(loaded)  # type: ignore[arg-type]
    return loaded


async def _rows(settings: DatabaseSettings) -> Sequence[RowMapping]:
    database = Database(settings)
    async with database.opened():
        return await database.rows(select(*_COLUMNS).order_by(_COLUMNS.name))


async def _changed(settings: DatabaseSettings, flag: flags.Flag, *, by: str) -> None:
    database = Database(settings)
    # The audit log takes its actor from here.
    context.current.set(context.RequestContext(request_id="", trace_id="", subject=by))
    async with database.opened():
        await flags.change(UnitOfWork(database), flag, by=by)
