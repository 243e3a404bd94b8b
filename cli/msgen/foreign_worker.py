"""Copier's worker for templates that are not ours; like `fastcopier`, with private names."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import fastcopier
from .fastcopier import OPERATION, asking
from .releases import Snapshot


def render(
    snapshot: Snapshot, answers: Mapping[str, Any], folder: Path, **options: Any
) -> None:
    """Write the service into an existing empty folder."""
    worker = fastcopier.prepared(_Worker, snapshot, folder, data=dict(answers), **options)
    token = OPERATION.set("update" if snapshot.terms.updating else "copy")
    try:
        with worker:
            worker.run_copy()
    finally:
        OPERATION.reset(token)
    worker.compiled.save()


def answered(
    snapshot: Snapshot, answers: Mapping[str, Any], folder: Path, **options: Any
) -> "_Worker":
    """A worker that has all answers and has written nothing."""
    worker = fastcopier.prepared(_Worker, snapshot, folder, data=dict(answers), **options)
    with worker, asking():
        worker._check_unsafe("copy")  # noqa: SLF001
        worker._ask()  # noqa: SLF001
    return worker


class _Worker(fastcopier.Worker):
    """Sees the service that it renders for, though it writes elsewhere."""

    def _render_context(self) -> Any:
        context = super()._render_context()
        service = self.snapshot.terms.service
        if service is not None:
            context["_folder_name"] = service.name
        return context

    def _render_allowed(self, dst_relpath: Path, *words: Any, **more: Any) -> bool:
        if (
            not more.get("is_dir")
            and self._is_there(dst_relpath)
            and self.match_skip(dst_relpath)
        ):
            return False
        return super()._render_allowed(dst_relpath, *words, **more)

    def _is_there(self, path: Path) -> bool:
        terms = self.snapshot.terms
        return terms.updating and terms.service is not None and (terms.service / path).exists()

    def _render_file(self, *words: Any, **more: Any) -> None:
        """A path that loops must not be taken for a loop in the file."""
        self._forget_yield(self.jinja_env)
        super()._render_file(*words, **more)
