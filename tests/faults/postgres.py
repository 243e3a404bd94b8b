"""A PostgreSQL cluster of our own, to be killed and brought back."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .service import MARK, free_port, wait_until


def binaries() -> Path | None:
    """Where `initdb` and `pg_ctl` are on this machine, if they are."""
    if config := shutil.which("pg_config"):
        said = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=True)
        candidates = [Path(said.stdout.strip())]
    else:
        candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((path for path in candidates if (path / "initdb").is_file()), None)


class Cluster:
    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._root = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        # PostgreSQL refuses to run as root.
        self._user = "postgres" if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(self._root, self._user)
        self.port = free_port()
        self._data = str(self._root / "data")
        password = self._root / "password"
        password.write_text(MARK)
        password.chmod(0o644)
        self._run(
            "initdb", "-D", self._data, "-U", "service", "-A", "scram-sha-256",
            "--pwfile", str(password), "-N",
        )  # fmt: skip
        with (self._root / "data/postgresql.conf").open("a") as settings:
            settings.write(
                f"port = {self.port}\nlisten_addresses = '127.0.0.1'\n"
                f"unix_socket_directories = ''\nfsync = off\nmax_connections = 60\n"
            )

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://service:{MARK}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        log = str(self._root / "server.log")
        self._run("pg_ctl", "start", "-w", "-D", self._data, "-l", log)

    def stop(self, mode: str = "fast") -> None:
        """`immediate` is a crash: sessions are cut, recovery follows at the next start."""
        self._run("pg_ctl", "stop", "-w", "-m", mode, "-D", self._data)

    @property
    def is_up(self) -> bool:
        program = str(self._binaries / "pg_isready")
        ready = [program, "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(ready, check=False).returncode == 0

    def sql(self, statement: str, database: str = "postgres") -> str:
        command = [
            str(self._binaries / "psql"),
            "-qAtX",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            statement,
        ]
        said = subprocess.run(
            [*command, self.url(database)],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert said.returncode == 0, said.stderr
        return said.stdout.strip()

    def database(self, name: str) -> str:
        """Make an empty database, and give its URL."""
        self.sql(f'CREATE DATABASE "{name}"')
        return self.url(name)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Every process of the server is stopped, but its connections stay open."""
        family = self._family()
        for process in family:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in family:
                os.kill(process, signal.SIGCONT)

    def _family(self) -> list[int]:
        parent = int((self._root / "data/postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        return [parent, *map(int, children)]

    def ensure_up(self) -> None:
        if not self.is_up:
            self.start()
            wait_until(lambda: self.is_up)

    def remove(self) -> None:
        if self.is_up:
            self.stop("immediate")
        shutil.rmtree(self._root, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        # Into a file: the server that `pg_ctl` leaves behind would keep a pipe open.
        with tempfile.TemporaryFile() as said:
            done = subprocess.run(
                [self._binaries / program, *arguments],
                user=self._user,
                cwd=self._root,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                timeout=60,
                check=False,
            )
            said.seek(0)
            assert done.returncode == 0, f"{program}: {said.read().decode()}"
