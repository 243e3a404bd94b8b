"""What the shell offers after `--preset` and `--set`."""

from .errors import UserError


def presets(incomplete: str) -> list[tuple[str, str]]:
    """Preset names with their summaries."""
    from .plan import Planner

    try:
        known = Planner().presets
    except UserError:
        return []
    return [(name, each.summary) for name, each in known.items() if name.startswith(incomplete)]


def overrides(incomplete: str) -> list[str]:
    """Keys before the `=`, and after it the values that a key takes."""
    from .plan import Planner

    key, separator, _ = incomplete.partition("=")
    questions = Planner().questions
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
