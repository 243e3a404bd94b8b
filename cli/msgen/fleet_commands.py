"""The fleet commands from their words to their exit code."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from . import console, fleet, fleet_find, fleet_report, fleet_view, questions, releases
from .answers import parse_overrides
from .errors import UserError
from .fleet_find import Member
from .fleet_rows import Order, Row
from .updating import Wish


class StoppedError(UserError):
    """Ctrl-C; what is done stays done."""

    exit_code = 130


def status(roots: Sequence[Path], jobs: int | None, *, as_json: bool) -> bool:
    """Whether every service could be read."""
    from . import fleet_status

    members = _members(roots)
    rows = fleet_status.of_all(members, jobs or fleet.processes())
    return _tell(rows, fleet_report.show_status, as_json=as_json)


def check(roots: Sequence[Path], jobs: int | None, *, as_json: bool) -> bool:
    """Whether no service has drifted."""
    members = _members(roots)
    with fleet_view.watching(len(members)) as view:
        found = fleet.check(members, jobs or fleet.processes(), view)
        rows = _collected(found, members, "nothing was changed")
    return _tell(rows, fleet_report.show_check, as_json=as_json)


def order(wish: Wish, verify: str | None, canary: str | None) -> Order:
    """What is asked for; raises UsageError before anything starts."""
    from . import fleet_verify

    target = releases.asked_for(wish.to) if wish.to else releases.current()
    parse_overrides(wish.overrides, questions.load(target))
    words = fleet_verify.words(verify) if verify is not None else ()
    return Order(target, wish.to, tuple(wish.overrides), words, wish.dry_run, canary)


def update(
    roots: Sequence[Path],
    wanted: Order,
    jobs: int | None,
    *,
    asking: bool,
    as_json: bool,
) -> bool:
    """Whether every service is updated, waits, or needs no update."""
    members = _members(roots)
    canary = fleet_find.one_of(members, wanted.canary) if wanted.canary else None
    if asking:
        _confirm(members, wanted)
    with fleet_view.watching(len(members)) as view:
        found = fleet.update(members, wanted, jobs or fleet.processes(), canary, view)
        rows = _collected(found, members, "what is done stays; run it again to go on")
    return _tell(rows, fleet_report.show_update, as_json=as_json)


def _members(roots: Sequence[Path]) -> Sequence[Member]:
    found = fleet_find.find(roots)
    if found.foreign:
        number = len(found.foreign)
        what = "1 folder was" if number == 1 else f"{number} folders were"
        console.say(f"[dim]{what} made from other templates; left out[/]")
    return found.members


def _confirm(members: Sequence[Member], wanted: Order) -> None:
    from . import prompts

    for each in members:
        console.out(f"  {each.name}  [dim]{fleet_report.place(each.folder)}[/]")
    what = "a service" if len(members) == 1 else f"{len(members)} services"
    prompts.agree(f"Make branches with {wanted.target.version} for {what}?")


def _collected(found: Generator[Row], members: Sequence[Member], stopped: str) -> list[Any]:
    """The rows in the order of the members."""
    rows = {}
    try:
        with closing(found):
            for row in found:
                rows[row.path] = row
    except KeyboardInterrupt:
        message = f"stopped after {len(rows)} of {len(members)} services; {stopped}"
        raise StoppedError(message) from None
    return [rows[each.folder] for each in members]


def _tell(rows: Sequence[Any], show: Callable[[Sequence[Any]], None], *, as_json: bool) -> bool:
    if as_json:
        console.out_json([row.as_dict() for row in rows])
    else:
        show(rows)
    return all(row.fine for row in rows)
