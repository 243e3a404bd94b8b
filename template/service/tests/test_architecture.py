"""Which part may import which: routes → use cases → repository → tables, domain below all."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from .conftest import PACKAGE, ROOT

SOURCE = ROOT / "src" / PACKAGE
# In a slice with a domain, a file may import the files named behind it, and no other of them.
ALLOWED = {
    "routes": {
        "use_cases",
        "handlers",
        "queries",
        "schemas",
        "domain",
        "settings",
        "kind",
        "projections",
        "saga",
        "upstreams",
    },
    "handlers": {"use_cases", "events", "jobs", "files", "domain", "settings"},
    "use_cases": {
        "repository",
        "saga",
        "upstreams",
        "files",
        "changes",
        "events",
        "jobs",
        "domain",
    },
    "saga": {"repository", "upstreams", "domain"},
    "changes": {"events", "domain"},
    "queries": {"tables", "jobs", "domain"},
    "repository": {"tables", "domain"},
    "projections": {"tables", "facts", "domain"},
    "events": {"domain"},
    "jobs": {"domain"},
    "files": {"domain"},
    "upstreams": {"domain"},
    "schemas": {"domain"},
    "tables": set(),
    "domain": {"facts"},
    "facts": set(),
}
SLICES = sorted(path.parent for path in SOURCE.glob("*/routes.py"))


def imported(file: Path) -> set[str]:
    """Modules of this package that a file imports, as `folder.module`."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = file.relative_to(SOURCE).parent.parts
            parts = (*base[: len(base) - node.level + 1], *(node.module or "").split("."))
            found |= {".".join(filter(None, (*parts, name.name))) for name in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
            found.add(str(node.module).removeprefix(f"{PACKAGE}."))
    return found


@pytest.mark.parametrize("slice_", SLICES, ids=lambda path: path.name)
def test_a_slice_imports_downwards_only(slice_: Path) -> None:
    names = {path.stem for path in slice_.glob("*.py")}
    layers = ALLOWED if "domain" in names else {}
    above: dict[str, set[str]] = {}
    for file in slice_.glob("*.py"):
        own = {name.split(".")[1] for name in imported(file) if name.startswith(f"{slice_.name}.")}
        above[file.stem] = own & names
        assert own & names <= layers.get(file.stem, names), f"{slice_.name}/{file.name}"
    TopologicalSorter(above).prepare()  # raises CycleError


@pytest.mark.parametrize("slice_", SLICES, ids=lambda path: path.name)
def test_a_slice_knows_no_other_slice(slice_: Path) -> None:
    others = {other.name for other in SLICES} - {slice_.name}
    for file in slice_.glob("*.py"):
        assert not {name.split(".")[0] for name in imported(file)} & others, file.name


@pytest.mark.parametrize("slice_", SLICES, ids=lambda path: path.name)
def test_a_domain_knows_no_framework(slice_: Path) -> None:
    trees = [ast.parse(file.read_text()) for file in slice_.glob("domain.py")]
    for node in [node for tree in trees for node in ast.walk(tree)]:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [str(node.module)]
        assert not {name.split(".")[0] for name in names} & {"fastapi", "sqlalchemy", "pydantic"}


def test_the_chassis_knows_nothing_of_the_service() -> None:
    for file in (SOURCE / "chassis").rglob("*.py"):
        assert all(name.startswith("chassis") for name in imported(file)), file.name
