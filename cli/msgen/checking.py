"""Checks services one after the other and says what was found."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from . import console, drift, record, upkeep
from .drift import Report
from .errors import UserError, as_user_error


def check_all(places: Sequence[Path], parts: Mapping[str, bool], *, as_json: bool) -> bool:
    """Whether all are as they should be; a damaged one does not stop the rest."""
    fine, told = True, []
    for place in places:
        try:
            report = _examined(place, parts)
        except (UserError, OSError) as wrong:
            if len(places) == 1 and not as_json:
                raise
            console.fail(as_user_error(wrong))
            told.append({"path": str(place), "error": str(wrong)})
            fine = False
            continue
        told.append(report.as_dict())
        fine = fine and not report.drifted
        if not as_json:
            show(report)
    if as_json:
        console.out_json(told)
    return fine


def _examined(place: Path, parts: Mapping[str, bool]) -> Report:
    service = record.load(place)
    upkeep.check_undisturbed(service.folder)
    return drift.examine(service, **parts)


def show(report: Report) -> None:
    """The same for people."""
    service = report.record
    if not report.drifted:
        console.out(f"[green]✓[/] [bold]{service.name}[/] is as {service.version} made it")
        return
    if report.newer:
        _show_releases(report)
    if report.files:
        number = console.counted(report.files)
        console.out(f"[red]✗[/] [bold]{service.name}[/] {number} sealed by the template differ")
        for each in report.files:
            console.out(f"    {each.kind:<8} {each.path}")
        console.out(
            "  `msgen diff` shows the changes, `msgen adopt FILE --replace` undoes one,"
        )
        console.out("  `msgen eject FILE` makes a file yours")


def _show_releases(report: Report) -> None:
    number = f"{report.behind} release{'' if report.behind == 1 else 's'}"
    console.out(
        f"[yellow]![/] [bold]{report.record.name}[/] is {number} behind: "
        f"{report.record.version}, and {report.newest} is there"
    )
    for each in report.newer:
        if each.security:
            console.out(f"    [red]{each.version} closes a security hole[/]")
    console.out("  `msgen update` brings it up to date")
