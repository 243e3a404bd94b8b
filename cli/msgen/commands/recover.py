"""`msgen recover`: the answers file of a service that has lost it."""

from pathlib import Path
from typing import Annotated

import typer

from . import options as opt


def recover(
    *,
    at: opt.Service = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what was found and write nothing.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Write what was found without asking.")
    ] = False,
    as_json: opt.AsJson = False,
) -> None:
    """Find release and answers of a service whose answers file is lost or damaged.

    What git still has comes first, then what is left of the file; the rest is found by
    comparing the service with renderings of every release.
    """
    from msgen import recovery_report

    wish = recovery_report.Wish(dry_run=dry_run, yes=yes, as_json=as_json)
    recovery_report.run(at or Path(), wish)
