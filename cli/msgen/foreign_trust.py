"""Templates may ask to run programs and load code; nothing of that happens unasked."""

from typing import Any

from . import config
from .errors import UserError
from .foreign_fetch import without_secret
from .foreign_git import version_of
from .releases import Snapshot

_LONGEST = 60


def check(snapshot: Snapshot) -> None:
    """Refuse a template that asks for more than files, unless it is trusted.

    Raises UserError before anything of it has run.
    """
    if not snapshot.is_foreign or is_trusted(snapshot):
        return
    wanted = _wanted(snapshot.config)
    if wanted:
        shown = without_secret(snapshot.source)
        message = (
            f"the template `{shown}` at `{snapshot.ref}` wants to {' and to '.join(wanted)}"
        )
        hint = (
            "read what that does; if you trust the template, `new` and `update` take "
            f"`--trust`, and `trusted` in `{config.path()}` holds for every command"
        )
        raise UserError(message, hint=hint)


def is_trusted(snapshot: Snapshot) -> bool:
    """Whether somebody said `--trust`, or the configuration names the URL.

    An entry that ends in a slash is a prefix, any other one whole URL.
    """
    if snapshot.terms.trusted:
        return True
    url = snapshot.source.removeprefix("git+")
    return any(
        url.startswith(each) if each.endswith("/") else url == each
        for each in config.load().trusted
    )


def check_migrations(snapshot: Snapshot, before: Snapshot) -> None:
    """Refuse an update over a step for which the template has a migration.

    Raises UserError, because only Copier runs migrations.
    """
    due = [
        each
        for each in snapshot.config.get("_migrations") or ()
        if _is_due(each, snapshot, before)
    ]
    if due and before.ref != snapshot.ref:
        message = (
            f"the template has a migration from `{before.ref}` to `{snapshot.ref}`, "
            "and msgen runs none"
        )
        hint = f"take this step with `copier update --trust --vcs-ref {snapshot.ref}`"
        raise UserError(message, hint=hint)


def _is_due(migration: Any, snapshot: Snapshot, before: Snapshot) -> bool:
    """As Copier decides; where it would ask an expression, it counts as due."""
    start, end = version_of(before.ref), version_of(snapshot.ref)
    if not isinstance(migration, dict) or "version" not in migration:
        return True
    if start is None or end is None:
        return True
    step = version_of(str(migration["version"]))
    return step is None or start < step <= end


def _wanted(asked: dict[str, Any]) -> list[str]:
    wanted = []
    tasks = [_shown(each) for each in asked.get("_tasks") or ()]
    if tasks:
        wanted.append("run " + ", ".join(f"`{each}`" for each in tasks))
    extensions = [str(each) for each in asked.get("_jinja_extensions") or ()]
    if extensions:
        wanted.append("load the code of " + ", ".join(f"`{each}`" for each in extensions))
    return wanted


def _shown(task: Any) -> str:
    """A task's command in one line."""
    command = task.get("command", "") if isinstance(task, dict) else task
    text = " ".join(map(str, command)) if isinstance(command, list) else str(command)
    text = " ".join(text.split()).replace("`", "'")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
