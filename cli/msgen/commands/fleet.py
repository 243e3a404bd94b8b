"""`msgen fleet`: many services at once."""

from pathlib import Path
from typing import Annotated

import typer

from . import options as opt

Roots = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Folders to search; otherwise the one you are in.", metavar="[ROOT]..."
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", "-j", min=1, help="How many at once; otherwise one a core."),
]

app = typer.Typer(
    name="fleet",
    help="Look at many services, or bring them up to date.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
def status(roots: Roots = None, *, jobs: Jobs = None, as_json: opt.AsJson = False) -> None:
    """Show version, distance to the newest release, work tree and waiting branch of each."""
    from msgen import fleet_commands

    _end(fleet_commands.status(roots or [Path()], jobs, as_json=as_json))


@app.command()
def check(roots: Roots = None, *, jobs: Jobs = None, as_json: opt.AsJson = False) -> None:
    """Find services that are behind, or whose sealed files were edited.

    Exit code 1 when there are any.
    """
    from msgen import fleet_commands

    _end(fleet_commands.check(roots or [Path()], jobs, as_json=as_json))


@app.command()
def update(
    roots: Roots = None,
    *,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="VERSION", help="To this version, not the newest."),
    ] = None,
    overrides: opt.Overrides = None,
    canary: Annotated[
        str | None,
        typer.Option(
            "--canary", metavar="NAME|PATH", help="The service that comes first and alone."
        ),
    ] = None,
    verify: Annotated[
        str | None,
        typer.Option(
            "--verify", metavar="COMMAND", help="Run this on each update; keep it if it passes."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would happen and make no branch.")
    ] = False,
    jobs: Jobs = None,
    yes: opt.Yes = False,
    as_json: opt.AsJson = False,
) -> None:
    """Merge the newer template into each service, on a branch of its own.

    Work trees are not touched, so they may be in any state. One service comes first; when
    it fails, nothing else happens. Run again, it goes on where it stopped.
    """
    from msgen import console, fleet_commands, updating

    wish = updating.Wish(to, overrides or (), dry_run=dry_run)
    order = fleet_commands.order(wish, verify, canary)
    asking = console.is_interactive() and not (yes or as_json or dry_run)
    _end(fleet_commands.update(roots or [Path()], order, jobs, asking=asking, as_json=as_json))


def _end(fine: bool) -> None:  # noqa: FBT001
    if not fine:
        raise typer.Exit(1)
