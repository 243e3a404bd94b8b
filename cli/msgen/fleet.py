"""Many services at once: looked at or updated in parallel processes, one canary first."""

import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Any

from .errors import UserError
from .fleet_find import Member
from .fleet_pool import Lost, Pool
from .fleet_rows import CheckRow, Order, UpdateRow, failed, of
from .fleet_view import View

_WORK = "msgen.fleet_work"
_UNTRIED = {"up to date", "damaged"}
"""States that say nothing about whether the update works."""

Task = tuple[Member, Order | None]


def processes() -> int:
    """As many as the machine lets this command use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check(members: Sequence[Member], jobs: int, view: View) -> Generator[CheckRow]:
    """Version and content drift of each, as they get ready."""
    with Pool(min(jobs, len(members)), _WORK) as pool:
        yield from _worked(pool, CheckRow, [(each, None) for each in members], view)


def update(
    members: Sequence[Member], order: Order, jobs: int, canary: Member | None, view: View
) -> Generator[UpdateRow]:
    """The canary, then the others; those are skipped when it did not work out.

    Unless one is named, the first service that the update changes is the canary.
    """
    there = order.target.checksum  # worked out here once, for the workers too
    first_ones = sorted(members, key=lambda each: each.checksum == there)
    if order.dry_run or canary:
        first_ones = [canary] if canary and not order.dry_run else []
    with Pool(min(jobs, len(members)), _WORK) as pool:
        rest = list(members)
        for first in first_ones:
            rest.remove(first)
            [row] = _worked(pool, UpdateRow, [(first, order)], view)
            yield row
            if canary is None and row.status in _UNTRIED:
                continue
            if not row.fine:
                yield from _skipped(rest, row)
                return
            break
        yield from _worked(pool, UpdateRow, [(each, order) for each in rest], view)


def _skipped(members: Iterable[Member], canary: UpdateRow) -> Iterator[UpdateRow]:
    detail = f"the canary `{canary.name}` came first, and it did not work out"
    return (of(UpdateRow, each, "skipped", detail=detail) for each in members)


def _worked(pool: Pool, kind: Any, tasks: Sequence[Task], view: View) -> Iterator[Any]:
    """A row for each as they get ready; one for a worker that died, too."""
    work = "check" if kind is CheckRow else "update"
    for (member, _), result in pool.run(f"{_WORK}:{work}", tasks, lambda t: view.begun(t[0])):
        row = _lost(kind, member, result) if isinstance(result, Lost) else result
        view.done(row)
        yield row


def _lost(kind: Any, member: Member, lost: Lost) -> Any:
    message = f"its worker process ended in the middle ({lost.how})"
    hint = "run the same command again; what is done is not done twice"
    return failed(kind, member, UserError(message, hint=hint))
