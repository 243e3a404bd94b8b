"""Writes what was planned: whole, or not at all."""

import errno
import tempfile
from collections.abc import Callable
from pathlib import Path

from . import console, intake, staging
from .errors import UserError
from .plan import Plan

Agreement = Callable[[Plan, list[str]], None]
"""Sees the plan and its files, and raises when they must not be written."""

_REASONS = {
    errno.ENOSPC: ("no space is left on the device", "free some space"),
    errno.EDQUOT: ("the disk quota is used up", "free some space"),
    errno.EFBIG: ("a file grew larger than this process may write", "raise `ulimit -f`"),
    errno.EROFS: ("the file system is read-only", "choose another place with `--output DIR`"),
    errno.EACCES: ("permission was denied", "choose another place with `--output DIR`"),
    errno.EPERM: ("permission was denied", "choose another place with `--output DIR`"),
}


def preview(plan: Plan) -> list[str]:
    """The files that would be written; nothing is left behind."""
    with tempfile.TemporaryDirectory(prefix="msgen-preview-") as folder:
        return render_into(plan, Path(folder))


def without_asking(plan: Plan, files: list[str]) -> None:
    """Agree to everything."""


def write(plan: Plan, *, agree: Agreement) -> list[str]:
    """Render beside the target and rename into place, once `agree` has seen the files."""
    try:
        with staging.beside(plan.target) as folder:
            files = render_into(plan, folder)
            agree(plan, files)
            staging.publish(folder, plan.target)
    except OSError as wrong:
        raise _explained(wrong, plan.target) from wrong
    return files


def render_into(plan: Plan, folder: Path) -> list[str]:
    """Render into an empty folder and list what lies there."""
    with console.patience("Rendering the template"):
        from .render import render

        render(plan.snapshot, plan.given, folder)
        intake.place(plan.intake, folder)
        staging.even_modes(folder)
    found = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(path.relative_to(folder).as_posix() for path in found)


def _explained(wrong: OSError, target: Path) -> UserError:
    reason, remedy = _REASONS.get(wrong.errno or 0, (str(wrong), "mend that"))
    message = f"`{target}` could not be written: {reason}"
    return UserError(message, hint=f"{remedy}, then run the command again; nothing was written")
