"""Says what was made, in words and for machines."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import console
from .answers import Source
from .plan import Plan
from .poststeps import Step

STEP_MARKS = {"done": "[green]✓[/]", "skipped": "[dim]–[/]", "failed": "[red]✗[/]"}


def shown(value: Any) -> str:
    """A value as one would type it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value) or '""'


def show_answers(plan: Plan, *, derived: bool = True) -> None:
    """Each answer with its source; without `derived` those that somebody could give."""
    rows = [
        (key, str(each.source), shown(_open(key, each.value, plan)))
        for key, each in plan.answers.items()
        if each.value != [] and (derived or each.source is not Source.DERIVED)
    ]
    for line in console.table(rows):
        console.out(console.fitted(line))


def _open(key: str, value: Any, plan: Plan) -> Any:
    """A value, unless nobody may see it."""
    return "***" if key in plan.secrets else value


def say_whether_it_can_be_updated(plan: Plan) -> None:
    """Templates of others may leave no record of themselves."""
    if plan.snapshot.is_foreign:
        from . import foreign

        foreign.say_whether_it_can_be_updated(plan.target)


def show_tree(plan: Plan, files: Sequence[str], *, depth: int | None = None) -> None:
    """What lies in the target, as a tree."""
    console.out(f"[bold]{console.literal(plan.target.name)}/[/]")
    for line in console.tree(files, depth=depth):
        console.out(line)


def show_dry_run(plan: Plan, files: Sequence[str], *, as_json: bool) -> None:
    """What would be written."""
    if as_json:
        console.out_json(_as_dict(plan, files, None))
        return
    show_tree(plan, files)
    console.out()
    place = console.literal(_place(plan.target))
    console.out(f"{console.counted(files)} for `{place}`; nothing was written")


def show_summary(
    plan: Plan, files: Sequence[str], steps: Sequence[Step], *, as_json: bool
) -> None:
    """What was written, how the steps went, and what to type next."""
    if as_json:
        console.out_json(_as_dict(plan, files, steps))
        return
    console.out()
    console.out(
        f"[green]✓[/] [bold]{plan.name}[/]  {console.counted(files)} in "
        f"`{console.literal(_place(plan.target))}`, preset `{plan.preset.name}`{_implied(plan)}"
    )
    for step in steps:
        console.out(f"{STEP_MARKS[step.status]} {step.name:<7}  {step.detail}")
    console.out()
    console.out("Next:")
    for line in console.table(_next(plan, steps)):
        console.out(console.literal(line))


def _as_dict(plan: Plan, files: Sequence[str], steps: Sequence[Step] | None) -> dict[str, Any]:
    """The same for `--json`; without steps it was a dry run."""
    answers = {
        key: {"value": _open(key, each.value, plan), "source": str(each.source)}
        for key, each in plan.answers.items()
    }
    return {
        "name": plan.name,
        "path": str(plan.target),
        "preset": plan.preset.name,
        "dry_run": steps is None,
        "template": {"version": plan.snapshot.version, "sha256": plan.snapshot.checksum},
        "answers": answers,
        "files": list(files),
        "steps": [step.as_dict() for step in steps or ()],
        "next": [row[0] for row in _next(plan, steps)] if steps is not None else [],
    }


def _implied(plan: Plan) -> str:
    implied = [
        f"`{key}={shown(each.value)}`"
        for key, each in plan.answers.items()
        if each.source is Source.PRESET
    ]
    return f" (which means {', '.join(implied)})" if implied else ""


def _next(plan: Plan, steps: Sequence[Step]) -> list[tuple[str, str]]:
    by_hand = [(line, "") for step in steps for line in step.by_hand if step.status != "done"]
    rows = [(f"cd {shlex.quote(_place(plan.target))}", ""), *by_hand]
    if by_hand and any(step.name == "install" for step in steps if step.status != "done"):
        install = rows[1]
        rows[1] = (install[0], "# makes `.venv` and `uv.lock`, which do not exist yet")
    if "command" not in plan.answers:
        return rows
    return [*rows, *_first_steps(plan), (".venv/bin/pytest", "# runs its tests")]


def _first_steps(plan: Plan) -> list[tuple[str, str]]:
    """A service that nobody calls has no page of an API, and no tokens."""
    command = f".venv/bin/{plan.answers['command'].value}"
    if "serves" in plan.answers and not plan.answers["serves"].value:
        return [(f"{command} serve", "# then look at http://127.0.0.1:8000/readyz")]
    return [
        (f"{command} serve", "# then open http://127.0.0.1:8000/docs"),
        (f"{command} token", "# prints a token for development"),
    ]


def _place(target: Path) -> str:
    """As short as it can be typed from here."""
    try:
        return str(target.relative_to(Path.cwd()))
    except ValueError:
        return str(target)
