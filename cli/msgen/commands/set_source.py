"""`msgen set-source`: where services say that their template comes from."""

from pathlib import Path
from typing import Annotated

import typer

from . import options as opt


def set_source(
    url: Annotated[str, typer.Argument(help="The git URL of the template.")],
    paths: opt.Services = None,
) -> None:
    """Re-point the recorded template of services, for instance after it has moved."""
    from msgen import console, sources

    for service, changed in sources.repoint(url, paths or [Path()]):
        said = "now names" if changed else "names already"
        name = console.literal(service.name)
        console.out(f"[green]✓[/] [bold]{name}[/] {said} {console.literal(url)}")
