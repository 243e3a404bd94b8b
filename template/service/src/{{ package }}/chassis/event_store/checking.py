# Sealed: an update replaces this file.
"""Checks what is stored against itself: digests, versions, snapshots."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import RowMapping, select, tuple_

from .aggregate import Aggregate, Tip, shape
from .reading import Rows, by_stream, digest
from .schema import UnreadableEventError, decode
from .tables import SnapshotRow

Blank = Callable[[str], Aggregate | None]
"""Gives the aggregate, still blank, that a stream of this name makes."""
_PAGE = 1000
_SNAPSHOTS = SnapshotRow.__table__


@dataclass
class Findings:
    """What was looked at, and what is wrong with it."""

    events: int = 0
    streams: int = 0
    snapshots: int = 0
    problems: list[str] = field(default_factory=list)


async def _pages(rows: Rows) -> AsyncIterator[Sequence[RowMapping]]:
    """Every event, one stream after the other."""
    after = ("", 0)
    while page := await rows(by_stream(after, _PAGE)):
        yield page
        after = (page[-1]["stream"], page[-1]["version"])


async def verify(rows: Rows) -> Findings:
    """Every event is what was written, no stream has a hole, and today's code can read it."""
    found, stream, version, before = Findings(), "", 0, b""
    async for page in _pages(rows):
        for row in page:
            if row["stream"] != stream:
                stream, version, before = row["stream"], 0, b""
                found.streams += 1
            found.events += 1
            problem = _problem(row, version + 1, before)
            if problem is not None:
                found.problems.append(f"{stream} version {row['version']}: {problem}")
            version, before = row["version"], row["digest"]
    return found


def _problem(row: RowMapping, version: int, before: bytes) -> str | None:
    if row["version"] != version:
        return f"version {version} is missing before it"
    if digest(row, before) != row["digest"]:
        return "it, or the past before it, was changed"
    try:
        decode(row["type"], row["schema"], row["data"])
    except (UnreadableEventError, ValueError) as error:
        return str(error)
    return None


async def replay(rows: Rows, blank: Blank) -> AsyncIterator[tuple[Aggregate, list[str]]]:
    """Every aggregate, made from its first event on, and what is wrong with its snapshots."""
    stream, aggregate, problems = "", None, list[str]()
    async for page in _pages(rows):
        snapshots = await _snapshots(rows, page)
        for row in page:
            if row["stream"] != stream:
                if aggregate is not None:
                    yield aggregate, problems
                stream, aggregate, problems = row["stream"], blank(row["stream"]), []
            if aggregate is None:
                continue
            aggregate.apply(decode(row["type"], row["schema"], row["data"]))
            aggregate.tip = Tip(row["version"], row["at"], row["digest"])
            kept = snapshots.get((stream, row["version"]), {}).get(shape(type(aggregate)))
            if kept is not None and kept != aggregate.state():
                problems.append(f"{stream} version {row['version']}: the snapshot is another")
    if aggregate is not None:
        yield aggregate, problems


async def _snapshots(
    rows: Rows, page: Sequence[RowMapping]
) -> dict[tuple[str, int], dict[str, Any]]:
    key = tuple_(_SNAPSHOTS.c.stream, _SNAPSHOTS.c.version)
    first, last = page[0], page[-1]
    query = select(_SNAPSHOTS).where(
        key >= tuple_(first["stream"], first["version"]),
        key <= tuple_(last["stream"], last["version"]),
    )
    return {
        (row["stream"], row["version"]): {row["shape"]: row["state"]} for row in await rows(query)
    }
