"""Asks what the command line left open; imported only when somebody is there to answer."""

from collections.abc import Callable
from dataclasses import replace
from shutil import get_terminal_size
from typing import Any

import questionary
from questionary import Choice, Style

from . import console, presets, report
from .errors import UserError
from .plan import Plan, Planner, Wish, target_of
from .questions import Question
from .staging import check_target

_STYLE = Style(
    [
        ("qmark", "fg:ansicyan bold"),
        ("question", "bold"),
        ("answer", "fg:ansicyan"),
        ("pointer", "fg:ansicyan bold"),
        ("highlighted", "fg:ansicyan bold"),
        ("selected", "noreverse"),
        ("instruction", "fg:ansibrightblack"),
    ]
)


def fill(wish: Wish, planner: Planner) -> Wish:
    """Ask for name, preset and a few answers, in that order; Ctrl-C stops."""
    if wish.name is None:
        name = _name(planner)
        wish = replace(wish, name=name, prompted={"name": name})
    planner.check_name(str(wish.name))
    check_target(target_of(wish))
    if wish.preset is None:
        wish = replace(wish, preset=_preset(planner))
    first = planner.plan(wish)
    few = [key for key in first.preset.asks if _open(key, first)]
    wish = _ask(few, wish, planner)
    rest = [key for key in planner.questions if key not in few and _open(key, first)]
    return _ask(_more(rest, first), wish, planner)


def confirm(plan: Plan, files: list[str]) -> None:
    """Show what will be written and ask once."""
    console.out()
    report.show_tree(plan, files, depth=1)
    console.out()
    report.show_answers(plan)
    console.out()
    if not _said(questionary.confirm(f"Write {len(files)} files?", qmark="?", style=_STYLE)):
        message = "nothing was written"
        raise UserError(message)


def _name(planner: Planner) -> str:
    question = planner.questions["name"]

    def check(text: str) -> bool | str:
        try:
            planner.check_name(text)
        except UserError as wrong:
            return f"{wrong.hint}: {wrong}" if wrong.hint else str(wrong)
        return True

    name: str = _said(questionary.text(question.help, validate=check, qmark="?", style=_STYLE))
    return name


def _preset(planner: Planner) -> str:
    width = max(len(name) for name in planner.presets)
    choices = [
        Choice(
            _short(f"{each.name:<{width}}  {each.summary}"),
            value=each.name,
            description=_short("shows " + ", ".join(each.patterns)),
        )
        for each in planner.presets.values()
    ]
    usual = presets.DEFAULT if presets.DEFAULT in planner.presets else None
    asked = questionary.select("Which preset?", choices, default=usual, qmark="?", style=_STYLE)
    chosen: str = _said(asked)
    return chosen


def _short(text: str) -> str:
    """One line, beside what the picker itself adds to it."""
    room = get_terminal_size().columns - 18
    return text if len(text) <= room else text[:room].rsplit(",", 1)[0].rstrip(" .") + " …"


def _open(key: str, plan: Plan) -> bool:
    """Whether an answer is still the template's or the organisation's default."""
    return key in plan.answers and plan.answers[key].source in {"default", "organisation"}


def _more(keys: list[str], plan: Plan) -> list[str]:
    width = max((len(key) for key in keys), default=0)
    choices = [
        Choice(f"{key:<{width}}  {report.shown(plan.answers[key].value)}", value=key)
        for key in keys
    ]
    if not choices:
        return []
    asked = questionary.checkbox(
        "Change anything else?",
        choices,
        instruction="(space selects, enter goes on)",
        qmark="?",
        style=_STYLE,
    )
    chosen: list[str] = _said(asked)
    return chosen


def _ask(keys: list[str], wish: Wish, planner: Planner) -> Wish:
    for key in keys:
        default = planner.plan(wish).answers[key].value
        value = _said(_prompt(planner.questions[key], default, planner))
        question = planner.questions[key]
        value = question.parse(value) if isinstance(value, str) else value
        if value != default:
            wish = replace(wish, prompted={**wish.prompted, key: value})
    return wish


def _prompt(question: Question, default: Any, planner: Planner) -> questionary.Question:
    look: dict[str, Any] = {"qmark": "?", "style": _STYLE}
    if question.type == "bool":
        return questionary.confirm(question.help, default=bool(default), **look)
    if question.choices:
        choices = [Choice(title, value=value) for title, value in question.choices.items()]
        return questionary.select(question.help, choices, default=default, **look)
    check = _checker(question, planner)
    return questionary.text(question.help, default=str(default), validate=check, **look)


def _checker(question: Question, planner: Planner) -> Callable[[str], bool | str]:
    def check(text: str) -> bool | str:
        try:
            planner.check_answer(question, text)
        except UserError as wrong:
            return str(wrong)
        return True

    return check


def _said(asked: questionary.Question) -> Any:
    """The answer; Ctrl-C and a closed terminal stop the command."""
    return asked.unsafe_ask()
