"""Runs a recovery: looks, shows the evidence, asks, writes."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import console, git, journal, recovery, recovery_fit, report
from .errors import UsageError, UserError
from .record import Record
from .recovery import Finding
from .render import ANSWERS_FILE

_LISTED, _WIDTH = 12, 48


@dataclass(frozen=True)
class Wish:
    """How it is to be done."""

    dry_run: bool
    yes: bool
    as_json: bool


def run(place: Path, wish: Wish) -> None:
    """Find what fits and write it after a yes; raises UserError when nothing may be written."""
    folder = place.expanduser().resolve()
    if not folder.is_dir():
        message = f"`{folder}` is no folder"
        raise UsageError(message, hint="name the folder of a service")
    with _alone(folder):
        found = _look(folder)
        if isinstance(found, Record):
            _show_healthy(found, wish)
        else:
            _decide(found, wish)


def _look(folder: Path) -> Finding | Record:
    """What fits best, or the record where nothing is wrong with it."""
    whole = recovery.healthy(folder)
    if whole:
        return whole
    try:
        with console.progress("Comparing the service with every release"):
            return recovery.find(folder)
    except UserError:
        other = recovery.readable(folder)
        if other and other.is_foreign:  # another template, which writes no checksum
            return other
        raise


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """In a repository, finish first what a kill has left: it may be why the file is lost."""
    try:
        repository = git.around(folder)
    except UserError:  # no repository, or nothing is committed: no command has worked here
        repository = None
    with journal.alone(repository) if repository else nullcontext():
        told = journal.recover(repository) if repository else None
        if told:
            console.say(f"[yellow]![/] {told}")
        yield


def _decide(finding: Finding, wish: Wish) -> None:
    asking = console.is_interactive() and not (wish.yes or wish.as_json or wish.dry_run)
    if not wish.as_json:
        show(finding)
    if asking:
        from . import prompts

        prompts.agree(f"Write `{ANSWERS_FILE}`?")
    written = asking or (wish.yes and not wish.dry_run)
    kept = recovery.write(finding) if written else None
    if wish.as_json:
        console.out_json(as_dict(finding, "written" if written else "found", kept))
    elif written:
        _show_written(kept)
    if wish.dry_run and not wish.as_json:
        console.out("nothing was written")
    if not written and not wish.dry_run:
        message = "nothing was written"
        raise UserError(message, hint="run it again with `--yes` to write what was found")


def show(finding: Finding) -> None:
    """The releases, the answers, and what does not fit."""
    best, recorded = finding.best.snapshot, finding.known.recorded
    console.out(f"[bold]{finding.answers['name']}[/]  fits {best.version} best")
    if recorded and recorded != best.version:
        console.out(f"[yellow]![/] {recorded} was recorded")
    for lines in (recovery_fit.table(finding.candidates), _answers(finding), _misfits(finding)):
        console.out()
        for line in lines:
            console.out(line)


def as_dict(finding: Finding, status: str, kept: Path | None) -> dict[str, Any]:
    """For `--json`."""
    return {
        "path": str(finding.folder),
        "status": status,
        "recorded": finding.known.recorded,
        "candidates": [each.as_dict() for each in finding.candidates],
        "answers": {
            key: {"value": value, "evidence": finding.evidence[key], **_recorded(finding, key)}
            for key, value in finding.answers.items()
        },
        "misfits": finding.best.misfits,
        "file": finding.content.decode("utf-8"),
        "kept": str(kept) if kept else None,
    }


def _show_healthy(whole: Record, wish: Wish) -> None:
    if wish.as_json:
        console.out_json(
            {"path": str(whole.folder), "status": "healthy", "recorded": whole.version}
        )
        return
    console.out(
        f"[green]✓[/] `{ANSWERS_FILE}` of [bold]{whole.name}[/] is whole: {whole.version}"
    )


def _show_written(kept: Path | None) -> None:
    console.out(f"[green]✓[/] `{ANSWERS_FILE}` is written; look at it, commit it, then:")
    console.out("  msgen check")
    if kept:
        console.out(f"  [dim]what was left of the old one is in {kept.name}[/]")


def _answers(finding: Finding) -> list[str]:
    rows = [("answer", "value", "evidence")]
    for key, value in finding.answers.items():
        was = _recorded(finding, key)
        note = f" ({_short(was['recorded'])} was recorded)" if was else ""
        rows.append((key, _short(value), finding.evidence[key] + note))
    return console.table(rows)


def _short(value: Any) -> str:
    text = report.shown(value)
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def _recorded(finding: Finding, key: str) -> dict[str, Any]:
    """The value that was recorded, where another one was found."""
    clues = finding.known.clues.get(key)
    return (
        {"recorded": clues[0].value} if clues and clues[0].value != finding.answers[key] else {}
    )


def _misfits(finding: Finding) -> list[str]:
    misfits = finding.best.misfits
    if not misfits:
        return ["every sealed file is as that release made it"]
    lines = console.table([(what, path) for path, what in misfits.items()][:_LISTED])
    more = len(misfits) - _LISTED
    rest = [f"  and {more} more"] if more > 0 else []
    return ["sealed files that are not as that release made them:", *lines, *rest]
