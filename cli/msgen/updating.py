"""Updates: which template, which answers, and how several services are gone through."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.version import Version

from . import change, console, questions, releases, upkeep, upkeep_report
from .answers import parse_overrides
from .change import Change, State
from .errors import UsageError, UserError, as_user_error
from .record import Record
from .releases import Snapshot
from .upkeep import Manner, Result


@dataclass(frozen=True)
class Wish:
    """What was asked for."""

    to: str | None = None
    overrides: Sequence[str] = ()
    dry_run: bool = False
    install: bool = True
    trust: bool = False
    """Whether a template that is not ours may run its tasks and load its extensions."""


def update_all(places: Sequence[Path], wish: Wish, *, asking: bool, as_json: bool) -> int:
    """Update one service after the other; a failing one does not stop the rest.

    The exit code: 0, or the worst of what happened.
    """
    worst, told = 0, []
    for place in places:
        try:
            result = update(place, wish, asking=asking)
        except (UserError, OSError) as wrong:
            if len(places) == 1 and not as_json:
                raise
            console.fail(as_user_error(wrong))
            told.append({"path": str(place), "status": "failed", "error": str(wrong)})
            worst = max(worst, as_user_error(wrong).exit_code)
            continue
        told.append(result.as_dict())
        worst = max(worst, int(result.incomplete))
        if not as_json:
            upkeep_report.show(result, listed=asking and result.status != "up to date")
    if as_json:
        console.out_json(told)
    return worst


def abort_all(places: Sequence[Path]) -> bool:
    """Take back what waits in each service; whether all went well."""

    def one(place: Path) -> bool:
        console.out(f"[green]✓[/] {upkeep.abort(place)}")
        return True

    return _each(places, one)


def proceed_all(places: Sequence[Path], *, install: bool) -> bool:
    """Finish what waits in each service; whether all went well."""

    def one(place: Path) -> bool:
        steps = upkeep.proceed(place, install=install)
        upkeep_report.show_finished(steps)
        return not any(step.status == "failed" for step in steps)

    return _each(places, one)


def end_all(places: Sequence[Path], *, abort: bool, install: bool) -> bool:
    """Take back or finish what waits in each service; whether all went well."""
    return abort_all(places) if abort else proceed_all(places, install=install)


def _each(places: Sequence[Path], act: Callable[[Path], bool]) -> bool:
    fine = True
    for place in places:
        try:
            fine = act(place) and fine
        except (UserError, OSError) as wrong:
            console.fail(as_user_error(wrong))
            fine = False
    return fine


def update(place: Path, wish: Wish, *, asking: bool) -> Result:
    """Bring one service to another version of the template."""
    with upkeep.at_work(place, writing=not wish.dry_run) as (found, repository):
        agreed = replace(found, terms=replace(found.terms, trusted=wish.trust))
        snapshot = target_of(agreed, wish.to)
        service = replace(found, terms=snapshot.terms)
        target = _state(service, snapshot, wish, asking=asking)
        if is_there(service, target):
            if not wish.dry_run:
                upkeep.check_clean(repository)
            return Result(service, target, "up to date")
        manner = Manner(
            "msgen update",
            dry_run=wish.dry_run,
            install=wish.install,
            leave_edited=True,
            agree=_confirm if asking else None,
        )
        return upkeep.carry_out(service, repository, target, manner)


def target_of(service: Record, to: str | None) -> Snapshot:
    """The template to go to; raises UsageError for an older one than the recorded."""
    if service.is_foreign:
        from . import foreign

        return foreign.target(service.snapshot(), to)
    snapshot = releases.asked_for(to) if to else releases.current()
    if Version(snapshot.version) < Version(service.version):
        if to is None:
            service.snapshot()  # says that a newer msgen is needed
        older = snapshot.version
        message = f"the service is on {service.version} already, which is newer than {older}"
        raise UsageError(message, hint="updates go forward only; `git revert` takes one back")
    return replace(snapshot, source=service.source)


def _state(service: Record, snapshot: Snapshot, wish: Wish, *, asking: bool) -> State:
    known = questions.load(snapshot)
    changed = parse_overrides(wish.overrides, known)
    target = change.target_state(service, snapshot, changed)
    if asking:
        from . import prompts

        fresh = [key for key in target.answers if key not in {**service.answers, **changed}]
        open_ones = [key for key in fresh if not known[key].derived]
        answered = prompts.about_new_questions(open_ones, target)
        if answered:
            target = change.target_state(service, snapshot, {**changed, **answered})
    return target


def is_there(service: Record, target: State) -> bool:
    """Whether the recorded template and answers are those asked for."""
    recorded = {key: service.answers.get(key) for key in target.answers}
    if service.is_foreign:
        same = service.commit == target.snapshot.tag
    else:
        same = service.checksum == target.snapshot.checksum
    return same and recorded == dict(target.answers)


def _confirm(planned: Change) -> None:
    from . import prompts

    upkeep_report.show_change(planned)
    prompts.agree("Update it?")
