"""What the simulator remembers: resources, calls, switches; in SQLite, in memory or in a file.

The statements are short, so they run on the event loop: a thread would cost more than they do.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from .document import dumped

_TABLES = """
CREATE TABLE IF NOT EXISTS resources (
    collection TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL,
    place INTEGER PRIMARY KEY AUTOINCREMENT, UNIQUE (collection, id)
);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS switches (name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS calls (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, operation TEXT,
    method TEXT NOT NULL, path TEXT NOT NULL, status INTEGER, call BLOB NOT NULL
);
"""


class Store:
    def __init__(self, name: str) -> None:
        if name != ":memory:":
            Path(name).parent.mkdir(parents=True, exist_ok=True)
        self._base = sqlite3.connect(
            name, isolation_level=None, timeout=10, check_same_thread=False
        )
        self._base.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;" + _TABLES)

    def close(self) -> None:
        self._base.close()

    @contextmanager
    def whole(self) -> Iterator[None]:
        """All that is done in the block, or nothing; other processes wait."""
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")

    def get(self, collection: str, identity: str) -> dict[str, Any] | None:
        query = "SELECT body FROM resources WHERE collection = ? AND id = ?"
        row = self._base.execute(query, (collection, identity)).fetchone()
        return None if row is None else orjson.loads(row[0])

    def put(self, collection: str, identity: str, body: dict[str, Any]) -> None:
        self._base.execute(
            "INSERT INTO resources (collection, id, body) VALUES (?, ?, ?)"
            " ON CONFLICT (collection, id) DO UPDATE SET body = excluded.body",
            (collection, identity, dumped(body)),
        )
        self.touch(collection)

    def remove(self, collection: str, identity: str) -> None:
        query = "DELETE FROM resources WHERE collection = ? AND id = ?"
        self._base.execute(query, (collection, identity))
        self.touch(collection)

    def all(self, collection: str) -> list[dict[str, Any]]:
        """In the order in which they were made."""
        query = "SELECT body FROM resources WHERE collection = ? ORDER BY place"
        return [orjson.loads(body) for (body,) in self._base.execute(query, (collection,))]

    def everything(self) -> dict[str, list[dict[str, Any]]]:
        query = "SELECT collection, body FROM resources ORDER BY collection, place"
        found: dict[str, list[dict[str, Any]]] = {}
        for collection, body in self._base.execute(query):
            found.setdefault(collection, []).append(orjson.loads(body))
        return found

    def touch(self, collection: str) -> None:
        """From now on the collection holds what was written, and no examples."""
        self.count(f"touched {collection}")

    def is_touched(self, collection: str) -> bool:
        return self.counted(f"touched {collection}") > 0

    def count(self, name: str) -> int:
        """The next number of a counter, from 1."""
        query = (
            "INSERT INTO counters VALUES (?, 1)"
            " ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value"
        )
        [(value,)] = self._base.execute(query, (name,)).fetchall()
        return int(value)

    def counted(self, name: str) -> int:
        row = self._base.execute("SELECT value FROM counters WHERE name = ?", (name,)).fetchone()
        return 0 if row is None else int(row[0])

    def forget_counters(self, prefix: str) -> None:
        query = "DELETE FROM counters WHERE substr(name, 1, ?) = ?"
        self._base.execute(query, (len(prefix), prefix))

    def clear(self) -> None:
        """Back to the beginning: resources, counters and switches; calls stay."""
        with self.whole():
            for table in ("resources", "counters", "switches"):
                self._base.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names

    def switch(self, name: str, default: Any = None) -> Any:
        row = self._base.execute("SELECT value FROM switches WHERE name = ?", (name,)).fetchone()
        return default if row is None else orjson.loads(row[0])

    def set_switch(self, name: str, value: Any) -> None:
        query = "INSERT OR REPLACE INTO switches VALUES (?, ?)"
        self._base.execute(query, (name, dumped(value)))

    def note(self, call: dict[str, Any], *, keep: int) -> None:
        query = (
            "INSERT INTO calls (at, operation, method, path, status, call)"
            " VALUES (?, ?, ?, ?, ?, ?)"
        )
        keys = [call.get(key) for key in ("operation", "method", "path", "status")]
        row = self._base.execute(query, (time.time(), *keys, dumped(call)))
        self._base.execute("DELETE FROM calls WHERE number <= ?", ((row.lastrowid or 0) - keep,))

    def calls(self, filters: dict[str, Any], *, after: int, limit: int) -> list[dict[str, Any]]:
        """Oldest first. `filters` are columns and what they hold."""
        wanted = {key: value for key, value in filters.items() if value is not None}
        rules = " AND ".join(["number > ?", *(f"{key} = ?" for key in wanted)])
        query = f"SELECT number, at, call FROM calls WHERE {rules} ORDER BY number LIMIT ?"  # noqa: S608
        rows = self._base.execute(query, (after, *wanted.values(), limit))
        return [{"number": n, "at": at, **orjson.loads(call)} for n, at, call in rows]

    def forget_calls(self) -> int:
        return self._base.execute("DELETE FROM calls").rowcount
