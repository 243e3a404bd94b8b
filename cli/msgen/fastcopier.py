"""Copier without its detours: no git process a file, no copy of the template, cached Jinja.

Overrides private names of Copier, so `fits()` bounds the version, a missing name fails the
import, and `render.py` then takes the public interface, which must give the same tree.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any, TypeVar

from packaging.version import InvalidVersion, Version

from ._unasked import without_prompts
from .compiled import Compiled
from .releases import Snapshot

with without_prompts():
    from copier import _main, _template
    from copier._jinja_ext import get_yield_context
    from copier._settings import SettingsModel
    from copier._types import Phase

OPERATION = _main._operation  # noqa: SLF001
"""What templates ask for as `_copier_operation`."""
_Kind = TypeVar("_Kind", bound="Worker")

TESTED = (Version("9.19"), Version("9.20"))
"""From the first, up to but without the second."""

_NEEDED = {
    _main.Worker: (
        "_ask", "_render_allowed", "_render_context", "_render_file", "_render_string",
        "_sync_git_index_executable_bit", "answers_relpath",
    ),
    _template.Template: ("_raw_config", "commit", "commit_hash", "git_index_modes", "vcs"),
}  # fmt: skip


def fits() -> bool:
    """Whether the installed Copier is one that this module was tested with."""
    present = all(hasattr(owner, name) for owner, names in _NEEDED.items() for name in names)
    return present and TESTED[0] <= Version(installed("copier")) < TESTED[1]


def render(
    snapshot: Snapshot, answers: Mapping[str, Any], folder: Path, *, exclude: Sequence[str]
) -> None:
    """Write the service into an existing empty folder."""
    worker = prepared(Worker, snapshot, folder, data=dict(answers), exclude=exclude)
    with worker:
        worker.run_copy()
    worker.compiled.save()


def prepared(kind: "type[_Kind]", snapshot: Snapshot, folder: Path, **more: Any) -> "_Kind":
    """A worker that asks nothing and says nothing."""
    worker = kind(
        src_path=snapshot.source,
        dst_path=folder,
        vcs_ref=snapshot.tag,
        defaults=True,
        overwrite=True,
        quiet=True,
        settings=SettingsModel(),
        **more,
    )
    worker.snapshot = snapshot
    return worker


def asking() -> AbstractContextManager[None]:
    """The time in which a worker works out its answers."""
    phase: AbstractContextManager[None] = Phase.use(Phase.PROMPT)
    return phase


class _Template(_template.Template):
    """A template that lies on disk already, under the name that services record."""

    snapshot: Snapshot

    @cached_property
    def local_abspath(self) -> Path:
        return self.snapshot.root

    @cached_property
    def _raw_config(self) -> dict[str, Any]:
        return dict(self.snapshot.config)

    @cached_property
    def vcs(self) -> None:
        return None

    @cached_property
    def commit(self) -> str:
        return self.snapshot.tag

    @cached_property
    def commit_hash(self) -> str:
        return self.snapshot.commit or self.snapshot.tag

    @cached_property
    def version(self) -> Version | None:
        try:
            return Version(self.snapshot.tag)
        except InvalidVersion:
            return None

    @cached_property
    def git_index_modes(self) -> dict[Any, int]:
        return {}


class Worker(_main.Worker):
    """Copier's worker, minus what costs time and changes nothing in a fresh folder."""

    snapshot: Snapshot
    compiled: Compiled

    @cached_property
    def template(self) -> _Template:
        """The one on disk."""
        template = _Template(url=self.snapshot.source, ref=self.snapshot.tag)
        template.snapshot = self.snapshot
        return template

    @cached_property
    def jinja_env(self) -> Any:
        """The same environment; a string that was compiled once is not compiled again."""
        environment: Any = super().jinja_env
        self.compiled = Compiled(f"{self.snapshot.root}\0{self.template.envops}")
        if not self.template.jinja_extensions:  # their code may change, and with it the result
            self.compiled.attach(environment)
        compile_string = environment.from_string
        compiled: dict[str, Any] = {}

        def from_string(source: str) -> Any:
            self._forget_yield(environment)
            if source not in compiled:
                compiled[source] = compile_string(source)
            return compiled[source]

        environment.from_string = from_string
        return environment

    @cached_property
    def _answers_relpath(self) -> Path:
        path: Path = super().answers_relpath
        return path

    @property
    def answers_relpath(self) -> Path:
        """Worked out once."""
        return self._answers_relpath

    def _render_string(self, string: str, extra_context: Any = None) -> str:
        if isinstance(string, str) and "{" not in string and not self._has_own_marks:
            self._forget_yield(self.jinja_env)
            return string
        rendered: str = super()._render_string(string, extra_context)
        return rendered

    @cached_property
    def _has_own_marks(self) -> bool:
        """Whether an expression may begin with something else than a brace."""
        return any(key.endswith(("_string", "_prefix")) for key in self.template.envops)

    def _forget_yield(self, environment: Any) -> None:
        """What compiling does besides; a loop in one path must not reach the next."""
        context = get_yield_context(environment)
        context.yield_name = context.yield_iterable = None

    def _sync_git_index_executable_bit(self, dst_relpath: Path, src_mode: int) -> None:
        """A fresh folder is in no index."""
