"""The commands `provider validate` and `provider record`."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from ..chassis import logging
from ..chassis.config import load, variable


def add(commands: Any) -> None:
    """For `commands.run`; `commands` is what `add_subparsers` of argparse gave."""
    summary = "Look at OpenAPI documents, and record a real system."
    below = commands.add_parser("provider", help=summary, description=summary).add_subparsers(
        required=True, metavar="COMMAND"
    )
    summary = "Say what of a document is not emulated, and where."
    validate = below.add_parser("validate", help=summary, description=summary)
    validate.add_argument("file", nargs="?", type=Path, help="otherwise the service's own")
    validate.set_defaults(action=_validate)
    summary = "Run the service in front of a real system, and write down what it answers."
    record = below.add_parser("record", help=summary, description=summary)
    record.add_argument("--upstream", required=True, metavar="URL", help="the real system")
    record.add_argument("--port", type=int, help="port to listen on")
    record.set_defaults(action=_record)


def _validate(options: argparse.Namespace, settings: type[Any], _: str) -> int:
    from . import engine, parts

    loaded = load(settings)
    logging.configure(loaded)
    if options.file is not None:
        given = {"provider_document": options.file, "provider_scenarios": Path(os.devnull)}
        loaded = loaded.model_copy(update=given)
    made, script = parts.read(loaded)
    gaps = engine.gaps(made)
    for gap in gaps:
        _say(f"{gap.place}: {gap.what}")
    known = {name for each in made.operations.all for name in (each.name, each.place)}
    unknown = script.unknown(known)
    for problem in unknown:
        _say(problem)
    roles = len(made.collections.roles)
    _say(f"{len(made.operations.all)} operations, {roles} of them with state, {len(gaps)} gaps")
    return 1 if gaps or unknown else 0


def _record(options: argparse.Namespace, settings: type[Any], factory: str) -> int:
    from ..chassis.server import serve

    given = {"provider_mode": "record", "provider_upstream": options.upstream}
    if options.port is not None:
        given["listen_port"] = str(options.port)
    for field, value in given.items():
        # By the environment, so that worker processes see it too.
        os.environ[variable(settings, field)] = value
    loaded = load(settings)
    logging.configure(loaded)
    serve(factory, loaded)
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
