"""Copier without its detours: no git process a file, no copy of the template, cached Jinja.

Overrides private names of Copier, so `fits()` bounds the version, a missing name fails the
import, and `render.py` then takes the public interface, which must give the same tree.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from packaging.version import Version

from ._unasked import without_prompts
from .releases import SOURCE, Snapshot

with without_prompts():
    from copier import _main, _template
    from copier._jinja_ext import get_yield_context
    from copier._settings import SettingsModel

TESTED = (Version("9.19"), Version("9.20"))
"""From the first, up to but without the second."""

_NEEDED = {
    _main.Worker: ("_render_string", "_sync_git_index_executable_bit", "answers_relpath"),
    _template.Template: ("_raw_config", "commit", "commit_hash", "git_index_modes", "vcs"),
}


def fits() -> bool:
    """Whether the installed Copier is one that this module was tested with."""
    present = all(hasattr(owner, name) for owner, names in _NEEDED.items() for name in names)
    return present and TESTED[0] <= Version(installed("copier")) < TESTED[1]


def render(
    snapshot: Snapshot, answers: Mapping[str, Any], folder: Path, *, exclude: Sequence[str]
) -> None:
    """Write the service into an existing empty folder."""
    worker = _Worker(
        src_path=SOURCE,
        dst_path=folder,
        vcs_ref=snapshot.tag,
        data=dict(answers),
        exclude=exclude,
        defaults=True,
        overwrite=True,
        quiet=True,
        settings=SettingsModel(),
    )
    worker.snapshot = snapshot
    with worker:
        worker.run_copy()


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
        return self.snapshot.tag

    @cached_property
    def version(self) -> Version:
        return Version(self.snapshot.version)

    @cached_property
    def git_index_modes(self) -> dict[Any, int]:
        return {}


class _Worker(_main.Worker):
    """Copier's worker, minus what costs time and changes nothing in a fresh folder."""

    snapshot: Snapshot

    @cached_property
    def template(self) -> _Template:
        template = _Template(url=SOURCE, ref=self.snapshot.tag)
        template.snapshot = self.snapshot
        return template

    @cached_property
    def jinja_env(self) -> Any:
        """The same environment; a string that was compiled once is not compiled again."""
        environment: Any = super().jinja_env
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
        return self._answers_relpath

    def _render_string(self, string: str, extra_context: Any = None) -> str:
        if isinstance(string, str) and "{" not in string:
            self._forget_yield(self.jinja_env)
            return string
        rendered: str = super()._render_string(string, extra_context)
        return rendered

    def _forget_yield(self, environment: Any) -> None:
        """What compiling does besides; a loop in one path must not reach the next."""
        context = get_yield_context(environment)
        context.yield_name = context.yield_iterable = None

    def _sync_git_index_executable_bit(self, dst_relpath: Path, src_mode: int) -> None:
        """A fresh folder is in no index."""
