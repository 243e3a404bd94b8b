"""What the team changed in the template's files, and what an update would change."""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from . import change, git, handover, record, trees, updating, upkeep
from .change import Change
from .errors import UsageError
from .ownership import Owner, Ownership
from .record import Record
from .trees import LINK, PROGRAM, Blob, Tree
from .verdicts import CHANGING, Verdict

_TEAMS = {Owner.SEALED, Owner.SHARED}


@dataclass(frozen=True)
class Difference:
    """A file that differs, with the difference as a patch."""

    path: str
    owner: str
    patch: str

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {"path": self.path, "owner": self.owner, "patch": self.patch}


def by_the_team(place: Path, files: Sequence[str], *, colour: bool) -> list[Difference]:
    """Sealed and shared files as they lie there, against the recorded template."""
    service, files = _service(place, files)
    state = change.recorded_state(service)
    table = Ownership(state.snapshot)
    whole = state.render()
    _check_known(files, whole, service)
    rendered = {
        path: blob
        for path, blob in whole.items()
        if _wanted(path, files) and (files or table.owner(path) in _TEAMS)
    }
    present = _present(service, rendered)
    return [
        Difference(path, str(table.owner(path)), patch)
        for path, patch in _patches(rendered, present, ("template", "yours"), colour=colour)
    ]


def by_an_update(
    place: Path, files: Sequence[str], to: str | None, *, colour: bool
) -> tuple[list[Difference], list[str]]:
    """What an update would change, and the team's files that the template has newer.

    A file that is named is shown as the template has it, even if an update leaves it alone.
    """
    service, files = _service(place, files)
    repository = git.around(service.folder)
    target = change.target_state(service, updating.target_of(service, to), {})
    with change.planned(
        service, repository, target, leave_edited=True, for_real=False
    ) as planned:
        _check_known(files, [each.path for each in planned.outcomes], service)
        (before, after), passed_over = _sides(planned), _passed_over(planned)
        if files:
            named = [path for path in passed_over if _wanted(path, files)]
            now = target.render(sha256=repository.sha256).items()
            after |= {path: blob for path, blob in now if path in named}
            before |= _committed(named, planned)
        owners = {each.path: each.owner for each in planned.outcomes}
    patches = _patches(before, after, ("now", "updated"), colour=colour)
    found = [Difference(path, owners.get(path, Owner.YOURS), patch)
             for path, patch in patches if _wanted(path, files)]  # fmt: skip
    return found, [path for path in passed_over if not _wanted(path, files) or not files]


def _service(place: Path, files: Sequence[str]) -> tuple[Record, list[str]]:
    service = record.load(place)
    upkeep.check_undisturbed(service.folder)
    return service, _inside(service, files)


def _inside(service: Record, files: Sequence[str]) -> list[str]:
    """From where one is, or from the service's top when that is elsewhere."""
    here, top = Path.cwd(), service.folder.resolve()
    start = here if here.is_relative_to(top) else service.folder
    return [handover.inside(service.folder, start / file) for file in files]


def _check_known(files: Sequence[str], known: Collection[str], service: Record) -> None:
    for file in files:
        there = os.path.lexists(service.folder / file)
        if not there and not any(_wanted(path, [file]) for path in known):
            message = f"neither the template nor the service has `{file}`"
            raise UsageError(message, hint="`msgen diff` shows every file that differs")


def _sides(planned: Change) -> tuple[Tree, Tree]:
    """The files that change, as they are and as they would be, with their contents."""
    paths = [each.path for each in planned.outcomes if each.verdict in CHANGING]
    new = {path: planned.merged.files[path] for path in paths if path in planned.merged.files}
    said = trees.contents(
        (blob.oid for blob in new.values()), planned.repository, scratch=planned.merged.scratch
    )
    after = {path: Blob(blob.mode, blob.oid, said[blob.oid]) for path, blob in new.items()}
    return _committed(paths, planned), after


def _committed(paths: Sequence[str], planned: Change) -> Tree:
    there = {path: planned.ours[path] for path in paths if path in planned.ours}
    said = trees.contents((blob.oid for blob in there.values()), planned.repository)
    return {path: Blob(blob.mode, blob.oid, said[blob.oid]) for path, blob in there.items()}


def _passed_over(planned: Change) -> list[str]:
    """Files of the team's that the template would have changed, or would have brought."""
    return [
        each.path
        for each in planned.outcomes
        if each.verdict in {Verdict.KEPT, Verdict.LEFT_OUT} and each.newer
    ]


def _present(service: Record, rendered: Tree) -> Tree:
    """The work tree's files; where only line ends differ, the rendered content."""
    found: Tree = {}
    for path, blob in rendered.items():
        file = service.folder / path
        if file.is_symlink() or file.is_file():
            mode, data = trees.content(file)
            unix = data if LINK in {mode, blob.mode} else data.replace(b"\r\n", b"\n")
            found[path] = (
                replace(blob, mode=mode) if unix == blob.data else trees.blob(mode, unix)
            )
    return found


def _wanted(path: str, files: Sequence[str]) -> bool:
    return not files or any(
        file in {path, "."} or path.startswith(f"{file}/") for file in files
    )


def _patches(
    before: Tree, after: Tree, names: tuple[str, str], *, colour: bool
) -> list[tuple[str, str]]:
    """A patch for each path that differs, as git writes them."""
    found = []
    with TemporaryDirectory(prefix="msgen-") as folder:
        for path in sorted(before.keys() | after.keys()):
            old, new = before.get(path), after.get(path)
            if old and new and (old.mode, old.data) == (new.mode, new.data):
                continue
            for name, blob in zip(names, (old, new), strict=True):
                _lay(Path(folder), f"{name}/{path}", blob)
            found.append((path, _patch(Path(folder), path, names, colour=colour)))
    return found


def _lay(folder: Path, path: str, blob: Blob | None) -> None:
    if blob is None:
        return
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    if blob.mode == LINK:
        place.symlink_to(os.fsdecode(blob.data or b""))
        return
    place.write_bytes(blob.data or b"")
    place.chmod(0o755 if blob.mode == PROGRAM else 0o644)


def _patch(folder: Path, path: str, names: tuple[str, str], *, colour: bool) -> str:
    sides = [f"{name}/{path}" for name in names]
    sides = [side if os.path.lexists(folder / side) else "/dev/null" for side in sides]
    shade = "always" if colour else "never"
    words = (
        "diff",
        "--no-index",
        "--no-ext-diff",
        "--no-prefix",
        f"--color={shade}",
        "--",
        *sides,
    )
    return git.run(*words, cwd=folder, ok=(0, 1)).decode(errors="replace")
