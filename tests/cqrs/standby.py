"""A streaming replica of a PostgreSQL cluster of our own."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.postgres import Cluster
from tests.faults.service import free_port


class Standby(Cluster):
    """Made by `pg_basebackup` from a cluster that runs."""

    def __init__(self, primary: Cluster) -> None:
        self._binaries, self._user = primary._binaries, primary._user  # noqa: SLF001
        self._root = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        if self._user:
            shutil.chown(self._root, self._user)
        self.port = free_port()
        self._data = str(self._root / "data")
        self._run(
            "pg_basebackup", "-R", "-X", "stream", "-c", "fast",
            "-D", self._data, "-d", primary.url(),
        )  # fmt: skip
        with (self._root / "data/postgresql.conf").open("a") as settings:
            settings.write(f"port = {self.port}\n")

    @contextmanager
    def behind(self) -> Iterator[None]:
        """What the primary writes arrives, but is not replayed."""
        self.sql("SELECT pg_wal_replay_pause()")
        try:
            yield
        finally:
            self.sql("SELECT pg_wal_replay_resume()")

    def promote(self) -> None:
        """It takes writes of its own from now on."""
        self._run("pg_ctl", "promote", "-w", "-D", self._data)
