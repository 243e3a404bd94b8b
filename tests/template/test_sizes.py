"""Functions fit on a screen, files in a head, and comments say why, not what."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.rendering import ROOT, Generate
from tests.template.test_golden import PRESETS

FUNCTION = 25
FILE = 200
TESTS = 300
COMMENTS = 0.05

CLI = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "cli").rglob("*.py"))


@pytest.fixture(scope="session")
def sources(generate: Generate) -> dict[str, str]:
    """All Python that a service can start with."""
    found: dict[str, str] = {}
    for preset in PRESETS:
        service = generate(preset, name="orders")
        found |= {file: service.text(file) for file in service.files if file.endswith(".py")}
    for kind in ("mobile", "partner"):
        service = generate("bff", name="orders", client_kind=kind)
        found |= {file: service.text(file) for file in service.files if file.endswith(".py")}
    service = generate(name="orders", feature_flags=True, broker="rabbitmq")
    return found | {file: service.text(file) for file in service.files if file.endswith(".py")}


def test_functions_of_a_service_are_short(sources: dict[str, str]) -> None:
    code = {file: text for file, text in sources.items() if file.startswith("src/")}

    assert list(_too_long(code)) == []


def test_files_of_a_service_are_short(sources: dict[str, str]) -> None:
    limits = {file: TESTS if file.startswith("tests/") else FILE for file in sources}

    assert [file for file, text in sources.items() if text.count("\n") > limits[file]] == []


def test_comments_of_a_service_are_few(sources: dict[str, str]) -> None:
    lines = [line.strip() for text in sources.values() for line in text.splitlines()]

    assert sum(line.startswith("#") for line in lines) / len(lines) < COMMENTS


def test_functions_of_msgen_are_short() -> None:
    code = {file: (ROOT / file).read_text(encoding="utf-8") for file in CLI}

    assert list(_too_long(code)) == []


def test_files_of_msgen_are_short() -> None:
    texts = {file: (ROOT / file).read_text(encoding="utf-8") for file in CLI}

    assert [file for file, text in texts.items() if text.count("\n") > FILE] == []


def _too_long(sources: dict[str, str]) -> Iterator[str]:
    """Functions over the limit; a migration is a list, a command's signature its options."""
    for file, text in sources.items():
        if "migrations" in Path(file).parts:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = _length(node, whole="commands/" not in file)
                if length > FUNCTION:
                    yield f"{file}:{node.lineno} `{node.name}` has {length} lines"


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef, *, whole: bool) -> int:
    statements = node.body[1:] if ast.get_docstring(node) and node.body[1:] else node.body
    first = node.lineno if whole else statements[0].lineno
    return (node.end_lineno or first) - first + 1
