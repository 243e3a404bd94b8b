"""Three-way merge by git, beside the work tree and outside the repository's own objects."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from . import git, streams, trees
from .deciding import decided
from .errors import UserError
from .git import GitError, Repository
from .ownership import Ownership
from .sides import Sides
from .trees import Blob, Tree

_OURS, _THEIRS = "yours", "template"
_OPTIONS = (
    "-c", "merge.renames=true", "-c", "merge.directoryRenames=true",
    "-c", "merge.renameLimit=7000", "-c", "merge.renormalize=false",
    "-c", "fastimport.unpackLimit=1000000", "-c", "gc.auto=0",
)  # fmt: skip
Stages = dict[int, Blob]


@dataclass
class Merged:
    """The result: the service's folder as it would be, and what git could not decide."""

    scratch: Path
    """A bare repository with the new objects; it reads the others from the real one."""
    tree: str
    files: Tree
    conflicts: dict[str, Stages] = field(default_factory=dict)
    """Paths with the sides that contend: 1 once rendered, 2 the team's, 3 rendered now."""
    moved: dict[str, str] = field(default_factory=dict)
    """New names of files that the template renamed, with the old ones."""


@contextmanager
def merging(
    ready: Sides,
    repository: Repository,
    ownership: Ownership,
    *,
    label: str,
    beside: Path | None,
) -> Iterator[Merged]:
    """Merge; the scratch repository goes when the block ends.

    `label` names the template's side in conflict markers. `beside` is the folder for the
    scratch repository, the git directory when its objects are to be moved there.
    """
    with tempfile.TemporaryDirectory(prefix="msgen-", dir=beside) as folder:
        scratch = _scratch(Path(folder), repository)
        _import(ready, repository, scratch)
        yield _merge(ready, repository, ownership, scratch, label)


def _scratch(folder: Path, repository: Repository) -> Path:
    """A bare repository made by hand: one process less."""
    for name in ("objects/info", "refs/heads"):
        (folder / name).mkdir(parents=True)
    (folder / "HEAD").write_text("ref: refs/heads/none\n")
    config = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"
    if repository.sha256:
        config = config.replace("= 0", "= 1") + "[extensions]\n\tobjectformat = sha256\n"
    (folder / "config").write_text(config)
    alternate = str(repository.objects.resolve())
    (folder / "objects/info/alternates").write_text(alternate + "\n")
    return folder


def _git(scratch: Path, *words: str, **more: object) -> bytes:
    at = {"GIT_DIR": str(scratch)}
    return git.run(*_OPTIONS, *words, cwd=scratch, extra=at, **more)  # type: ignore[arg-type]


def _import(ready: Sides, repository: Repository, scratch: Path) -> None:
    """Three commits in one process."""
    there = streams.there(ready, repository)
    stream = [b"feature done\n"]
    stream += streams.commit("base", 1, streams.without(ready.base, there))
    stream += streams.commit(_THEIRS, 2, streams.without(ready.theirs, there), after=1)
    stream += streams.commit(_OURS, 3, {}, after=1)
    stream.append(f'M 040000 {repository.tree} ""\n'.encode())
    changed = (path for path, blob in ready.ours.items() if blob.data is not None)
    stream += [streams.modify(path, ready.ours[path]) for path in changed]
    stream.append(b"done\n")
    _fast_import(scratch, stream)


def _fast_import(scratch: Path, stream: list[bytes]) -> None:
    words = ("fast-import", "--quiet", "--done", "--force", "--date-format=raw")
    _git(scratch, *words, stdin=b"".join(stream))


def _merge(
    ready: Sides, repository: Repository, ownership: Ownership, scratch: Path, label: str
) -> Merged:
    (scratch / "refs/heads" / label).write_bytes(
        (scratch / "refs/heads" / _THEIRS).read_bytes()
    )
    said = _merge_tree(scratch, label)
    tree, _, listed = said.decode(errors="surrogateescape").partition("\0")
    conflicts: dict[str, Stages] = {}
    for line in filter(None, listed.split("\0")):
        about, path = line.split("\t", 1)
        mode, oid, stage = about.split()
        conflicts.setdefault(path, {})[int(stage)] = Blob(mode, oid)
    merged = Merged(scratch, tree, trees.at(tree, repository, scratch=scratch), conflicts)
    merged.moved = _moved(ready, scratch)
    edits = decided(merged, ready, repository, ownership)
    if edits:
        _edit(merged, edits)
    return merged


def _merge_tree(scratch: Path, label: str) -> bytes:
    words = ("merge-tree", "--write-tree", "-z", "--no-messages", _OURS, label)
    try:
        return _git(scratch, *words, ok=(0, 1))
    except GitError as wrong:
        if git.version() >= git.OLDEST:
            raise
        message = f"git {'.'.join(map(str, git.OLDEST))} or newer is needed to merge"
        raise UserError(message, hint="`msgen doctor` says which git was found") from wrong


def _moved(ready: Sides, scratch: Path) -> dict[str, str]:
    if not (
        ready.base.keys() - ready.theirs.keys() and ready.theirs.keys() - ready.base.keys()
    ):
        return {}
    said = _git(
        scratch,
        "diff-tree",
        "-r",
        "-z",
        "-M",
        "--diff-filter=R",
        "--name-status",
        "base",
        _THEIRS,
    )
    fields = said.decode(errors="surrogateescape").split("\0")
    return {new: old for _, old, new in zip(*[iter(fields)] * 3, strict=False)}


def settle(merged: Merged, edits: dict[str, Blob | None]) -> None:
    """Take conflicts as decided: each path gets a content, or goes."""
    for path in edits:
        del merged.conflicts[path]
    _edit(merged, edits)


def _edit(merged: Merged, edits: dict[str, Blob | None]) -> None:
    """Write the tree again with some of its files replaced or gone."""
    index = {"GIT_INDEX_FILE": str(merged.scratch / "index"), "GIT_DIR": str(merged.scratch)}
    gone = "0" * len(merged.tree)
    lines = []
    for path, blob in sorted(edits.items(), key=lambda edit: edit[1] is not None):
        merged.files.pop(path, None)
        lines.append(
            f"0 {gone}\t{path}\0" if blob is None else f"{blob.mode} {blob.oid}\t{path}\0"
        )
        if blob is not None:
            merged.files[path] = blob
    git.run("read-tree", merged.tree, cwd=merged.scratch, extra=index)
    stdin = "".join(lines).encode(errors="surrogateescape")
    git.run("update-index", "-z", "--index-info", cwd=merged.scratch, extra=index, stdin=stdin)
    merged.tree = git.run("write-tree", cwd=merged.scratch, extra=index).decode().strip()


def move_objects(merged: Merged, repository: Repository) -> None:
    """Give the repository the new objects; those that it has already stay as they are."""
    source = merged.scratch / "objects"
    for path in source.glob("[0-9a-f][0-9a-f]/*"):
        place = repository.objects / path.relative_to(source)
        if not place.exists():
            place.parent.mkdir(exist_ok=True)
            path.replace(place)


def whole_tree(merged: Merged, repository: Repository) -> str:
    """The tree of the repository with the merged folder in its place."""
    if not repository.prefix:
        return merged.tree
    root = repository.git("rev-parse", "HEAD^{tree}").decode().strip()
    folder = streams.quoted(repository.prefix.rstrip("/"))
    stream = [
        b"feature done\n",
        *streams.commit("whole", 1, {}),
        f'M 040000 {root} ""\nM 040000 {merged.tree} '.encode() + folder + b"\ndone\n",
    ]
    _fast_import(merged.scratch, stream)
    said = _git(merged.scratch, "rev-parse", "refs/heads/whole^{tree}")
    return said.decode().strip()
