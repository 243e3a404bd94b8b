"""Ownership of one file changes hands: ejected from the template, or adopted by it again."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import change, journal, questions, releases, trees, upkeep
from .change import State
from .errors import UsageError, UserError
from .git import Repository
from .ownership import Owner, Ownership
from .questions import EJECTED
from .record import Record
from .render import ANSWERS_FILE
from .trees import Blob, Tree
from .upkeep import Manner, Result

_MARK = b"Ejected from the template"
_HEADERS = (b"Sealed:", b"Shared:")


def eject(file: Path) -> tuple[Record, str]:
    """Make a file the team's own: no update, no check looks at it any more."""
    with upkeep.at_work(file.parent) as (service, repository):
        path = inside(service.folder, file)
        _check_is_file(path, service)
        upkeep.check_clean(repository)
        state = change.recorded_state(service)
        _check_template(state)
        rendered = state.render(sha256=repository.sha256)
        _check_ejectable(path, service, rendered, Ownership(state.snapshot))
        ejected = [*(service.answers.get(EJECTED) or ()), f"{path}@{service.version}"]
        target = _with_ejected(service, state, ejected)
        del rendered[path]
        upkeep.carry_out(
            service, repository, target, Manner(f"msgen eject {path}"), base=rendered
        )
        _rewrite_header(repository, path, service.version)
        return service, path


def adopt(file: Path, *, replaced: bool) -> Result:
    """Give a file back to the template: the team's changes merged, or replaced.

    Raises UserError when the file is not ejected and there is nothing to replace.
    """
    with upkeep.at_work(file.parent) as (service, repository):
        path = inside(service.folder, file)
        state = change.recorded_state(service)
        _check_template(state)
        ejected = [
            each
            for each in service.answers.get(EJECTED) or ()
            if str(each).rpartition("@")[0] != path
        ]
        target = _with_ejected(service, state, ejected)
        now = target.render(sha256=repository.sha256)
        _check_adoptable(path, service, now, replaced=replaced)
        base = state.render(sha256=repository.sha256)
        _lay_base(base, path, service, repository, replaced=replaced)
        return upkeep.carry_out(
            service, repository, target, Manner(f"msgen adopt {path}"), base=base
        )


def inside(top: Path, file: Path) -> str:
    """A file's path in a service; raises UsageError for one outside of it."""
    whole = Path(os.path.abspath(file.expanduser()))  # noqa: PTH100 - a link stays a link
    for folder in (top, Path(os.path.realpath(top))):
        if whole.is_relative_to(folder):
            return whole.relative_to(folder).as_posix()
    message = f"`{file}` is not in the service `{top}`"
    raise UsageError(message)


def _check_is_file(path: str, service: Record) -> None:
    place = service.folder / path
    if place.is_dir() and not place.is_symlink():
        message = f"`{path}` is a folder, and files are ejected one by one"
        raise UsageError(message, hint=f"name a file: `msgen eject {path}/FILE`")


def _check_ejectable(path: str, service: Record, rendered: Tree, table: Ownership) -> None:
    if path in service.ejected:
        message = f"`{path}` is ejected already, since {service.ejected[path]}"
        raise UserError(message, hint=f"`msgen adopt {path}` gives it back")
    if path not in rendered:
        message = f"`{path}` is not from the template, so it is yours already"
        raise UserError(message)
    owner = table.owner(path)
    if owner is Owner.YOURS:
        message = f"`{path}` is yours already: updates leave it alone once you have edited it"
        raise UserError(message)
    if owner is Owner.DERIVED or path == ANSWERS_FILE:
        message = f"`{path}` is written by commands and cannot be ejected"
        raise UserError(message)


def _check_adoptable(path: str, service: Record, now: Tree, *, replaced: bool) -> None:
    if path not in now:
        message = f"the template {service.version} does not have `{path}`"
        raise UserError(message, hint="it is yours; delete it if you do not need it")
    if path not in service.ejected and not replaced:
        message = f"`{path}` is not ejected"
        hint = f"`msgen adopt {path} --replace` takes the template's, and drops your changes"
        raise UserError(message, hint=hint)


def _check_template(state: State) -> None:
    if EJECTED not in questions.load(state.snapshot):
        message = "the template of this service knows no ejected files"
        raise UserError(message, hint="its files are shared: edit them, updates merge")


def _with_ejected(service: Record, state: State, ejected: list[Any]) -> State:
    return change.target_state(service, state.snapshot, {EJECTED: ejected})


def _lay_base(
    base: Tree, path: str, service: Record, repository: Repository, *, replaced: bool
) -> None:
    """What the team's file is compared with: itself when replaced, else its first rendering."""
    ours = trees.at(repository.tree, repository).get(path)
    base.pop(path, None)
    if replaced:
        if ours:
            base[path] = replace(ours, data=trees.contents([ours.oid], repository)[ours.oid])
        return
    before = _rendered_at_ejection(path, service, repository)
    if before and ours:
        mine = trees.contents([ours.oid], repository)[ours.oid]
        base[path] = _with_header_of(mine, before, sha256=repository.sha256)


def _rendered_at_ejection(path: str, service: Record, repository: Repository) -> Blob | None:
    version = service.ejected[path]
    if version == service.version:
        snapshot = service.snapshot()
    elif service.is_foreign:
        snapshot = replace(service, commit=version).snapshot()
    else:
        snapshot = replace(releases.asked_for(version), source=service.source)
    answers = {key: value for key, value in service.answers.items() if key != EJECTED}
    return State(snapshot, answers).render(sha256=repository.sha256).get(path)


def _with_header_of(mine: bytes, before: Blob, *, sha256: bool) -> Blob:
    """The header that ejecting wrote is no change of the team's."""
    first, _, _ = mine.partition(b"\n")
    _, newline, rest = (before.data or b"").partition(b"\n")
    if _MARK not in first:
        return before
    return trees.blob(before.mode, first + newline + rest, sha256=sha256)


def _rewrite_header(repository: Repository, path: str, version: str) -> None:
    """The first line says whose the file is, where it can hold a comment."""
    file = repository.folder / path
    if file.is_symlink() or not file.is_file():
        return
    first, newline, rest = file.read_bytes().partition(b"\n")
    header = next((each for each in _HEADERS if each in first), None)
    if header is None:
        return
    mark = first[: first.index(header)]
    end = b"\r" if first.endswith(b"\r") else b""
    said = f" {version}; `msgen adopt` gives it back.".encode()
    file.write_bytes(mark + _MARK + said + end + newline + rest)
    repository.git("add", "--", repository.prefix + path)
    journal.extend(repository, [repository.prefix + path])
