# Sealed: an update replaces this file.
"""The schemas of events, as they were published: a folder that says what others build upon.

A file for each event and version, under the slice that declares it. What it says is a promise:
an event that is told stays readable for those who read what was published, and one that is
received is read as it was before. A change that breaks this takes the next version.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

from .compatibility import unreadable
from .event import Event, catalogue
from .handlers import Handlers

FOLDER = Path("schemas/events")
_DIALECT = GenerateJsonSchema.schema_dialect


class Complete(GenerateJsonSchema):
    """Who tells of an event writes all of its fields, also those that have a default.

    Titles that only repeat the names of fields are left out.
    """

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False

    def field_is_required(self, field: Any, total: bool) -> bool:
        return self.mode == "serialization" or super().field_is_required(field, total)


@dataclass(frozen=True)
class Contract:
    """An event of the service, and its part in it."""

    event: type[Event]
    told: bool
    received: bool

    @property
    def type(self) -> str:
        return self.event.event_kind.type

    @property
    def mode(self) -> JsonSchemaMode:
        return "serialization" if self.told else "validation"

    @property
    def file(self) -> Path:
        folders = self.event.__module__.split(".")[1:-1]
        return Path(*folders, f"{self.type}.json")

    @cached_property
    def schema(self) -> dict[str, Any]:
        made = self.event.model_json_schema(schema_generator=Complete, mode=self.mode)
        return {"$schema": _DIALECT, "$id": f"urn:events:{self.type}", **made}

    def broken(self, published: dict[str, Any]) -> list[str]:
        """What can no longer be read, by those who read it or by the service."""
        found = unreadable(writer=self.schema, reader=published) if self.told else []
        if self.received:
            now = self.event.model_json_schema(mode="validation")
            found += unreadable(writer=published, reader=now)
        return found


@dataclass(frozen=True, slots=True)
class Finding:
    """`harmless`: writing the file again is all that it takes."""

    file: Path
    problem: str
    harmless: bool = False


def contracts(app: FastAPI) -> list[Contract]:
    """What the service declares; what is received and not its own is told by others."""
    handlers: list[Handlers] = app.state.events.consumer.handlers
    received = {event for each in handlers for event in each.events}
    own = {event for each in handlers if each.own for event in each.events}
    package = __name__.partition(".")[0]
    return [
        Contract(event, told=event not in received or event in own, received=event in received)
        for event in catalogue()
        if event.__module__.partition(".")[0] == package
    ]


def findings(declared: Iterable[Contract], folder: Path) -> Iterator[Finding]:
    """Where code and folder differ."""
    current = {contract.file: contract for contract in declared}
    for file, contract in current.items():
        yield from _of_current(folder, file, contract)
    for path in sorted(folder.rglob("*.json")):
        if (file := path.relative_to(folder)) not in current:
            yield from _of_former(file, current.values())


def write(declared: Iterable[Contract], folder: Path) -> list[Path]:
    """Writes what is new or has changed harmlessly; never what would break a promise."""
    known = {contract.file: contract for contract in declared}
    files = [finding.file for finding in findings(known.values(), folder) if finding.harmless]
    for file in files:
        target = folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(known[file].schema, indent=2, ensure_ascii=False)
        target.write_text(f"{text}\n", encoding="utf-8")
    return files


def _of_current(folder: Path, file: Path, contract: Contract) -> Iterator[Finding]:
    path = folder / file
    if not path.exists():
        yield Finding(file, "it is not written down yet", harmless=True)
        return
    published = json.loads(path.read_text(encoding="utf-8"))
    if published == contract.schema:
        return
    broken = contract.broken(published)
    for each in broken:
        yield Finding(file, each)
    if not broken:
        yield Finding(file, "it has changed, and nobody is the worse for it", harmless=True)


def _of_former(file: Path, current: Iterable[Contract]) -> Iterator[Finding]:
    """A version that the code has no class for: told long ago, or still on its way to us."""
    name, _, version = file.stem.rpartition(".v")
    for contract in current:
        if contract.file.parent == file.parent and contract.type.rpartition(".v")[0] == name:
            yield from _of_older(file, contract, int(version))
            return
    yield Finding(file, "the code declares no such event: delete the file when nobody needs it")


def _of_older(file: Path, contract: Contract, version: int) -> Iterator[Finding]:
    kind = contract.event.event_kind
    if version > kind.version:
        yield Finding(file, f"the code is back at version {kind.version}")
    missing = set(range(version, kind.version)) - contract.event.event_upcasters.keys()
    if contract.received and missing:
        steps = ", ".join(map(str, sorted(missing)))
        yield Finding(file, f"it is no longer read: there is no `upcast` from version {steps}")
