"""`msgen doctor`: what this machine lacks and how to get it."""

import typer

from . import options as opt


def doctor(*, as_json: opt.AsJson = False) -> None:
    """Check what msgen needs on this machine."""
    from msgen import console, health

    findings = health.examine()
    if as_json:
        console.out_json([finding.as_dict() for finding in findings])
    else:
        health.show(findings)
    if any(finding.verdict == "missing" for finding in findings):
        raise typer.Exit(1)
