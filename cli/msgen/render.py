"""Renders the template through Copier; together with `fastcopier` all that knows Copier."""

import re
import shutil
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import UserError
from .releases import Snapshot

ANSWERS_FILE = ".copier-answers.yml"
LEFTOVERS = ("__pycache__", "*.py[co]", ".DS_Store", ".*_cache")
"""What tools leave behind in a clone of the template; never part of a service."""


def render(snapshot: Snapshot, answers: Mapping[str, Any], folder: Path) -> None:
    """Write the service into an existing empty folder."""
    if snapshot.is_foreign:
        from . import foreign_copier

        foreign_copier.render(snapshot, answers, folder)
        return
    try:
        fast = fast_path()
        if fast is None:
            render_publicly(snapshot, answers, folder)
        else:
            fast.render(snapshot, answers, folder, exclude=LEFTOVERS)
    except (OSError, UserError, MemoryError):
        raise
    except Exception as wrong:
        message = f"the template could not be rendered: {one_line(wrong)}"
        hint = "this is a fault of the template or of Copier, not yours; please report it"
        raise UserError(message, hint=hint) from wrong


def render_publicly(snapshot: Snapshot, answers: Mapping[str, Any], folder: Path) -> None:
    """The same through Copier's public interface alone: the reference, and the fallback."""
    with tempfile.TemporaryDirectory(prefix="msgen-template-") as scratch:
        # Out of any repository, Copier takes the files as they lie there.
        shutil.copy(snapshot.root / "copier.yml", scratch)
        shutil.copytree(snapshot.root / "template", Path(scratch, "template"))
        run_publicly(Path(scratch), answers, folder, exclude=LEFTOVERS)
    record_origin(folder / ANSWERS_FILE, snapshot)


def run_publicly(
    template: Path, answers: Mapping[str, Any], folder: Path, **options: Any
) -> Any:
    """Copier's public interface; asks nothing, and says nothing."""
    from copier import Settings, run_copy

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return run_copy(
            str(template),
            folder,
            data=dict(answers),
            defaults=True,
            overwrite=True,
            quiet=True,
            settings=Settings(),
            **options,
        )


def copier_version() -> str:
    """The version of Copier that is installed."""
    from importlib.metadata import version

    return version("copier")


def uses_fast_path() -> bool:
    """Whether this Copier is one whose inner workings were tested."""
    return fast_path() is not None


def fast_path() -> Any:
    """The module with the fast path, if it fits the Copier that is installed."""
    try:
        from . import fastcopier
    except (ImportError, AttributeError, TypeError):
        return None
    return fastcopier if fastcopier.fits() else None


def record_origin(file: Path, snapshot: Snapshot) -> None:
    """Name the template by its URL and tag, where Copier wrote a path of this machine."""
    text = file.read_text(encoding="utf-8")
    origin = f"_commit: {snapshot.tag}\n_src_path: {snapshot.source}\n"
    file.write_text(
        re.sub(r"^_src_path:.*\n(?: .*\n)*", lambda _: origin, text, flags=re.MULTILINE),
        encoding="utf-8",
    )


def one_line(wrong: Exception) -> str:
    """What an exception says, or else its name."""
    return " ".join(str(wrong).split()) or type(wrong).__name__
