"""Whether the conflicts of a change are resolved."""

import shlex
from pathlib import Path

from . import journal
from .deciding import MARKS
from .entries import Entry
from .errors import UserError
from .git import Repository


def check_resolved(entry: Entry, repository: Repository) -> None:
    """Refuse to go on while a conflict is open, in a file or as it is staged."""
    said = repository.git("diff", "--name-only", "--diff-filter=U", "-z").decode()
    unmerged = [path for path in said.split("\0") if path.startswith(entry.prefix) and path]
    staged = journal.staged_contents(repository, entry.conflicts)
    marked = [
        path
        for path in entry.conflicts
        if _has_markers(repository.top / path) or MARKS.search(staged.get(path, b""))
    ]
    for paths, what in ((marked, "still has conflict marks"), (unmerged, "is not resolved")):
        if paths:
            path = shlex.quote(paths[0].removeprefix(entry.prefix))
            message = f"`{paths[0]}` {what}"
            hint = (
                f"in `{repository.folder}`: edit it, `git add {path}` or `git rm` it, then this"
            )
            raise UserError(message, hint=hint)


def _has_markers(file: Path) -> bool:
    return file.is_file() and bool(MARKS.search(file.read_bytes()))
