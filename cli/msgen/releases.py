"""Where the template lies, which version it is, and how a service names it."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from . import __version__
from .errors import UserError

SOURCE = "https://git.example.org/msgen.git"
"""What services record as their template; a reserved name until the project has a home, so
that no update ever fetches from a stranger."""

_PARTS = ("copier.yml", "presets", "template")
_PASSED_OVER = {"__pycache__", ".DS_Store", ".ruff_cache", ".mypy_cache", ".pytest_cache"}


@dataclass(frozen=True)
class Snapshot:
    """One version of the template, lying on disk."""

    root: Path
    version: str

    @property
    def tag(self) -> str:
        """The tag under which the template's repository holds this version."""
        return f"v{self.version}"

    @cached_property
    def config(self) -> dict[str, Any]:
        """What `copier.yml` says."""
        text = (self.root / "copier.yml").read_text(encoding="utf-8")
        config: dict[str, Any] = yaml.load(text, Loader=_loader())  # noqa: S506
        return config

    def checksum(self) -> str:
        """SHA-256 over paths, executable bits and contents: the snapshot's identity."""
        digest = hashlib.sha256()
        for path in self.files():
            executable = bool(path.stat().st_mode & 0o100)
            relative = path.relative_to(self.root).as_posix()
            digest.update(f"{relative}\0{executable:d}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def files(self) -> Iterator[Path]:
        """Every file that makes up the template, in a fixed order."""
        for part in _PARTS:
            top = self.root / part
            found = [top] if top.is_file() else sorted(top.rglob("*"))
            for path in found:
                parts = path.relative_to(self.root).parts
                if path.is_file() and not _PASSED_OVER.intersection(parts):
                    yield path


def current() -> Snapshot:
    """The template that came with this msgen: in the wheel, or above the code in a clone."""
    here = Path(__file__).resolve().parent
    for root in (here / "_template", here.parents[1]):
        if (root / "copier.yml").is_file():
            return Snapshot(root, __version__)
    message = "this installation of msgen has lost its template"
    raise UserError(message, hint="install msgen again")


def _loader() -> Any:
    """LibYAML where the wheel has it: ten times faster, the same result."""
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)
