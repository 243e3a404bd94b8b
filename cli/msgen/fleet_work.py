"""What a worker does with one service. Imported once, before the workers are forked."""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from packaging.version import Version

from . import (
    change,
    derived,
    drift,
    fleet_branch,
    fleet_derived,
    fleet_verify,
    git,
    questions,
    record,
    render,
    updating,
)  # fmt: skip
from .answers import parse_overrides
from .change import Change, State
from .errors import UserError
from .fleet_branch import Tip
from .fleet_find import Member
from .fleet_rows import CheckRow, Order, UpdateRow, failed, of, parsed
from .git import GitError
from .record import Record
from .render import ANSWERS_FILE
from .verdicts import CHANGING

render.uses_fast_path()  # imports Copier

_NOWHERE = "msgen/no-work-tree"  # a folder that never exists


def check(member: Member, _: None) -> CheckRow:
    """Version and content drift of what lies there."""
    try:
        service = parsed((member.folder / ANSWERS_FILE).read_bytes(), member.folder)
        report = drift.examine(service)
    except Exception as wrong:  # noqa: BLE001
        return failed(CheckRow, member, wrong)
    return of(
        CheckRow,
        member,
        "drifted" if report.drifted else "fine",
        version=service.version,
        newest=report.newest,
        behind=report.behind,
        security=report.security,
        files=tuple(report.as_dict()["files"]),
    )


def update(member: Member, order: Order) -> UpdateRow:
    """A branch with the update, unless there is a reason against it."""
    try:
        return _Update(order, member).row()
    except Exception as wrong:  # noqa: BLE001
        return replace(failed(UpdateRow, member, wrong), to=order.target.version)


class _Update:
    """One service on its way."""

    def __init__(self, order: Order, member: Member) -> None:
        self._order = order
        self._member = member
        self._repository = git.around(member.folder)
        self._version = order.target.version
        self._branch = fleet_branch.name(self._version, self._repository.prefix)
        self._record = parsed(self._committed(), member.folder)

    def _committed(self) -> bytes:
        """What is committed counts; the work tree may be in any state."""
        try:
            return fleet_branch.committed(self._repository, ANSWERS_FILE)
        except GitError as wrong:
            message = f"`{ANSWERS_FILE}` is not committed"
            raise UserError(message, hint="commit the service first") from wrong

    def row(self) -> UpdateRow:
        """Do it, and say how it went."""
        if self._is_newer():
            return self._row("up to date", detail=f"it is on {self._record.version}")
        known = questions.load(self._order.target)
        changed = parse_overrides(self._order.overrides, known)
        target = change.target_state(self._record, self._order.target, changed)
        if self._is_there(self._record, target):
            return self._row("up to date")
        tip = fleet_branch.look(self._repository, self._branch, self._version)
        if tip and tip.current and self._is_there(self._recorded_on(tip), target):
            return self._row("waiting", branch=self._branch, commit=tip.oid)
        if tip and not tip.replaceable:
            raise fleet_branch.in_the_way(self._repository, self._branch, tip)
        if self._order.dry_run:
            return self._plan(target, tip)
        with fleet_branch.beside(self._repository):
            return self._plan(target, tip)

    def _is_newer(self) -> bool:
        """Whether the service is past the target, which then was asked for by `--to`."""
        if Version(self._record.version) <= Version(self._version):
            return False
        if self._order.to is None:
            self._record.snapshot()  # says that a newer msgen is needed
        if self._order.overrides:
            message = f"it is on {self._record.version}, which is newer than {self._version}"
            raise UserError(message, hint="answers cannot be changed at an older version")
        return True

    def _is_there(self, service: Record, target: State) -> bool:
        return updating.is_there(service, replace(target, snapshot=self._order.target))

    def _recorded_on(self, tip: Tip) -> Record:
        content = fleet_branch.committed(self._repository, ANSWERS_FILE, tip.oid)
        return record.parse(content, self._member.folder)

    def _plan(self, target: State, tip: Tip | None) -> UpdateRow:
        """Merge as if nothing lay in the work tree: what is there does not matter."""
        with change.planned(
            self._record,
            replace(self._repository, folder=self._repository.git_dir / _NOWHERE),
            target,
            leave_edited=True,
            for_real=not self._order.dry_run,
        ) as planned:
            if planned.conflicts:
                return self._conflict(planned)
            if planned.is_empty:
                return self._row("up to date")
            if self._order.dry_run:
                return self._row("planned", branch=self._branch)
            return self._commit(planned, tip)

    def _conflict(self, planned: Change) -> UpdateRow:
        to = f" --to {self._order.to}" if self._order.to else ""
        again = "".join(f" --set {shlex.quote(each)}" for each in self._order.overrides)
        command = f"msgen update{to}{again} {shlex.quote(str(self._member.folder))}"
        return self._row(
            "conflict",
            detail=_listed(planned.conflicts),
            hint=f"run `{command}` and resolve them there",
            conflicts=tuple(planned.conflicts),
        )

    def _commit(self, planned: Change, tip: Tip | None) -> UpdateRow:
        tree = change.committable_tree(planned)
        notes = []
        if fleet_derived.lock_is_stale(planned):
            tree, why = fleet_derived.with_lock(planned, tree)
            if why:
                notes.append(f"`uv.lock` is stale ({why}); on the branch run `uv lock`")
        if fleet_derived.settings_are_stale(planned):
            notes.append(f"`{derived.SETTINGS}` may be stale; "
                         "on the branch run the service's `settings --write`")  # fmt: skip
        subject, body = self._message(planned)
        oid = fleet_branch.commit(
            self._repository, tree, subject=subject, body=body, version=self._version
        )
        failure = self._verify(oid)
        if failure:
            return failure
        fleet_branch.point(self._repository, self._branch, oid, tip)
        return self._row("updated", branch=self._branch, commit=oid, notes=tuple(notes))

    def _message(self, planned: Change) -> tuple[str, str]:
        before, after = self._record.version, self._version
        whose = f" of {self._record.name}" if self._repository.prefix else ""
        changing = [each for each in planned.outcomes if each.verdict in CHANGING]
        files = f"{len(changing)} file{'' if len(changing) == 1 else 's'}"
        if self._record.checksum == self._order.target.checksum:
            return f"Change the answers{whose} to the template", f"It changes {files}."
        return f"Update the template{whose} to {after}", f"From {before}; it changes {files}."

    def _verify(self, oid: str) -> UpdateRow | None:
        """Before the branch is made, so that a kill leaves none that was not verified."""
        if not self._order.verify:
            return None
        code, said = fleet_verify.run(self._order.verify, self._repository, oid)
        if code == 0:
            return None
        command = shlex.join(self._order.verify)
        detail = f"`{command}` ended with code {code} on the update, so it got no branch"
        return self._row("failed", detail=detail, output=said)

    def _row(self, status: str, **more: Any) -> UpdateRow:
        more |= {"version": self._record.version, "to": self._version}
        return of(UpdateRow, self._member, status, repository=str(self._repository.top), **more)


def _listed(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""  # noqa: PLR2004
    return ", ".join(f"`{path}`" for path in paths[:3]) + more
