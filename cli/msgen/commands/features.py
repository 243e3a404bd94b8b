"""`msgen add`, `remove`, `set`: answers changed after the birth of a service."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from . import options as opt

Features = Annotated[
    list[str], typer.Argument(help="Such as `tracing` or `broker=nats`.", metavar="FEATURE...")
]
Answers = Annotated[
    list[str], typer.Argument(help="Such as `licence=MIT`.", metavar="KEY=VALUE...")
]


def add(
    features: Features,
    *,
    at: opt.Service = None,
    dry_run: opt.DryRunOfChange = False,
    no_install: opt.NoInstall = False,
    yes: opt.Yes = False,
    as_json: opt.AsJson = False,
) -> None:
    """Add features, as if they had been chosen at birth; the template's version stays."""
    from msgen import features as named

    how = _how(f"msgen add {' '.join(features)}", dry_run, no_install, yes, as_json)
    _alter(at, lambda known: named.turned_on(features, known), how, as_json=as_json)


def remove(
    features: Features,
    *,
    at: opt.Service = None,
    dry_run: opt.DryRunOfChange = False,
    no_install: opt.NoInstall = False,
    yes: opt.Yes = False,
    as_json: opt.AsJson = False,
) -> None:
    """Remove features, as if they had never been chosen; a migration drops their tables."""
    from msgen import features as named

    how = _how(f"msgen remove {' '.join(features)}", dry_run, no_install, yes, as_json)
    _alter(at, lambda known: named.turned_off(features, known), how, as_json=as_json)


def set_answers(
    answers: Answers,
    *,
    at: opt.Service = None,
    dry_run: opt.DryRunOfChange = False,
    no_install: opt.NoInstall = False,
    yes: opt.Yes = False,
    as_json: opt.AsJson = False,
) -> None:
    """Change answers, as if they had been given at birth; `name` renames the service."""
    from msgen import features as named

    how = _how(f"msgen set {' '.join(answers)}", dry_run, no_install, yes, as_json)
    _alter(at, lambda known: named.said(answers, known), how, as_json=as_json)


def _how(command: str, dry_run: bool, no_install: bool, yes: bool, as_json: bool) -> Any:  # noqa: FBT001
    from msgen import altering, console

    asking = console.is_interactive() and not (yes or as_json or dry_run)
    return altering.Manners(command, dry_run, not no_install, yes, asking)


def _alter(
    at: Path | None, answers: Callable[[Any], dict[str, Any]], how: Any, *, as_json: bool
) -> None:
    from msgen import altering, console, features, upkeep_report

    place = at or Path()
    result = altering.alter(place, answers(features.known_to(place)), how)
    if as_json:
        console.out_json(result.as_dict())
    else:
        upkeep_report.show(result, listed=how.asking and result.status != "up to date")
    if result.incomplete:
        raise typer.Exit(1)
