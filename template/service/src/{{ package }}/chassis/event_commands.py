# Sealed: an update replaces this file.
"""The commands `events`: list, schemas, check, asyncapi and send."""

import argparse
import asyncio
import json
import sys
import time
from importlib.metadata import version
from typing import Any

import orjson
from fastapi import FastAPI
from uuid_utils.compat import uuid7

from . import context, dead_letter_commands, logging
from .commands import somebody
from .config import load
from .database import Database
from .events import Event, EventsSettings, UnreadableEventError, asyncapi, schemas
from .events.bus import connect
from .events.bus.port import BusUnavailableError, Message
from .events.envelope import encode
from .tables import now

_CONNECT_SECONDS = 10.0
_AGAIN_SECONDS = 0.1


def add(commands: Any) -> None:
    """To the command line of the service."""
    summary = "Show and check what the service tells and receives; tell something by hand."
    parser = commands.add_parser("events", help=summary, description=summary)
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    verbs.add_parser("list", help="Show every event.").set_defaults(action=_list)
    written = verbs.add_parser("schemas", help="Compare the folder of schemas with the code.")
    written.add_argument("--write", action="store_true", help="write what breaks no promise")
    written.set_defaults(action=_schemas)
    checked = verbs.add_parser("check", help="Fail where the folder and the code differ.")
    checked.set_defaults(action=_check)
    verbs.add_parser("asyncapi", help="Print the AsyncAPI document.").set_defaults(action=_asyncapi)
    sent = verbs.add_parser("send", help="Put an event on the bus, as if it had been told.")
    sent.add_argument("type", metavar="TYPE", help="as `events list` shows it")
    sent.add_argument("data", metavar="JSON", help="its data")
    sent.add_argument("--by", default=somebody(), help="who tells it (%(default)s)")
    sent.set_defaults(action=_send)
    dead_letter_commands.add(commands)


def _list(_: argparse.Namespace, __: type[Any], factory: str) -> int:
    for contract in _contracts(factory):
        parts = [part for part in ("told", "received") if getattr(contract, part)]
        print(f"{contract.type:40} {' and '.join(parts):18} {contract.file.parent}")
    return 0


def _schemas(options: argparse.Namespace, _: type[Any], factory: str) -> int:
    contracts = _contracts(factory)
    for file in schemas.write(contracts, schemas.FOLDER) if options.write else ():
        print(f"wrote {schemas.FOLDER / file}")
    found = list(schemas.findings(contracts, schemas.FOLDER))
    for finding in found:
        print(f"{schemas.FOLDER / finding.file}: {finding.problem}")
    return 1 if options.write and found else 0


def _check(_: argparse.Namespace, settings: type[Any], factory: str) -> int:
    found = list(schemas.findings(_contracts(factory), schemas.FOLDER))
    if not found:
        return 0
    print(f"error: `{schemas.FOLDER}` and the code differ\n", file=sys.stderr)
    for finding in found:
        print(f"  {finding.file}: {finding.problem}", file=sys.stderr)
    print(f"\nhint: {hint(found, settings.service)}", file=sys.stderr)
    return 1


def hint(found: list[schemas.Finding], command: str) -> str:
    if all(finding.harmless for finding in found):
        return f"`{command} events schemas --write`"
    return "give what has changed the next `version`; what was never published, delete and write"


def _asyncapi(_: argparse.Namespace, settings: type[Any], factory: str) -> int:
    contracts = _contracts(factory)
    release = version(settings.service)
    document = asyncapi.document(contracts, title=settings.service, version=release)
    print(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
    return 0


def _contracts(factory: str) -> list[schemas.Contract]:
    from uvicorn.importer import import_from_string

    app: FastAPI = import_from_string(factory)()
    return schemas.contracts(app)


def _send(options: argparse.Namespace, settings: type[Any], factory: str) -> int:
    known = {contract.type: contract.event for contract in _contracts(factory)}
    if options.type not in known:
        print(f"error: there is no event `{options.type}`\n", file=sys.stderr)
        print(f"hint: `{settings.service} events list`", file=sys.stderr)
        return 1
    try:
        data = json.loads(options.data)
        event = known[options.type].read(known[options.type].event_kind.version, data)
    except (ValueError, UnreadableEventError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    message = _message(event, data, by=options.by)
    asyncio.run(_published(_loaded(settings), message))
    print(message.id)
    return 0


def _message(event: Event, data: dict[str, Any], *, by: str) -> Message:
    """With all of the data: other services may read more of it than this one does."""
    event_id = str(uuid7())
    trace_id = context.new_id(128)
    # The envelope takes its actor from here.
    context.current.set(context.RequestContext(request_id=event_id, trace_id=trace_id, subject=by))
    envelope = orjson.loads(encode(event, event_id=event_id, at=now()))
    body = orjson.dumps({**envelope, "data": data})
    return Message(topic=event.event_kind.topic, key=event.event_key, id=event_id, body=body)


def _loaded(settings: type[EventsSettings]) -> Any:
    loaded = load(settings)
    logging.configure(loaded)  # type: ignore[arg-type]
    return loaded


async def _published(settings: Any, message: Message) -> None:
    """Raises BusUnavailableError when the broker stays away."""
    database = Database(settings)
    bus = connect(settings, database)
    until = time.monotonic() + _CONNECT_SECONDS
    async with database.opened(), bus.running():
        while True:
            try:
                await bus.publish([message])
            except BusUnavailableError:
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                return
