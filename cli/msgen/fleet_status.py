"""The state of each service as it lies there, without rendering anything."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from packaging.version import Version

from . import fleet_branch, git, releases
from .fleet_find import Member
from .fleet_rows import StatusRow, failed, of, parsed
from .render import ANSWERS_FILE


def of_all(members: Sequence[Member], jobs: int) -> list[StatusRow]:
    """In threads, because all that takes time is waiting for git."""
    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(_status, members))


def _status(member: Member) -> StatusRow:
    try:
        return _examined(member)
    except Exception as wrong:  # noqa: BLE001
        return failed(StatusRow, member, wrong)


def _examined(member: Member) -> StatusRow:
    service = parsed((member.folder / ANSWERS_FILE).read_bytes(), member.folder)
    repository = git.around(member.folder)
    newer = releases.newer_than(service.version)
    branches = fleet_branch.waiting(repository, Version(service.version))
    return of(
        StatusRow,
        member,
        "behind" if newer else "current",
        version=service.version,
        newest=str(newer[-1].version) if newer else service.version,
        behind=len(newer),
        security=any(each.security for each in newer),
        clean=not repository.uncommitted(),
        branch=branches[-1] if branches else None,
    )
