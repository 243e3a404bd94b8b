"""What the shell offers after `--preset` and `--set`."""

from typing import TYPE_CHECKING

from typer import Context

from .errors import UserError

if TYPE_CHECKING:
    from .plan import Planner


def presets(context: Context, incomplete: str) -> list[tuple[str, str]]:
    """Preset names with their summaries."""
    try:
        known = _planner(context).presets
    except UserError:
        return []
    return [(name, each.summary) for name, each in known.items() if name.startswith(incomplete)]


def overrides(context: Context, incomplete: str) -> list[str]:
    """Keys before the `=`, and after it the values that a key takes."""
    key, separator, _ = incomplete.partition("=")
    try:
        questions = _planner(context).questions
    except UserError:
        return []
    if not separator:
        keys = [each.name for each in questions.values() if not each.derived]
        return [f"{each}=" for each in keys if each.startswith(key) and each != "name"]
    if key not in questions:
        return []
    question = questions[key]
    values = [str(each) for each in question.choices.values()]
    if question.type == "bool":
        values = ["yes", "no"]
    return [
        each for each in (f"{key}={value}" for value in values) if each.startswith(incomplete)
    ]


def _planner(context: Context) -> "Planner":
    """For the template on the command line, as it was last fetched: nobody waits for that."""
    from .plan import Planner

    return Planner(context.params.get("template"), offline=True)
