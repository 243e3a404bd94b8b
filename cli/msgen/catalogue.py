"""Presets described: in one line, or with patterns, questions, files and dependencies."""

import tempfile
import tomllib
from pathlib import Path
from typing import Any

from . import console, generate
from .plan import Plan, Planner, Wish
from .presets import Preset
from .report import shown


def brief(preset: Preset) -> dict[str, Any]:
    """What the list says of a preset."""
    return {
        "name": preset.name,
        "title": preset.title,
        "summary": preset.summary,
        "patterns": list(preset.patterns),
    }


def in_full(planner: Planner, name: str) -> dict[str, Any]:
    """Everything about a preset; files and dependencies are read from a rendering."""
    plan = planner.plan(Wish("example", name))
    with tempfile.TemporaryDirectory(prefix="msgen-preset-") as folder:
        files = generate.render_into(plan, Path(folder))
        dependencies = _dependencies(Path(folder, "pyproject.toml"))
    return {
        **brief(plan.preset),
        "path": str(plan.preset.path),
        "answers": plan.preset.answers,
        "questions": _questions(planner, plan),
        "files": files,
        "dependencies": dependencies,
    }


def show(described: dict[str, Any]) -> None:
    """The same for people."""
    console.out(f"[bold]{described['title']}[/]  {described['summary']}")
    _section("Patterns", ["  " + ", ".join(described["patterns"])])
    rows = [
        (each["name"], each["default"], each["choices"] or each["help"])
        for each in described["questions"]
    ]
    _section("Answers that `--set` changes", console.table(rows))
    _section("Dependencies", [f"  {each}" for each in described["dependencies"]])
    _section(
        console.counted(described["files"]).capitalize(),
        console.tree(described["files"], depth=2),
    )


def _section(title: str, lines: list[str]) -> None:
    console.out()
    console.out(f"[bold]{title}[/]")
    for line in lines:
        console.out(line)


def _questions(planner: Planner, plan: Plan) -> list[dict[str, str]]:
    asked = [each for each in planner.questions.values() if not each.derived]
    return [
        {
            "name": each.name,
            "help": each.help,
            "choices": " | ".join(str(value) for value in each.choices.values()),
            "default": shown(plan.answers[each.name].value),
        }
        for each in asked
        if each.name in plan.answers and each.name != "name" and not each.secret
    ]


def _dependencies(pyproject: Path) -> list[str]:
    if not pyproject.is_file():
        return []
    project = tomllib.loads(pyproject.read_text(encoding="utf-8")).get("project", {})
    return list(project.get("dependencies", []))
