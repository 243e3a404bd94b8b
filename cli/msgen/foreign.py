"""Templates that are not ours: an organisation's, or any other one for Copier."""

import re
from dataclasses import replace
from pathlib import Path

from . import console, foreign_address, foreign_config, foreign_store, foreign_trust
from .errors import UsageError, UserError
from .foreign_address import Address
from .foreign_git import Mirror, version_of
from .releases import Release, Snapshot, Terms
from .render import ANSWERS_FILE

_CONTENT = "content-"
"""A plain folder has no commits, so what a service records of it is its checksum."""


def asked_for(text: str, terms: Terms, *, base: Path, offline: bool = False) -> Snapshot:
    """The template that `--template` or the configuration names.

    Raises UsageError when it does not exist, UserError when it cannot be fetched. `offline`
    takes what was fetched before.
    """
    address = foreign_address.parse(text, base)
    if not address.is_git:
        return _of_folder(address, terms)
    mirror = Mirror(address.place)
    if not offline:
        mirror.refresh()
        if mirror.differs_from(Path(address.place)):
            console.say(f"[yellow]![/] what is not committed in `{mirror}` is left out")
    elif not mirror.place.is_dir():
        message = f"the template `{mirror}` was never fetched"
        raise UserError(message)
    return _of_commit(mirror, mirror.commit(address.ref or mirror.newest()), address, terms)


def recorded(source: str, commit: str, terms: Terms) -> Snapshot:
    """What a service was made from; raises UserError when it cannot be had."""
    address = foreign_address.of_record(source)
    if commit.startswith(_CONTENT):
        kept = foreign_store.find(commit)
        if kept is None:
            message = f"what lay in `{source}` when the service was made is not on this machine"
            raise UserError(message, hint="templates in git can be had again anywhere")
        return _snapshot(kept, commit, "", address, terms)
    mirror = Mirror(address.place)
    found = _commit_of(mirror, commit) if mirror.place.is_dir() else None
    if found is None:
        mirror.refresh()
        found = _commit_of(mirror, commit)
    if found is None:
        message = (
            f"the template `{mirror}` has no `{commit}` any more, which the service records"
        )
        raise UserError(message, hint="restore that tag or branch in the template's repository")
    return replace(_of_commit(mirror, found, address, terms), ref=commit)


def target(before: Snapshot, to: str | None) -> Snapshot:
    """The version to update to, the one asked for or the newest, on the terms of both.

    Raises UsageError for an older one than `before`, UserError for one that is not trusted
    or needs a migration.
    """
    address = foreign_address.of_record(before.source)
    gone = foreign_address.is_gone(address)
    plain = before.ref.startswith(_CONTENT) if gone else not address.is_git
    found = _content(before, to, address) if plain else _version(before, to, address)
    foreign_trust.check(found)
    foreign_trust.check_migrations(found, before)
    patterns = [*_written_once(before), *_written_once(found)]
    return replace(found, terms=replace(before.terms, skip=tuple(dict.fromkeys(patterns))))


def _commit_of(mirror: Mirror, recorded: str) -> str | None:
    """An ejected file names a version without the `v` of its tag."""
    return mirror.find(recorded) or mirror.find(f"v{recorded}")


def newer(before: Snapshot) -> list[Release]:
    """The versions since, as far as tags are versions; the oldest first."""
    address = foreign_address.of_record(before.source)
    tag = re.sub(r"-[0-9]+-g[0-9a-f]+$", "", before.ref)
    start = version_of(tag) if address.is_git else None
    if start is None:
        return []
    mirror = Mirror(address.place)
    mirror.refresh()
    found = [version for tag in mirror.tags() if (version := version_of(tag)) is not None]
    return [
        Release(version, "", "", "", security=False)
        for version in found
        if version > start and not version.is_prerelease
    ]


def say_whether_it_can_be_updated(service: Path) -> None:
    """Warn of a template that leaves no trace of itself in what it makes."""
    if not (service / ANSWERS_FILE).is_file():
        console.say(f"[yellow]![/] the template writes no `{ANSWERS_FILE}`, so this service "
                    "cannot be updated")  # fmt: skip


def _version(before: Snapshot, to: str | None, address: Address) -> Snapshot:
    mirror = Mirror(address.place)
    mirror.refresh()
    commit = mirror.commit(to or mirror.newest())
    found = _of_commit(mirror, commit, address, before.terms)
    if not _goes_back(mirror, before, found):
        return found
    if to is None:
        return before
    message = f"the service is on {before.ref} already, which is newer than {to}"
    raise UsageError(message, hint="updates go forward only; `git revert` takes one back")


def _content(before: Snapshot, to: str | None, address: Address) -> Snapshot:
    if to:
        message = f"the template `{before.source}` is a plain folder and has no `{to}`"
        raise UsageError(message, hint="leave out `--to`")
    return _of_folder(address, before.terms)


def _written_once(snapshot: Snapshot) -> list[str]:
    return [str(each) for each in snapshot.config.get("_skip_if_exists") or ()]


def _goes_back(mirror: Mirror, before: Snapshot, after: Snapshot) -> bool:
    if not before.commit:
        return False
    if mirror.is_before(after.commit, before.commit):
        return True
    start, end = version_of(before.ref), version_of(after.ref)
    related = mirror.is_before(before.commit, after.commit)
    return bool(start and end and end < start and not related)


def _of_commit(mirror: Mirror, commit: str, address: Address, terms: Terms) -> Snapshot:
    return _snapshot(mirror.tree(commit), mirror.describe(commit), commit, address, terms)


def _of_folder(address: Address, terms: Terms) -> Snapshot:
    """Its content as it is now, kept so that a later update knows what it was."""
    folder = Path(address.place)
    if not folder.is_dir():
        message = f"the template `{folder}` is not there any more"
        raise UserError(message, hint="restore it, or run `msgen set-source`")
    foreign_config.load(folder)  # says when it is none
    ref = _CONTENT + foreign_store.checksum(folder)[:12]
    kept = foreign_store.kept(ref, lambda place: foreign_store.copy(folder, place))
    return _snapshot(kept, ref, "", address, terms)


def _snapshot(root: Path, ref: str, commit: str, address: Address, terms: Terms) -> Snapshot:
    version = ref.removeprefix("v").replace("/", "-")
    return Snapshot(root, version, address.recorded, ref, commit, terms)
