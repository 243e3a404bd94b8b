"""How a template that is not ours is named: a URL for git or a path, and maybe a reference."""

import re
from dataclasses import dataclass
from pathlib import Path

from .errors import UsageError
from .foreign_fetch import without_secret

_REMOTE = re.compile(r"git\+|[a-z][a-z0-9+.-]*://|gh:|gl:|[\w.-]+@[\w.-]+:", re.IGNORECASE)
_KNOWN_TO_COPIER = ("git@", "git://", "git+", "https://github.com/", "https://gitlab.com/")
_SHORT = {"gh": "https://github.com/", "gl": "https://gitlab.com/"}


@dataclass(frozen=True)
class Address:
    """Where a template lies."""

    place: str
    """What git is given, or a plain folder; it may hold a password."""
    recorded: str
    """What services record as `_src_path`, so that Copier finds it too; without a password."""
    ref: str | None = None
    is_git: bool = True


def parse(text: str, base: Path) -> Address:
    """Read `URL[@REF]` or `PATH[@REF]`, a path relative to `base`.

    Raises UsageError when nothing lies at the path.
    """
    if _REMOTE.match(text):
        url, ref = _split(text)
        return _remote(url, ref)
    place = (base / Path(text).expanduser()).resolve()
    ref = None
    if not place.exists():
        cuts = [found.start() for found in re.finditer("@", text)]
        for cut in cuts:
            shorter = (base / Path(text[:cut]).expanduser()).resolve()
            if shorter.exists():
                return _local(shorter, text[cut + 1 :] or None)
        message = f"there is no template at `{place}`"
        raise UsageError(message, hint="name a folder, or a URL that git can fetch")
    return _local(place, ref)


def of_record(source: str) -> Address:
    """Read what a service records, where there is no reference behind it."""
    if _REMOTE.match(source):
        return _remote(source, None)
    return _local(Path(source).expanduser(), None)


def is_gone(address: Address) -> bool:
    """Whether it is a path where nothing lies now."""
    return not _REMOTE.match(address.place) and not Path(address.place).exists()


def _split(text: str) -> tuple[str, str | None]:
    """An `@` in the path begins the reference; one before it, or after a slash, does not."""
    start = text.find("/", text.find("://") + 3) if "://" in text else text.find(":")
    if start < 0:
        return text, None
    cut = text.find(".git@", start)
    if cut >= 0:
        return text[: cut + 4], text[cut + 5 :] or None
    found = re.search(r"(?<=[^/])@(?!.*(?<=[^/])@)", text[start:])
    if found is None:
        return text, None
    return text[: start + found.start()], text[start + found.end() :] or None


def _remote(url: str, ref: str | None) -> Address:
    recorded = without_secret(url)
    if not (
        recorded.endswith(".git") or recorded.startswith((*_KNOWN_TO_COPIER, "gh:", "gl:"))
    ):
        recorded = f"git+{recorded}"
    place = url.removeprefix("git+")
    if place[:3] in {"gh:", "gl:"}:
        place = _SHORT[place[:2]] + place[3:].lstrip("/").removesuffix(".git") + ".git"
    return Address(place, recorded, ref)


def _local(place: Path, ref: str | None) -> Address:
    is_git = (place / ".git").exists() or _is_bare(place) or place.is_file()
    if ref and not is_git:
        message = f"`{place}` is a plain folder and has no `{ref}`"
        raise UsageError(message, hint=f"leave out `@{ref}`, or make it a git repository")
    return Address(str(place), str(place), ref, is_git)


def _is_bare(place: Path) -> bool:
    return (place / "HEAD").is_file() and (place / "objects").is_dir()
