# Sealed: an update replaces this file.
"""The file of the embedded bus: its tables, how it is opened, and how its lock is got."""

import random
import sqlite3
import time
from pathlib import Path

_WAITS_SECONDS = 5.0
_TABLES = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS topics (
    topic TEXT PRIMARY KEY,
    partitions INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    topic TEXT NOT NULL,
    slot INTEGER NOT NULL,
    key TEXT NOT NULL,
    id TEXT NOT NULL,
    body BLOB NOT NULL,
    at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS log_by_slot ON log (topic, slot, position);
CREATE INDEX IF NOT EXISTS log_by_time ON log (at);
CREATE TABLE IF NOT EXISTS cursors (
    topic TEXT NOT NULL,
    consumers TEXT NOT NULL,
    slot INTEGER NOT NULL,
    position INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    owner TEXT,
    until REAL NOT NULL DEFAULT 0,
    seen REAL NOT NULL,
    PRIMARY KEY (topic, consumers, slot)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS members (
    topic TEXT NOT NULL,
    consumers TEXT NOT NULL,
    member TEXT NOT NULL,
    until REAL NOT NULL,
    PRIMARY KEY (topic, consumers, member)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS changes (epoch INTEGER NOT NULL);
INSERT INTO changes SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM changes);
PRAGMA user_version = 1;
COMMIT;
"""


def opened(path: Path) -> sqlite3.Connection:
    """Makes the file where there is none; raises sqlite3.Error and OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=_WAITS_SECONDS, isolation_level=None)
    try:
        # Two processes that make the file at once: SQLite refuses one of them without waiting.
        _insistently(connection, "PRAGMA journal_mode = WAL")
        if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            connection.executescript(_TABLES)
    except BaseException:
        connection.close()
        raise
    return connection


def begin(connection: sqlite3.Connection, *, durable: bool) -> None:
    """Begins to write. SQLite itself would sleep up to 100 ms at a time while others take turns."""
    connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
    connection.execute("PRAGMA busy_timeout = 0")
    _insistently(connection, "BEGIN IMMEDIATE")
    connection.execute(f"PRAGMA busy_timeout = {int(_WAITS_SECONDS * 1000)}")


def _insistently(connection: sqlite3.Connection, statement: str) -> None:
    began = time.monotonic()
    while True:
        try:
            connection.execute(statement)
        except sqlite3.OperationalError as error:
            waited = time.monotonic() - began
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or waited > _WAITS_SECONDS:
                raise
            longest = min(0.02, max(0.001, waited / 10))
            time.sleep(random.uniform(0.0002, longest))  # noqa: S311 - only to not meet again
        else:
            return
