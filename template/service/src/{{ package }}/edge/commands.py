"""Commands of the gateway: `edge check`, `edge envoy`, `edge sample`."""

import argparse
import sys
from typing import Any

import yaml

from ..chassis.config import load
from ..chassis.keys import LocalKeys


def add(commands: Any) -> None:
    summary = "Check the routes, write them for Envoy, or start something to route to."
    edge = commands.add_parser("edge", help=summary, description=summary)
    actions = edge.add_subparsers(required=True, metavar="ACTION")

    def action(name: str, summary: str, run: Any) -> argparse.ArgumentParser:
        sub: argparse.ArgumentParser = actions.add_parser(name, help=summary, description=summary)
        sub.set_defaults(action=run)
        return sub

    action("check", "Check the routes file; exit code 78 and every mistake.", _check)
    envoy = action("envoy", "Print the routes as configuration for Envoy.", _envoy)
    envoy.add_argument("--port", type=int, default=10000, help="port of Envoy (%(default)s)")
    sample = action("sample", "Start a small upstream for a first look.", _sample)
    sample.add_argument("--port", type=int, default=8001, help="port (%(default)s)")


def _check(_: argparse.Namespace, settings: type[Any], __: str) -> int:
    loaded = load(settings)
    routes = loaded.document().routes
    sys.stdout.write(f"{len(routes)} routes, no mistake\n")
    return 0


def _envoy(options: argparse.Namespace, settings: type[Any], _: str) -> int:
    from .envoy import UnsupportedError, configuration

    loaded = load(settings)
    keys = {} if loaded.auth_jwks_url else {"keys": [LocalKeys(loaded.dev_key_file).public]}
    try:
        found = configuration(loaded.document(), loaded, keys, options.port)
    except UnsupportedError as error:
        sys.stderr.write("error: Envoy cannot do all of this\n\n")
        sys.stderr.writelines(f"  {problem}\n" for problem in error.problems)
        return 1
    sys.stdout.write("# Made by `edge envoy` from the routes; change those instead.\n")
    yaml.safe_dump(found, sys.stdout, sort_keys=False)
    return 0


def _sample(options: argparse.Namespace, _: type[Any], __: str) -> int:
    import uvicorn

    from .sample import app

    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning")
    return 0
