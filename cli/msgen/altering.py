"""Answers changed later: as if they had been given at birth, at the recorded template."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import change, console, merge, questions, upkeep, upkeep_report, verdicts
from .answers import Layer, Source, complete
from .change import Change, State
from .errors import UserError
from .git import Repository
from .ownership import Ownership
from .questions import EJECTED, RETIRED, Expressions, Question
from .record import Record
from .upkeep import Manner, Result
from .verdicts import Verdict

Questions = Mapping[str, Question]
_REMOVALS = 2  # as many as the template has migrations for


@dataclass(frozen=True)
class Manners:
    """How the command line wants it done."""

    command: str
    dry_run: bool = False
    install: bool = True
    yes: bool = False
    asking: bool = False


def alter(place: Path, answers: Mapping[str, Any], how: Manners) -> Result:
    """Give a service other answers; the template stays the recorded one."""
    with upkeep.at_work(place, writing=not how.dry_run) as (service, repository):
        snapshot = service.snapshot()
        changed = dict(answers)
        retired = _newly_retired(service, changed, Ownership(snapshot))
        if retired:
            changed[RETIRED] = [*service.retired, *retired]
        target = change.target_state(service, snapshot, changed)
        moved = _moved_along(service, target)
        if moved:
            target = change.target_state(service, snapshot, {**changed, EJECTED: moved})
        if how.dry_run:
            return _foreseen(service, repository, target)

        def agree(planned: Change) -> None:
            _agree(planned, how)

        manner = Manner(how.command, install=how.install, agree=agree)
        return upkeep.carry_out(service, repository, target, manner)


def _moved_along(service: Record, target: State) -> list[str]:
    """The ejected files under their new names, when the package is called otherwise."""
    old, new = (_package(each) for each in (change.recorded_state(service), target))
    if old == new:
        return []
    before, after = f"src/{old}/", f"src/{new}/"
    return [
        after + path.removeprefix(before) + f"@{version}" if path.startswith(before)
        else f"{path}@{version}"
        for path, version in service.ejected.items()
    ]  # fmt: skip


def _package(state: State) -> object:
    known = questions.load(state.snapshot)
    if "package" not in known or state.snapshot.is_foreign:
        return None
    layers = [Layer(Source.RECORDED, state.answers)]
    return complete(known, layers, Expressions(state.snapshot))["package"].value


def _foreseen(service: Record, repository: Repository, target: State) -> Result:
    """The dry run: what `--yes` would do."""
    with change.planned(
        service, repository, target, leave_edited=False, for_real=False
    ) as planned:
        _let_go(_going(planned), planned)
        status: upkeep.Status = "up to date" if planned.is_empty else "planned"
        return Result(service, target, status, planned.outcomes)


def _newly_retired(service: Record, changed: Mapping[str, Any], table: Ownership) -> list[str]:
    """Features whose tables a forward migration has to drop; one entry for each removal."""
    gone = []
    for name in table.with_tables:
        before = table.has_tables(name, service.answers)
        after = table.has_tables(name, {**service.answers, **changed})
        if after and not before and service.retired.count(name) >= _REMOVALS:
            message = f"`{name}` was removed twice, and its migrations end there"
            hint = "its tables are dropped; take over the code of another service that has it"
            raise UserError(message, hint=hint)
        if before and not after and name in changed:  # another slice is another service
            gone.append(name)
    return gone


def _agree(planned: Change, how: Manners) -> None:
    """Ask about the whole, and first of all about edited files that would go."""
    going = _going(planned)
    if going and not how.yes:
        _ask_about(going, asking=how.asking)
    _let_go(going, planned)
    if how.asking and not how.yes:
        from . import prompts

        upkeep_report.show_change(planned)
        prompts.agree("Change it?")


def _going(planned: Change) -> list[str]:
    """Files that the team has edited, and that the template has no more."""
    return [
        path for path, stages in planned.merged.conflicts.items() if stages.keys() == {1, 2}
    ]


def _let_go(going: list[str], planned: Change) -> None:
    if going:
        merge.settle(planned.merged, dict.fromkeys(going))
        planned.outcomes[:] = list(_without(going, planned))


def _ask_about(going: list[str], *, asking: bool) -> None:
    if not asking:
        listed = ", ".join(f"`{path}`" for path in going)
        message = f"files that you have edited would go: {listed}"
        raise UserError(message, hint="`--yes` lets them go; git keeps what is committed")
    from . import prompts

    console.out("These files, which you have edited, would go:")
    for path in going:
        console.out(f"  {console.literal(path)}")
    prompts.agree("Let them go? (git keeps what is committed)")


def _without(going: list[str], planned: Change) -> Iterator[verdicts.Outcome]:
    for each in planned.outcomes:
        if each.path in going:
            yield verdicts.Outcome(each.path, Verdict.GONE, each.owner, each.was)
        else:
            yield each
