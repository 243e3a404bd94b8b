"""`msgen update`: a service brought to a newer template."""

from pathlib import Path
from typing import Annotated

import typer

from . import options as opt


def update(
    paths: opt.Services = None,
    *,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="VERSION", help="To this version, not the newest."),
    ] = None,
    overrides: opt.Overrides = None,
    dry_run: opt.DryRunOfChange = False,
    no_install: opt.NoInstall = False,
    trust: opt.Trust = False,
    yes: opt.Yes = False,
    as_json: opt.AsJson = False,
    abort: Annotated[
        bool, typer.Option("--abort", help="Take back an update that is not committed.")
    ] = False,
    proceed: Annotated[
        bool, typer.Option("--continue", help="Finish an update whose conflicts are resolved.")
    ] = False,
) -> None:
    """Bring services up to date with the template, keeping every change of yours.

    Git merges what the template changed into what you have; the result is staged, not
    committed. Conflicts are git's: in the files, and in the index.
    """
    from msgen import console, updating
    from msgen.errors import UsageError

    places = paths or [Path()]
    if abort and proceed:
        message = "`--abort` takes the update back, `--continue` finishes it"
        raise UsageError(message, hint="give one of them")
    if abort or proceed:
        if to or overrides or dry_run or as_json:
            message = "`--abort` and `--continue` go with no other option"
            raise UsageError(message, hint="leave the others out")
        if not updating.end_all(places, abort=abort, install=not no_install):
            raise typer.Exit(1)
        return
    wish = updating.Wish(
        to, overrides or (), dry_run=dry_run, install=not no_install, trust=trust
    )
    asking = console.is_interactive() and not (yes or as_json or dry_run)
    worst = updating.update_all(places, wish, asking=asking, as_json=as_json)
    if worst:
        raise typer.Exit(worst)
