# Sealed: an update replaces this file.
"""Who is alive in a group, and who has which partition: leases in the file of the log."""

import time
from collections.abc import Collection
from sqlite3 import Connection

from .log import Claim, partitions_of

LEASE_SECONDS = 10.0


def attend(
    connection: Connection, topic: str, group: str, member: str, *, partitions: int
) -> tuple[set[int], int]:
    """Says that the member lives, and leases partitions for it up to its fair share.

    Gives what it has now, and how many of them are the others' by right.
    """
    count = partitions_of(connection, topic, wanted=partitions)
    now = time.time()
    members = _living(connection, (topic, group), member, now)
    _seen(connection, (topic, group), count, now)
    mine = _renewed(connection, (topic, group), member, now)
    rank = members.index(member)
    share = count // len(members) + (rank < count % len(members))
    mine |= _taken(connection, (topic, group), member, now, share - len(mine))
    return mine, max(0, len(mine) - share)


def _living(connection: Connection, group: tuple[str, str], member: str, now: float) -> list[str]:
    gone = connection.execute(
        "DELETE FROM members WHERE topic = ? AND consumers = ? AND member <> ?"
        " AND until NOT BETWEEN ? AND ?",
        (*group, member, now, now + LEASE_SECONDS),  # a clock may have been put back
    )
    query = "SELECT member FROM members WHERE topic = ? AND consumers = ?"
    members = {name for (name,) in connection.execute(query, group)}
    if gone.rowcount or member not in members:
        changed(connection)
    values = (*group, member, now + LEASE_SECONDS)
    connection.execute("INSERT OR REPLACE INTO members VALUES (?, ?, ?, ?)", values)
    return sorted(members | {member})


def _seen(connection: Connection, group: tuple[str, str], count: int, now: float) -> None:
    connection.executemany(
        "INSERT INTO cursors (topic, consumers, slot, seen) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET seen = excluded.seen",
        [(*group, slot, now) for slot in range(count)],
    )


def _renewed(connection: Connection, group: tuple[str, str], member: str, now: float) -> set[int]:
    rows = connection.execute(
        "UPDATE cursors SET until = ? WHERE topic = ? AND consumers = ? AND owner = ?"
        " RETURNING slot",
        (now + LEASE_SECONDS, *group, member),
    )
    return {slot for (slot,) in rows.fetchall()}


def _taken(
    connection: Connection, group: tuple[str, str], member: str, now: float, wanted: int
) -> set[int]:
    rows = connection.execute(
        "UPDATE cursors SET owner = ?, until = ? WHERE topic = ? AND consumers = ?"
        " AND slot IN (SELECT slot FROM cursors WHERE topic = ? AND consumers = ?"
        " AND (owner IS NULL OR until NOT BETWEEN ? AND ?) ORDER BY slot LIMIT ?)"
        " RETURNING slot",
        (member, now + LEASE_SECONDS, *group, *group, now, now + LEASE_SECONDS, max(0, wanted)),
    )
    return {slot for (slot,) in rows.fetchall()}


def release(connection: Connection, claims: Collection[Claim]) -> None:
    """At once, so that nobody waits for the end of the leases."""
    connection.executemany(
        "UPDATE cursors SET owner = NULL"
        " WHERE topic = ? AND consumers = ? AND slot = ? AND owner = ?",
        [(each.topic, each.group, each.slot, each.member) for each in claims],
    )
    changed(connection)


def leave(connection: Connection, member: str) -> None:
    """Takes no further share; what it still has in hand is leased for as long as ever."""
    connection.execute("DELETE FROM members WHERE member = ?", (member,))
    until = time.time() + LEASE_SECONDS
    connection.execute("UPDATE cursors SET until = ? WHERE owner = ?", (until, member))
    changed(connection)


def changed(connection: Connection) -> None:
    """Wakes every member: there may be partitions to take or to give."""
    connection.execute("UPDATE changes SET epoch = epoch + 1")
