"""Trees of files as git sees them: a mode and a content for each path."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .git import Repository, run

FILE, PROGRAM, LINK = "100644", "100755", "120000"


@dataclass(frozen=True)
class Blob:
    """A file: its mode, the name of its content in git, and the content where it is at hand."""

    mode: str
    oid: str
    data: bytes | None = None

    def same(self, other: "Blob | None") -> bool:
        """Whether mode and content are equal."""
        return other is not None and (self.mode, self.oid) == (other.mode, other.oid)


Tree = dict[str, Blob]
"""Files by their path, relative to the service's folder, with slashes."""


def blob(mode: str, data: bytes, *, sha256: bool = False) -> Blob:
    """A file with the name that git gives its content."""
    digest = hashlib.new("sha256" if sha256 else "sha1", usedforsecurity=False)
    digest.update(b"blob %d\0" % len(data))
    digest.update(data)
    return Blob(mode, digest.hexdigest(), data)


def read(folder: Path, *, sha256: bool = False) -> Tree:
    """Everything below a folder; links are not followed."""
    found: Tree = {}
    for here, folders, files in os.walk(folder):
        links = [each for each in folders if Path(here, each).is_symlink()]
        for name in files + links:
            path = Path(here, name)
            mode, data = content(path)
            found[path.relative_to(folder).as_posix()] = blob(mode, data, sha256=sha256)
    return found


def at(tree: str, repository: Repository, *, scratch: Path | None = None) -> Tree:
    """The files of a tree that git has, or a scratch repository, without their contents."""
    words = ("ls-tree", "-r", "-z", "--full-tree", tree)
    said = run(*words, cwd=repository.top, extra=_in(scratch))
    found: Tree = {}
    for line in said.decode(errors="surrogateescape").split("\0"):
        if line:
            about, path = line.split("\t", 1)
            mode, _, oid = about.split()
            found[path] = Blob(mode, oid)
    return found


def contents(
    oids: Iterable[str], repository: Repository, *, scratch: Path | None = None
) -> dict[str, bytes]:
    """The contents of blobs that git has."""
    wanted = list(dict.fromkeys(oids))
    if not wanted:
        return {}
    asked = "\n".join(wanted).encode() + b"\n"
    said = run("cat-file", "--batch", cwd=repository.top, stdin=asked, extra=_in(scratch))
    found, start = {}, 0
    for oid in wanted:
        end = said.index(b"\n", start)
        size = int(said[start:end].split()[2])
        found[oid] = said[end + 1 : end + 1 + size]
        start = end + size + 2
    return found


def _in(scratch: Path | None) -> dict[str, str]:
    return {"GIT_DIR": str(scratch)} if scratch else {}


def content(path: Path) -> tuple[str, bytes]:
    """Mode and content of a file that lies there; of a link, where it points."""
    if path.is_symlink():
        return LINK, os.fsencode(path.readlink())
    return (PROGRAM if path.stat().st_mode & 0o100 else FILE), path.read_bytes()
