"""A template's content: its files, its checksum, its archive.

Standard library only, because the build of the wheel checks archives too.
"""

import hashlib
import lzma
import os
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

IDENTITY = "template/identity.txt"
"""Holds a template's checksum, so that a rendering can record it; outside the checksum."""

_PARTS = ("copier.yml", "presets", "template")
PASSED_OVER = {"__pycache__", ".DS_Store", ".ruff_cache", ".mypy_cache", ".pytest_cache"}


def files(root: Path) -> Iterator[Path]:
    """Every file that makes up the template, in a fixed order."""
    for part in _PARTS:
        top = root / part
        found = [(part,)] if top.is_file() else sorted(_below(top, part))
        for steps in found:
            path = root.joinpath(*steps)
            if "/".join(steps) != IDENTITY and path.is_file():
                yield path


def _below(top: Path, part: str) -> Iterator[tuple[str, ...]]:
    """The steps to each file; a walk by names is several times faster than one by paths."""
    for here, folders, names in os.walk(top):
        folders[:] = [each for each in folders if each not in PASSED_OVER]
        above = (part, *Path(here).relative_to(top).parts)
        yield from ((*above, name) for name in names if name not in PASSED_OVER)


def checksum(root: Path) -> str:
    """SHA-256 over paths, executable bits and contents: the template's identity."""
    digest = hashlib.sha256()
    for path in files(root):
        about = path.stat()
        executable = bool(about.st_mode & 0o100)
        inside = path.relative_to(root).as_posix()
        digest.update(f"{inside}\0{executable:d}\0{about.st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def copy(root: Path, folder: Path) -> None:
    """Lay the template's files and its identity into an empty folder."""
    for path in files(root):
        to = folder / path.relative_to(root)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(path.read_bytes())
        to.chmod(_mode(path))
    (folder / IDENTITY).write_text(checksum(root) + "\n", encoding="ascii")


def pack(root: Path) -> bytes:
    """The archive of a template: the same bytes for the same files, wherever it is made."""
    raw = BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in files(root):
            _add(archive, path.relative_to(root).as_posix(), path.read_bytes(), _mode(path))
        _add(archive, IDENTITY, f"{checksum(root)}\n".encode("ascii"), 0o644)
    return lzma.compress(raw.getvalue(), preset=9 | lzma.PRESET_EXTREME)


def unpack(archive: Path, folder: Path) -> None:
    """Lay an archive's files into a folder; raises OSError when it is damaged."""
    try:
        with tarfile.open(archive, mode="r:xz") as opened:
            opened.extractall(folder, filter="data")
    except (tarfile.TarError, lzma.LZMAError, EOFError) as wrong:
        raise OSError(0, f"damaged archive: {wrong}", str(archive)) from wrong


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, BytesIO(content))


def _mode(path: Path) -> int:
    return 0o755 if path.stat().st_mode & 0o100 else 0o644
