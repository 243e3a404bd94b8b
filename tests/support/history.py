"""Services as released templates made them, committed, and what becomes of them."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgen import __version__, archive, releases, store
from msgen.releases import Snapshot
from msgen.render import ANSWERS_FILE
from msgen.render import render as render_into

from .rendering import ROOT

DERIVED = ("uv.lock", "docs/settings.md")
"""Outside byte comparisons."""

_CLONE = ("cli", "releases", "presets", "template", "copier.yml")
_PERSON = {"GIT_AUTHOR_NAME": "Test", "GIT_AUTHOR_EMAIL": "test@example.org",
           "GIT_COMMITTER_NAME": "Test", "GIT_COMMITTER_EMAIL": "test@example.org",
           "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}  # fmt: skip

Files = dict[str, tuple[str, bytes]]
"""What lies in a folder: kind (`file`, `program`, `link`) and content by path."""


@dataclass(frozen=True)
class State:
    """All that an update may change: the work tree, the index and where HEAD is."""

    files: Files
    index: str
    head: str

    def differing(self, other: "State") -> list[str]:
        """What is not the same, for a test to say."""
        paths = self.files.keys() | other.files.keys()
        found = [path for path in paths if self.files.get(path) != other.files.get(path)]
        staged = set(self.index.split("\0")) ^ set(other.index.split("\0"))
        return [
            *sorted(found),
            *sorted(staged),
            *{self.head, other.head}.difference({self.head}),
        ]


@dataclass(frozen=True)
class Repo:
    """A service in a git repository, for tests to work on as a team would."""

    folder: Path

    def git(self, *words: str, env: Mapping[str, str] | None = None, ok: bool = True) -> str:
        """What git says; as a person of its own and without this machine's configuration."""
        ran = subprocess.run(
            ["git", *words],
            cwd=self.folder,
            env={**os.environ, **_PERSON, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        assert not ok or ran.returncode == 0, (words, ran.stderr.decode())
        return ran.stdout.decode(errors="surrogateescape")

    def commit(self, message: str = "Work") -> str:
        """Commit everything, and say where HEAD is."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.head

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD").strip()

    @property
    def status(self) -> list[str]:
        """What differs from HEAD, a line a file; untracked files too."""
        said = self.git("status", "--porcelain", "-z", "--untracked-files=all", "--no-renames")
        return [line for line in said.split("\0") if line]

    @property
    def unmerged(self) -> dict[str, dict[int, bytes]]:
        """The contents that contend, by path and stage."""
        found: dict[str, dict[int, bytes]] = {}
        said = self.git("ls-files", "--unmerged", "--full-name", "-z")
        for line in filter(None, said.split("\0")):
            about, path = line.split("\t", 1)
            _, oid, stage = about.split()
            content = self.git("cat-file", "blob", oid).encode(errors="surrogateescape")
            found.setdefault(path, {})[int(stage)] = content
        return found

    def state(self) -> State:
        """Everything at this moment, to be compared."""
        staged = self.git("ls-files", "--stage", "-z", "--full-name", ":/")
        return State(contents(Path(self.git("rev-parse", "--show-toplevel").rstrip("\n"))),
                     staged, self.head)  # fmt: skip

    def text(self, path: str) -> str:
        return (self.folder / path).read_text(encoding="utf-8")

    def has(self, path: str) -> bool:
        return os.path.lexists(self.folder / path)

    def write(self, path: str, content: str | bytes) -> None:
        """Write a file, and the folders that it needs."""
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)

    def append(self, path: str, line: str) -> None:
        self.write(path, (self.folder / path).read_bytes() + line.encode() + b"\n")

    def prepend(self, path: str, line: str) -> None:
        self.write(path, line.encode() + b"\n" + (self.folder / path).read_bytes())

    def replace(self, path: str, old: str, new: str) -> None:
        text = self.text(path)
        assert old in text, f"`{old}` is not in `{path}`"
        self.write(path, text.replace(old, new, 1))

    def copy(self, folder: Path) -> "Repo":
        """The same repository once more, with its history; not for work trees of others."""
        shutil.copytree(self.folder, folder, symlinks=True)
        made = Repo(folder)
        made.git("status")  # the files are other ones to the index until it has looked at them
        return made


def repository(folder: Path, *options: str) -> Repo:
    """Make what lies in a folder a repository with one commit."""
    made = Repo(folder)
    made.git("init", "--quiet", "--initial-branch", "main", *options)
    made.commit("Generate the service")
    return made


def rendered(snapshot: Snapshot, folder: Path, **answers: Any) -> Files:
    """What `msgen new` writes from this template, in the folder and as an answer."""
    folder.mkdir(parents=True)
    render_into(snapshot, {"name": "orders", **answers}, folder)
    return contents(folder)


def born(snapshot: Snapshot, folder: Path, **answers: Any) -> Repo:
    """A service made and committed."""
    rendered(snapshot, folder, **answers)
    return repository(folder)


def old_releases() -> list[Snapshot]:
    """The released templates whose content is not that of this clone; the oldest first."""
    now = releases.current().checksum
    found = (releases.asked_for(str(each.version)) for each in releases.released())
    return [each for each in found if each.checksum != now]


def contents(folder: Path) -> Files:
    """Everything in a folder but what git keeps for itself."""
    found: Files = {}
    for here, folders, names in os.walk(folder):
        if ".git" in folders:
            folders.remove(".git")
        links = [each for each in folders if Path(here, each).is_symlink()]
        for name in [*names, *links]:
            path = Path(here, name)
            if name != ".git":
                found[path.relative_to(folder).as_posix()] = _content(path)
    return found


def without_derived(files: Files) -> Files:
    """The files whose bytes the template alone decides."""
    return {path: content for path, content in files.items() if path not in DERIVED}


def _content(path: Path) -> tuple[str, bytes]:
    if path.is_symlink():
        return "link", os.fsencode(path.readlink())
    kind = "program" if path.stat().st_mode & 0o100 else "file"
    return kind, path.read_bytes()


@dataclass(frozen=True)
class Clone:
    """A copy of msgen whose template may be changed, so that tests can make up a history.

    `msgen` runs from it when `env` is among its variables.
    """

    root: Path

    @classmethod
    def of_this_one(cls, root: Path) -> "Clone":
        root.mkdir(parents=True)
        for name in _CLONE:
            source = ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, root / name)
        return cls(root)

    def strip(self, *kept: str) -> "Clone":
        """Take everything out of the template but these files and what every service has."""
        service = self.root / "template/service"
        spared = {self.path(file) for file in kept} | {self.path(".gitattributes")}
        for path in sorted(service.rglob("*"), reverse=True):
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()
            elif path.is_file() and path not in spared and "answers_file" not in path.name:
                path.unlink()
        return self

    @property
    def env(self) -> dict[str, str]:
        return {"PYTHONPATH": str(self.root / "cli")}

    def snapshot(self) -> Snapshot:
        """The template as it is now, kept in the cache: later changes do not reach it."""
        return Snapshot(store.keep(self.root), __version__)

    def path(self, file: str) -> Path:
        """Where the template has a file of a service called `orders`."""
        inside = file.replace("src/orders_service/", "src/{{ package }}/")
        place = self.root / "template/service" / inside
        rendered_one = place.with_name(place.name + ".jinja")
        return rendered_one if rendered_one.exists() else place

    def write(self, file: str, content: str) -> None:
        place = self.path(file)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content, encoding="utf-8")

    def text(self, file: str) -> str:
        return self.path(file).read_text(encoding="utf-8")

    def replace(self, file: str, old: str, new: str) -> None:
        assert old in self.text(file), f"`{old}` is not in `{file}`"
        self.write(file, self.text(file).replace(old, new, 1))

    def prepend(self, file: str, line: str) -> None:
        self.write(file, line + "\n" + self.text(file))

    def append(self, file: str, line: str) -> None:
        self.write(file, self.text(file) + line + "\n")

    def rename(self, old: str, new: str) -> None:
        place = self.path(old)
        suffix = ".jinja" if place.name.endswith(".jinja") else ""
        target = self.path(new)
        target = target.with_name(target.name + suffix)
        target.parent.mkdir(parents=True, exist_ok=True)
        place.rename(target)

    def remove(self, file: str) -> None:
        self.path(file).unlink()

    def release(self, version: str) -> None:
        """Add the template as it is now to the released ones."""
        packed = archive.pack(self.root)
        (self.root / f"releases/{version}.tar.xz").write_bytes(packed)
        index = self.root / "releases/index.json"
        about = {
            "date": "2026-01-01",
            "checksum": archive.checksum(self.root),
            "archive_sha256": hashlib.sha256(packed).hexdigest(),
            "security": False,
        }
        known = json.loads(index.read_text(encoding="utf-8"))
        index.write_text(json.dumps({**known, version: about}), encoding="utf-8")


def answers_of(files: Files) -> str:
    """The answers file's text."""
    return files[ANSWERS_FILE][1].decode()
