"""Derived files of a tree that nobody has checked out: `uv.lock` is made again."""

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from . import derived, poststeps
from .change import Change
from .verdicts import CHANGING, Verdict

_PYPROJECT = "pyproject.toml"


def lock_is_stale(change: Change) -> bool:
    """Whether the dependencies changed under a lock that the service has committed."""
    changed = any(
        each.path == _PYPROJECT and each.verdict in CHANGING for each in change.outcomes
    )
    return changed and derived.LOCK in change.merged.files


def settings_are_stale(change: Change) -> bool:
    """Whether the table of settings is edited; only the service itself can write it."""
    return any(
        each.path == derived.SETTINGS and each.verdict in {Verdict.KEPT, Verdict.MERGED}
        for each in change.outcomes
    )


def with_lock(change: Change, tree: str) -> tuple[str, str | None]:
    """The tree with the lock that fits it; or as it was, and why."""
    repository = change.repository
    lock = repository.prefix + derived.LOCK
    with TemporaryDirectory(prefix="msgen-lock-") as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
        repository.git("read-tree", tree, extra=index)
        paths = "".join(f"{repository.prefix}{path}\0" for path in change.merged.files)
        repository.git("checkout-index", "--quiet", "-z", "--stdin", f"--prefix={folder}/tree/",
                       stdin=paths.encode(errors="surrogateescape"), extra=index)  # fmt: skip
        why = _make(Path(folder, "tree", repository.prefix))
        if why:
            return tree, why
        content = Path(folder, "tree", lock).read_bytes()
        oid = repository.git("hash-object", "-w", "--stdin", stdin=content).decode().strip()
        mode = change.merged.files[derived.LOCK].mode
        line = f"{mode} {oid}\t{lock}\0".encode(errors="surrogateescape")
        repository.git("update-index", "-z", "--index-info", stdin=line, extra=index)
        return repository.git("write-tree", extra=index).decode().strip(), None


def _make(folder: Path) -> str | None:
    """Run uv; says why it failed."""
    why = "uv could not be run"
    with suppress(OSError):
        ran = poststeps.run_uv(["lock", "--quiet"], folder)
        if ran.returncode == 0:
            return None
        why = poststeps.last_words(ran)
    return why
