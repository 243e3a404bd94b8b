"""The template's versions: the one that came with this msgen, and every released one."""

import json
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from . import __version__, archive, foreign_config, foreign_store, store
from .errors import UsageError, UserError

SOURCE = "https://git.example.org/msgen.git"
"""What services record as their template; a reserved name until the project has a home, so
that no update ever fetches from a stranger."""

_HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Terms:
    """On which terms a template that is not ours is rendered."""

    trusted: bool = False
    """Whether its tasks and extensions may run."""
    service: Path | None = None
    """The folder that the service has or gets: its name, and which files are there already."""
    skip: tuple[str, ...] = ()
    """Patterns of files that are written once; besides the template's own."""
    tasks: bool = True
    """Whether its tasks run at all."""
    updating: bool = False
    """Whether the service is there already."""


NO_TERMS = Terms()


@dataclass(frozen=True)
class Snapshot:
    """One version of the template, lying on disk."""

    root: Path
    version: str
    source: str = SOURCE
    ref: str = ""
    """What services record of a template that is not ours; ours has a version."""
    commit: str = ""
    """The whole hash of that, when it is in git."""
    terms: Terms = NO_TERMS
    seen: str = ""
    """Its checksum, where that was worked out when it was found."""

    @property
    def is_foreign(self) -> bool:
        """Whether it is somebody else's template."""
        return bool(self.ref)

    @property
    def tag(self) -> str:
        """The tag under which the template's repository holds this version."""
        return self.ref or f"v{self.version}"

    @cached_property
    def config(self) -> dict[str, Any]:
        """What `copier.yml` says."""
        return foreign_config.load(self.root)

    @cached_property
    def checksum(self) -> str:
        """SHA-256 of its content: the snapshot's identity."""
        if self.seen:
            return self.seen
        if self.is_foreign:
            return foreign_store.checksum(self.root)
        return archive.checksum(self.root)


@dataclass(frozen=True)
class Release:
    """What the index says of a released version; the archive has the rest."""

    version: Version
    date: str
    checksum: str
    archive_sha256: str
    security: bool

    @property
    def archive(self) -> Path:
        """Where its archive lies."""
        return folder() / f"{self.version}.tar.xz"


def current() -> Snapshot:
    """The template that came with this msgen: in the wheel, or above the code in a clone."""
    root = _own_root()
    if not (root / archive.IDENTITY).is_file():
        root = store.keep(root)
    return Snapshot(root, __version__)


@cache
def released() -> tuple[Release, ...]:
    """Every released version, the oldest first."""
    index = json.loads((folder() / "index.json").read_text(encoding="utf-8"))
    found = [
        Release(
            Version(version),
            about["date"],
            about["checksum"],
            about["archive_sha256"],
            about["security"],
        )
        for version, about in index.items()
    ]
    return tuple(sorted(found, key=lambda release: release.version))


def folder() -> Path:
    """Where the archives lie: in the wheel, or above the code in a clone."""
    inside = _HERE / "_releases"
    return inside if inside.is_dir() else _HERE.parents[1] / "releases"


def newer_than(version: str) -> list[Release]:
    """The releases after this version, up to the template that came with this msgen."""
    return [each for each in released() if each.version > Version(version)]


def asked_for(text: str) -> Snapshot:
    """The version that somebody typed, with or without a `v` before it."""
    try:
        wanted = Version(text)
    except InvalidVersion:
        message = f"`{text}` is not a version"
        raise UsageError(message, hint=_known()) from None
    if wanted == Version(__version__):
        return current()
    for release in released():
        if release.version == wanted:
            return _unpacked(release)
    message = f"this msgen does not have the template version `{wanted}`"
    raise UsageError(message, hint=f"{_known()}; a newer one comes with a newer msgen")


def recorded(version: str, checksum: str | None) -> Snapshot:
    """The version that a service was made from; without a checksum the version alone counts."""
    for release in released():
        if str(release.version) == version and checksum in {None, release.checksum}:
            return _unpacked(release)
    unreleased = Version(version).is_devrelease
    if unreleased and checksum and (kept := store.find(checksum)):
        return Snapshot(kept, version, seen=checksum)
    if version == __version__ and checksum in {None, current().checksum}:
        return current()
    raise _unknown(version, checksum)


def _unknown(version: str, checksum: str | None) -> UserError:
    if _is_later(version):
        message = f"the service was made by a newer msgen, with the template {version}"
        return UserError(message, hint=f"this is msgen {__version__}; install a newer one")
    if Version(version).is_devrelease:
        which = f" (sha256 {checksum[:12]})" if checksum else ""
        message = f"the development template {version}{which} is not on this machine"
        hint = (
            "run this where the service was made, or find the nearest release: `msgen recover`"
        )
        return UserError(message, hint=hint)
    if Version(version) not in {each.version for each in released()}:
        message = f"no release of the template is called `{version}`"
        return UserError(message, hint="`msgen recover` finds the release that fits best")
    message = f"the recorded template {version} has another content than the release {version}"
    return UserError(message, hint="`msgen recover` finds the release that fits best")


def _is_later(version: str) -> bool:
    return Version(version) > Version(__version__)


def _unpacked(release: Release) -> Snapshot:
    root = store.unpacked(release.archive, release.checksum)
    return Snapshot(root, str(release.version), seen=release.checksum)


def _own_root() -> Path:
    for root in (_HERE / "_template", _HERE.parents[1]):
        if (root / "copier.yml").is_file():
            return root
    message = "this installation of msgen has lost its template"
    raise UserError(message, hint="install msgen again")


def _known() -> str:
    versions = [str(each.version) for each in released()]
    return "it has " + ", ".join(f"`{each}`" for each in [*versions, __version__])
