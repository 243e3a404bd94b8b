# Sealed: an update replaces this file.
"""The command `migrate`."""

import argparse
from typing import Any

from . import logging, migrate
from .config import load


def add(commands: Any) -> None:
    """For `commands.run`; `commands` is what `add_subparsers` of argparse gave."""
    summary = "Bring the database to the newest version."
    command = commands.add_parser("migrate", help=summary, description=summary)
    command.set_defaults(action=_migrate)


def _migrate(_: argparse.Namespace, settings: type[Any], __: str) -> int:
    loaded = load(settings)
    logging.configure(loaded)
    migrate.upgrade(loaded)
    return 0
