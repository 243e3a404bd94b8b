"""Says what a change does to a service, file by file, in words."""

from collections.abc import Sequence
from pathlib import Path

from . import console, verdicts
from .change import Change
from .poststeps import Step
from .report import STEP_MARKS
from .upkeep import Result
from .verdicts import Outcome, Verdict

_MARKS = {
    Verdict.NEW: "[green]+[/]",
    Verdict.CLEAN: "[green]~[/]",
    Verdict.MERGED: "[green]~[/]",
    Verdict.CONFLICT: "[red]![/]",
    Verdict.GONE: "[yellow]-[/]",
}


def show_files(outcomes: Sequence[Outcome], *, everything: bool = False) -> None:
    """A line for each file that changes or would have; the rest is counted."""
    moved = {each.was for each in outcomes}
    shown = [
        each
        for each in outcomes
        if each.verdict is not Verdict.UNCHANGED
        and not (each.verdict is Verdict.GONE and each.path in moved)
        and (
            everything or each.verdict in verdicts.CHANGING or each.verdict is Verdict.LEFT_OUT
        )
    ]
    width = max((len(each.verdict) for each in shown), default=0)
    for each in shown:
        mark = _MARKS.get(each.verdict, "[dim]·[/]")
        was = f" [dim](was {console.literal(each.was)})[/]" if each.was else ""
        console.out(f"  {mark} {each.verdict:<{width}}  {console.literal(each.path)}{was}")
    counts = verdicts.counted(list(outcomes))
    console.out(
        "  [dim]" + ", ".join(f"{number} {word}" for word, number in counts.items()) + "[/]"
    )


def show_change(planned: Change) -> None:
    """What a confirmation is about."""
    record, target = planned.record, planned.target.snapshot
    console.out(f"[bold]{record.name}[/]  {_step(record.version, target.version)}")
    show_files(planned.outcomes)


def show(result: Result, *, listed: bool) -> None:
    """How it went, and what to type next; `listed` when the files were shown already."""
    record, version = result.record, result.target.snapshot.version
    place = _place(record.folder)
    if result.status == "up to date":
        console.out(f"[green]✓[/] [bold]{record.name}[/] is up to date with {version}")
        return
    if not listed:
        console.out(f"[bold]{record.name}[/]  {_step(record.version, version)}")
        show_files(result.outcomes)
    if result.status == "planned":
        console.out("nothing was written")
        return
    _show_steps(result.steps)
    if result.status == "conflict":
        _show_conflicts(result)
        return
    console.out(f"[green]✓[/] everything is staged in `{place}`; look at it and commit:")
    for line in _by_hand(result.steps):
        console.out(f"  {line}")
    console.out("  git diff --staged")
    console.out(f"  git commit --message '{_subject(result)}'")
    console.out("  [dim]or take it back: msgen update --abort[/]")


def show_finished(steps: Sequence[Step]) -> None:
    """After `--continue`."""
    _show_steps(steps)
    for line in _by_hand(steps):
        console.out(f"  {line}")
    console.out("[green]✓[/] every conflict is resolved; commit: `git commit`")


def _show_conflicts(result: Result) -> None:
    console.say()
    number = console.counted(result.conflicts)
    console.say(f"[red]![/] {number} {'needs' if len(result.conflicts) == 1 else 'need'} you:")
    for path in result.conflicts:
        console.say(f"  {console.literal(path)}")
    console.say()
    console.say(f"In `{_place(result.record.folder)}`: edit them (`git mergetool` helps), "
                "`git add` each, then `msgen update --continue`")  # fmt: skip
    console.say("or take everything back: `msgen update --abort`")


def _show_steps(steps: Sequence[Step]) -> None:
    for step in steps:
        console.out(f"{STEP_MARKS[step.status]} {step.name:<8}  {step.detail}")


def _by_hand(steps: Sequence[Step]) -> list[str]:
    return [line for step in steps if step.status != "done" for line in step.by_hand]


def _subject(result: Result) -> str:
    version = result.target.snapshot.version
    if version == result.record.version:
        return "Change the answers to the template"
    return f"Update the template to {version}"


def _step(before: str, after: str) -> str:
    return f"{before} → {after}" if before != after else f"stays on {before}"


def _place(folder: Path) -> str:
    try:
        return console.literal(str(folder.relative_to(Path.cwd())))
    except ValueError:
        return console.literal(str(folder))
