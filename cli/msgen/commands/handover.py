"""`msgen eject`, `msgen adopt`: whose a file is."""

from pathlib import Path
from typing import Annotated

import typer

from . import options as opt

File = Annotated[Path, typer.Argument(help="A file of the service.")]


def eject(file: File) -> None:
    """Make a sealed or shared file yours: updates and checks pass it over from then on."""
    from msgen import console, handover

    service, path = handover.eject(file)
    path, place = console.literal(path), console.literal(str(service.folder))
    console.out(f"[green]✓[/] `{path}` is yours; the change is staged in `{place}`")
    console.out(f"  git commit --message 'Eject {path} from the template'")
    console.out(f"  [dim]or give it back: msgen adopt {path}[/]")


def adopt(
    file: File,
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the template's file, and drop your changes.")
    ] = False,
    as_json: opt.AsJson = False,
) -> None:
    """Give an ejected file back to the template, your changes merged into it."""
    from msgen import console, handover, upkeep_report

    result = handover.adopt(file, replaced=replace)
    if as_json:
        console.out_json(result.as_dict())
    else:
        upkeep_report.show(result, listed=False)
    if result.incomplete:
        raise typer.Exit(1)
