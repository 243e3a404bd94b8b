"""What goes into `git fast-import`: commits of files, by name where git has the content."""

from collections.abc import Collection
from dataclasses import replace

from .git import Repository
from .sides import Sides
from .trees import Blob, Tree

_WHO = "msgen <msgen@localhost> 1000000000 +0000"


def there(ready: Sides, repository: Repository) -> set[str]:
    """Contents that the repository has; a partial clone may have only their names."""
    if any((repository.objects / "pack").glob("*.promisor")):
        return set()
    return {blob.oid for blob in ready.ours.values() if blob.data is None}


def without(files: Tree, there: Collection[str]) -> Tree:
    """The files by name alone where the content is there."""
    return {
        path: replace(blob, data=None) if blob.oid in there else blob
        for path, blob in files.items()
    }


def commit(branch: str, mark: int, files: Tree, *, after: int = 0) -> list[bytes]:
    """A commit of these files alone, on a branch."""
    head = f"commit refs/heads/{branch}\nmark :{mark}\ncommitter {_WHO}\ndata 0\n"
    if after:
        head += f"from :{after}\ndeleteall\n"
    return [head.encode(), *(modify(path, blob) for path, blob in files.items())]


def modify(path: str, blob: Blob) -> bytes:
    """A file, by its content or by the name of its content."""
    if blob.data is None:
        return f"M {blob.mode} {blob.oid} ".encode() + quoted(path) + b"\n"
    head = f"M {blob.mode} inline ".encode() + quoted(path)
    return head + b"\ndata %d\n%b\n" % (len(blob.data), blob.data)


def quoted(path: str) -> bytes:
    """As `fast-import` reads a path."""
    name = path.encode(errors="surrogateescape")
    name = name.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"' + name + b'"'
