# Sealed: an update replaces this file.
"""The command `events list`."""

import argparse
from typing import Any

from .events import catalogue


def add(commands: Any) -> None:
    """To the command line of the service."""
    summary = "Show the events that the service tells and receives."
    parser = commands.add_parser("events", help=summary, description=summary)
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    verbs.add_parser("list", help="Show every event.").set_defaults(action=_list)


def _list(_: argparse.Namespace, __: type[Any], factory: str) -> int:
    from uvicorn.importer import import_from_string

    import_from_string(factory)
    for event in catalogue():
        print(event.event_kind.type)
    return 0
