"""Asks what the command line left open; imported only when somebody is there to answer."""

import json
from collections.abc import Callable
from dataclasses import replace
from shutil import get_terminal_size
from typing import Any

import questionary
from questionary import Choice, Style

from . import console, presets, report
from .change import State
from .errors import UserError
from .foreign_answers import UnansweredError
from .plan import Plan, Planner, Wish, target_of
from .questions import Question
from .staging import check_target

_STYLE = Style([
    ("qmark", "fg:ansicyan bold"), ("question", "bold"), ("answer", "fg:ansicyan"),
    ("pointer", "fg:ansicyan bold"), ("highlighted", "fg:ansicyan bold"),
    ("selected", "noreverse"), ("instruction", "fg:ansibrightblack"),
])  # fmt: skip


def fill(wish: Wish, planner: Planner) -> Wish:
    """Ask for name, preset and a few answers, in that order; Ctrl-C stops."""
    if wish.name is None:
        name = _name(planner)
        wish = replace(wish, name=name, prompted={"name": name})
    planner.check_name(str(wish.name))
    check_target(target_of(wish))
    if wish.preset is None and set(planner.presets) != {presets.NONE}:
        wish = replace(wish, preset=_preset(planner))
    wish = _ask_required(wish, planner)
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
    report.show_answers(plan, derived=False)
    console.out()
    if not _said(questionary.confirm(f"Write {len(files)} files?", qmark="?", style=_STYLE)):
        message = "nothing was written"
        raise UserError(message)


def agree(text: str) -> None:
    """Ask once; anything but a yes stops the command."""
    console.out()
    if not _said(questionary.confirm(text, qmark="?", style=_STYLE)):
        message = "nothing was written"
        raise UserError(message)


def about_new_questions(keys: list[str], target: State) -> dict[str, Any]:
    """Ask what the newer template wants to know; gives the answers that are no default."""
    planner = Planner()
    planner.__dict__["snapshot"] = target.snapshot
    answered = {}
    for key in keys:
        question, default = planner.questions[key], target.answers[key]
        value = _said(_prompt(question, default, planner))
        value = question.parse(value) if isinstance(value, str) else value
        if value != default:
            answered[key] = value
    return answered


def _name(planner: Planner) -> str:
    question = planner.questions.get("name", Question("name", "str", "What is it called?"))

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


def _ask_required(wish: Wish, planner: Planner) -> Wish:
    """Ask what has no default: our template has no such question, others may."""
    while True:
        try:
            planner.plan(wish)
        except UnansweredError as missing:
            question = planner.questions[missing.key]
            value = _said(_prompt(question, None, planner))
            value = question.parse(value) if isinstance(value, str) else value
            wish = replace(wish, prompted={**wish.prompted, missing.key: value})
        else:
            return wish


def _prompt(question: Question, default: Any, planner: Planner) -> questionary.Question:
    look: dict[str, Any] = {"qmark": "?", "style": _STYLE}
    if question.type == "bool":
        return questionary.confirm(question.help, default=bool(default), **look)
    if question.choices and question.multiselect:
        several = [
            Choice(title, value=value, checked=value in (default or ()))
            for title, value in question.choices.items()
        ]
        return questionary.checkbox(question.help, several, **look)
    if question.choices:
        choices = [Choice(title, value=value) for title, value in question.choices.items()]
        return questionary.select(question.help, choices, default=default, **look)
    check = _checker(question, planner)
    shown = "" if default is None else _typed(default)
    asked = questionary.password if question.secret else questionary.text
    return asked(question.help, default=shown, validate=check, **look)


def _typed(value: Any) -> str:
    """A value as it can be typed: what has parts is JSON, which is YAML too."""
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


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
