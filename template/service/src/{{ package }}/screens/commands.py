"""The commands `keys create`, `keys list` and `keys revoke`, for API keys of partners."""

import argparse
import asyncio
import getpass
import os
import re
import sys
from typing import Any

from ..chassis import context, logging
from ..chassis.config import load
from ..chassis.database import Database
from ..chassis.unit_of_work import UnitOfWork
from .partner import keys

SCOPES = ("screens:read", "screens:write", "webhooks:write")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


def add(commands: Any) -> None:
    """To the command line of the service."""
    summary = "Make, show and revoke API keys of partners."
    below = commands.add_parser("keys", help=summary, description=summary).add_subparsers(
        required=True, metavar="COMMAND"
    )
    _describe(below)
    summary = "Show every key, without its secret."
    below.add_parser("list", help=summary, description=summary).set_defaults(action=_list)
    summary = "Let a key in no more."
    revoked = below.add_parser("revoke", help=summary, description=summary)
    revoked.add_argument("id", metavar="ID", help="the middle part of the key, as `list` shows it")
    revoked.set_defaults(action=_revoke)


def _describe(below: Any) -> None:
    summary = "Make a key, and show it this once."
    created = below.add_parser("create", help=summary, description=summary)
    created.add_argument("name", metavar="NAME", help="what the key is for")
    created.add_argument("--partner", help="whose it is, for upstreams too (the name)")
    told = "requests a `minute`, `hour` or `day` (%(default)s)"
    created.add_argument("--quota", type=_quota, default="1000/hour", metavar="N/hour", help=told)
    scopes = " ".join(SCOPES)
    told = "what it allows (%(default)s)"
    created.add_argument("--scope", type=_scopes, default=scopes, help=told)
    created.set_defaults(action=_create)


def _quota(text: str) -> keys.Quota:
    found = re.fullmatch(r"([1-9][0-9]{0,8})/(minute|hour|day)", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"`{text}` is not like `1000/hour`")
    return keys.Quota(int(found[1]), _SECONDS[found[2]])


def _scopes(text: str) -> tuple[str, ...]:
    wanted = tuple(text.split())
    if not wanted or set(wanted) - set(SCOPES):
        raise argparse.ArgumentTypeError(f"a key can allow: {', '.join(SCOPES)}")
    return wanted


def _create(options: argparse.Namespace, settings: type[Any], _: str) -> int:
    partner = options.partner or options.name

    async def act(database: Database) -> str:
        return await keys.create(
            UnitOfWork(database),
            name=options.name,
            partner=partner,
            scopes=options.scope,
            quota=options.quota,
        )

    _say(_run(settings, act))
    return 0


def _list(_: argparse.Namespace, settings: type[Any], __: str) -> int:
    for row in _run(settings, keys.every):
        every = {seconds: word for word, seconds in _SECONDS.items()}[row["quota_seconds"]]
        state = f"revoked {row['revoked_at']:%Y-%m-%d %H:%M}" if row["revoked_at"] else "good"
        quota = f"{row['quota']}/{every}"
        _say(f"{row['id']}  {row['partner']:20} {quota:>14}  {state:24} {row['name']}")
    return 0


def _revoke(options: argparse.Namespace, settings: type[Any], _: str) -> int:
    async def act(database: Database) -> None:
        await keys.revoke(UnitOfWork(database), options.id)

    _run(settings, act)
    return 0


def _run(settings: type[Any], act: Any) -> Any:
    loaded = load(settings)
    logging.configure(loaded)
    # The audit log takes its actor from here.
    context.current.set(context.RequestContext(request_id="", trace_id="", subject=_somebody()))

    async def run() -> Any:
        database = Database(loaded)
        async with database.opened():
            return await act(database)

    return asyncio.run(run())


def _somebody() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may be a number only
        return str(os.getuid())


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
