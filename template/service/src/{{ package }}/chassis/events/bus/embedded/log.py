# Sealed: an update replaces this file.
"""The log: appended to by publishers, read by each group from where it is, partition by partition.

The functions run in the thread that owns the file, inside its transaction.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from sqlite3 import Connection

from ..port import Message, partition

_PURGED_AT_ONCE = 1000


class LostError(Exception):
    """Another member has the partition by now."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A partition of a topic that a member of a group has leased."""

    topic: str
    group: str
    slot: int
    member: str


@dataclass(frozen=True, slots=True)
class Entry:
    position: int
    key: str
    id: str
    body: bytes


def partitions_of(connection: Connection, topic: str, *, wanted: int) -> int:
    """Those that the topic was made with: a key stays in its partition."""
    connection.execute("INSERT OR IGNORE INTO topics VALUES (?, ?)", (topic, wanted))
    found = connection.execute("SELECT partitions FROM topics WHERE topic = ?", (topic,))
    partitions: int = found.fetchone()[0]
    return partitions


def append(connection: Connection, messages: Sequence[Message], *, partitions: int) -> None:
    topics = {message.topic for message in messages}
    counts = {topic: partitions_of(connection, topic, wanted=partitions) for topic in topics}
    now = time.time()
    slots = [partition(each.key, partitions=counts[each.topic]) for each in messages]
    connection.executemany(
        "INSERT INTO log (topic, slot, key, id, body, at) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (each.topic, slot, each.key, each.id, each.body, now)
            for each, slot in zip(messages, slots, strict=True)
        ],
    )


def read(connection: Connection, claim: Claim, *, limit: int) -> list[Entry]:
    """What the group has not acknowledged in this partition, the oldest first."""
    rows = connection.execute(
        "SELECT position, key, id, body FROM log WHERE topic = :topic AND slot = :slot"
        " AND position > (SELECT position FROM cursors"
        " WHERE topic = :topic AND consumers = :consumers AND slot = :slot)"
        " ORDER BY position LIMIT :limit",
        {"topic": claim.topic, "consumers": claim.group, "slot": claim.slot, "limit": limit},
    )
    return [Entry(*row) for row in rows]


def begin(connection: Connection, claim: Claim) -> int:
    """Counts a delivery of what comes next; raises LostError."""
    row = connection.execute(
        "UPDATE cursors SET attempts = attempts + 1"
        " WHERE topic = ? AND consumers = ? AND slot = ? AND owner = ? RETURNING attempts",
        (claim.topic, claim.group, claim.slot, claim.member),
    ).fetchone()
    if row is None:
        raise LostError
    attempts: int = row[0]
    return attempts


def acknowledge(connection: Connection, claim: Claim, position: int, *, begins: bool) -> None:
    """Goes on behind `position`, and may begin what comes next; raises LostError."""
    updated = connection.execute(
        "UPDATE cursors SET position = ?, attempts = ?"
        " WHERE topic = ? AND consumers = ? AND slot = ? AND owner = ?",
        (position, int(begins), claim.topic, claim.group, claim.slot, claim.member),
    )
    if not updated.rowcount:
        raise LostError


def purge(connection: Connection, *, days: float) -> bool:
    """Drops what is old, unless a group that was seen since then has yet to read it.

    Some at a time, for others want to write; True when there may be more.
    """
    deleted = connection.execute(
        "DELETE FROM log WHERE position IN (SELECT position FROM log"
        " WHERE at < :before AND NOT EXISTS (SELECT 1 FROM cursors WHERE topic = log.topic"
        " AND slot = log.slot AND position < log.position AND seen >= :before)"
        " ORDER BY at LIMIT :limit)",
        {"before": time.time() - days * 86_400, "limit": _PURGED_AT_ONCE},
    )
    return deleted.rowcount == _PURGED_AT_ONCE


def check(connection: Connection) -> None:
    connection.execute("SELECT epoch FROM changes").fetchone()
