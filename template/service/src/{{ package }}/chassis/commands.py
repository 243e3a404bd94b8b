# Sealed: an update replaces this file.
"""The command line of the service: serve, token, settings, openapi, and what parts add."""

import argparse
import getpass
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson

from . import logging, reference
from .auth import AuthSettings
from .config import EX_CONFIG, BadConfigurationError, CoreSettings, load, variable
from .errors import DomainError

SETTINGS_TABLE = Path("docs/settings.md")


def run(
    settings_class: type[Any],
    factory: str,
    scopes: Sequence[str],
    arguments: Sequence[str] | None = None,
    *,
    more: Sequence[Callable[[Any], None]] = (),
) -> int:
    """Exit codes: 0 done, 1 failed, 2 usage, 78 unusable settings.

    `more` adds commands of other parts to the `argparse` parsers.
    """
    options = _parser(settings_class, scopes, more).parse_args(arguments)
    try:
        action: Callable[[argparse.Namespace, type[Any], str], int] = options.action
        return action(options, settings_class, factory)
    except BadConfigurationError as error:
        print("error: the settings are not usable\n", file=sys.stderr)
        for problem in error.problems:
            print(f"  {problem}", file=sys.stderr)
        print(f"\nhint: `{SETTINGS_TABLE}` explains every setting", file=sys.stderr)
        return EX_CONFIG
    except (DomainError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def somebody() -> str:
    """Who types this, for what is written down about it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may be a number only
        return str(os.getuid())


def _parser(
    settings: type[CoreSettings], scopes: Sequence[str], more: Sequence[Callable[[Any], None]]
) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=settings.service)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, summary: str, action: Any) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=summary, description=summary)
        sub.set_defaults(action=action)
        return sub

    serve = command("serve", "Run the service.", _serve)
    serve.add_argument("--host", help="address to listen on")
    serve.add_argument("--port", type=int, help="port to listen on")
    serve.add_argument("--workers", type=int, help="processes that share the port")
    if issubclass(settings, AuthSettings):  # otherwise nobody calls it
        _describe(command("token", "Make an access token, for development.", _token), scopes)
        command("openapi", "Print the OpenAPI document.", _openapi)
    table = command("settings", "Show every setting.", _settings)
    table.add_argument("--write", action="store_true", help=f"write {SETTINGS_TABLE}")
    for add in more:
        add(commands)
    return parser


def _describe(token: argparse.ArgumentParser, scopes: Sequence[str]) -> None:
    token.add_argument("--subject", default="developer", help="who the token is for")
    token.add_argument("--scope", default=" ".join(scopes), help="what it allows (%(default)s)")
    token.add_argument("--ttl", type=int, default=3600, help="seconds it is good for")


def _serve(options: argparse.Namespace, settings: type[Any], factory: str) -> int:
    from .server import serve  # the other commands need no server

    overrides = {"listen_host": "host", "listen_port": "port", "workers": "workers"}
    for field, option in overrides.items():
        if (value := getattr(options, option)) is not None:
            # By the environment, so that worker processes see it too.
            os.environ[variable(settings, field)] = str(value)
    loaded = load(settings)
    logging.configure(loaded)
    serve(factory, loaded)
    return 0


def _token(options: argparse.Namespace, settings: type[AuthSettings], _: str) -> int:
    from .keys import LocalKeys

    loaded = load(settings)
    if loaded.production or loaded.auth_jwks_url is not None:
        print("error: tokens come from the identity provider here", file=sys.stderr)
        return 1
    now = int(time.time())
    claims = {
        "iss": loaded.auth_issuer,
        "aud": loaded.audience,
        "sub": options.subject,
        "scope": options.scope,
        "iat": now,
        "exp": now + options.ttl,
    }
    try:
        print(LocalKeys(loaded.dev_key_file, make=False).sign(claims))
    except FileNotFoundError:
        print(f"error: there is no key at `{loaded.dev_key_file}` yet\n", file=sys.stderr)
        print(f"hint: `{settings.service} serve` makes it, in the same folder", file=sys.stderr)
        return 1
    return 0


def _settings(options: argparse.Namespace, settings: type[CoreSettings], _: str) -> int:
    table = reference.markdown(settings)
    if options.write:
        SETTINGS_TABLE.parent.mkdir(exist_ok=True)
        SETTINGS_TABLE.write_text(table, encoding="utf-8")
    else:
        print(table, end="")
    return 0


def _openapi(_: argparse.Namespace, __: type[Any], factory: str) -> int:
    from uvicorn.importer import import_from_string

    document = import_from_string(factory)().openapi()
    print(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
    return 0
