"""`msgen check`: whether services are what their template says."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from . import options as opt


class Part(StrEnum):
    """What can be looked at alone."""

    CONTENT = "content"
    VERSION = "version"


def check(
    paths: opt.Services = None,
    *,
    only: Annotated[
        Part | None, typer.Option("--only", help="Look at sealed files alone, or at releases.")
    ] = None,
    as_json: opt.AsJson = False,
) -> None:
    """Say how many releases services are behind, and which sealed files were edited.

    Exit code 1 when there is anything to say.
    """
    from msgen import checking

    places = paths or [Path()]
    parts = {"version": only is not Part.CONTENT, "content": only is not Part.VERSION}
    if not checking.check_all(places, parts, as_json=as_json):
        raise typer.Exit(1)
