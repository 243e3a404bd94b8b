"""`msgen diff`: what the team changed, and what an update would change."""

from pathlib import Path
from typing import Annotated

import typer

from . import options as opt


def diff(
    files: Annotated[
        list[str] | None,
        typer.Argument(help="Only these files or folders."),
    ] = None,
    *,
    at: opt.Service = None,
    update: Annotated[
        bool, typer.Option("--update", help="Show what an update would change.")
    ] = False,
    to: Annotated[
        str | None, typer.Option("--to", metavar="VERSION", help="An update to this version.")
    ] = None,
    as_json: opt.AsJson = False,
) -> None:
    """Show what you changed in the template's sealed and shared files.

    With `--update`, what an update would change; for a file that is yours and that you name,
    what the template has now.
    """
    from msgen import console, diffing

    colour = not as_json and console.shows_colour()
    place, wanted = at or Path(), files or ()
    passed_over: list[str] = []
    if update or to:
        found, passed_over = diffing.by_an_update(place, wanted, to, colour=colour)
    else:
        found = diffing.by_the_team(place, wanted, colour=colour)
    if as_json:
        patches = [each.as_dict() for each in found]
        console.out_json({"files": patches, "passed_over": passed_over})
        return
    for each in found:
        console.raw(each.patch)
    if not found:
        console.say("no difference")
    if passed_over:
        console.say("yours, and newer in the template; `msgen diff --update FILE` shows one:")
        for path in passed_over:
            console.say(f"  {console.literal(path)}")
