"""Templates in git: a bare mirror for each URL in the user's cache, trees exported from it."""

import hashlib
import re
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from packaging.version import InvalidVersion, Version

from . import console, foreign_fetch, foreign_store, git
from .errors import UsageError, UserError
from .foreign_fetch import HEAD, QUIETLY, without_secret


@dataclass(frozen=True)
class Mirror:
    """A template's repository, as it was when it was last fetched."""

    url: str

    def __str__(self) -> str:
        """The URL as messages may show it."""
        return without_secret(self.url)

    def refresh(self) -> None:
        """Fetch once; without a connection what was fetched before has to do.

        Raises UserError when nothing was ever fetched.
        """
        failure = foreign_fetch.fetched(self.url, self.place)
        if failure and not self.place.is_dir():
            raise failure
        if failure:
            _warn(f"{failure}; going by what was fetched before")

    def find(self, ref: str) -> str | None:
        """The commit of a tag, a branch, a description by git or a hash; nothing if unknown."""
        names = (HEAD,) if ref == "HEAD" else (f"refs/tags/{ref}", f"refs/heads/{ref}", ref)
        for name in names:
            said = self._git("rev-parse", "--verify", "--quiet", "--end-of-options",
                             f"{name}^{{commit}}", ok=(0, 1, 128)).strip()  # fmt: skip
            if re.fullmatch("[0-9a-f]{40,64}", said):
                return said
        return None

    def commit(self, ref: str) -> str:
        """The commit of a reference; raises UsageError when there is none."""
        found = self.find(ref)
        if found is None:
            message = f"`{self}` has no tag, branch or commit named `{ref}`"
            tags = ", ".join(f"`{each}`" for each in self.tags()[-5:])
            raise UsageError(message, hint=f"its newest tags are {tags}" if tags else None)
        return found

    def newest(self) -> str:
        """The newest release by PEP 440, as Copier chooses it; else what is checked out."""
        released = [tag for tag in self.tags() if not Version(tag).is_prerelease]
        return released[-1] if released else "HEAD"

    def tags(self) -> list[str]:
        """The tags that are versions, the oldest first."""
        listed = self._git("for-each-ref", "--format=%(refname:lstrip=2)", "refs/tags")
        return sorted(filter(version_of, listed.splitlines()), key=Version)

    def describe(self, commit: str) -> str:
        """What Copier records of a commit."""
        return self._git("describe", "--tags", "--always", commit).strip()

    def is_before(self, commit: str, other: str) -> bool:
        """Whether one commit is an ancestor of the other."""
        if commit == other:
            return False
        try:
            self._git("merge-base", "--is-ancestor", commit, other)
        except git.GitError:
            return False
        return True

    def differs_from(self, folder: Path) -> bool:
        """Whether a work tree has something that is not committed.

        Asked of the mirror: the configuration of a stranger's repository may run programs.
        """
        head = self.find("HEAD")
        if head is None or not (folder / ".git").exists():
            return False
        with tempfile.TemporaryDirectory(prefix="msgen-") as scratch:
            at = {"GIT_INDEX_FILE": str(Path(scratch, "index")), "GIT_WORK_TREE": str(folder)}
            self._git("read-tree", head, extra=at)
            self._git("update-index", "-q", "--refresh", extra=at, cwd=folder, ok=(0, 1))
            words = ("ls-files", "--modified", "--others", "--exclude-standard")
            return bool(self._git(*words, extra=at, cwd=folder))

    def tree(self, commit: str) -> Path:
        """The files of a commit, in the cache."""
        return foreign_store.kept(commit, lambda folder: self._export(commit, folder))

    def _export(self, commit: str, folder: Path) -> None:
        """A checkout, not an archive: what `export-ignore` names belongs to a template too."""
        listed = self._git("ls-tree", "-r", "--full-tree", commit)
        if re.search(r"^160000 ", listed, re.MULTILINE):
            message = f"`{self}` has submodules, which msgen does not fetch"
            raise UserError(message, hint="put their files into the template itself")
        with tempfile.TemporaryDirectory(prefix="msgen-") as scratch:
            at = {"GIT_INDEX_FILE": str(Path(scratch, "index")), "GIT_WORK_TREE": str(folder)}
            self._git("read-tree", commit, extra=at)
            self._git("checkout-index", "--all", "--force", extra=at, cwd=folder)

    @property
    def place(self) -> Path:
        """Where it lies; credentials make no other mirror."""
        key = hashlib.sha256(str(self).encode()).hexdigest()[:32]
        return foreign_fetch.folder() / f"{key}.git"

    def _git(
        self,
        *words: str,
        ok: tuple[int, ...] = (0,),
        extra: dict[str, str] | None = None,
        cwd: Path | None = None,
    ) -> str:
        at = {"GIT_DIR": str(self.place), **(extra or {})}
        said = git.run(*QUIETLY, *words, cwd=cwd or self.place, ok=ok, extra=at)
        return said.decode(errors="surrogateescape")


def version_of(ref: str) -> Version | None:
    """The version that a tag or a description by git names, if it does."""
    try:
        return Version(ref)
    except InvalidVersion:
        return None


@cache
def _warn(text: str) -> None:
    """Once in a process."""
    console.say(f"[yellow]![/] {text}")
