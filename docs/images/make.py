"""Makes the pictures again, from a real run on a pseudo-terminal.

.venv/bin/python docs/images/make.py
"""

import io
import os
import re
import sys
import tempfile
from pathlib import Path

from rich import _export_format
from rich.console import Console
from rich.style import Style
from rich.text import Text

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tests/cli"))

from front_door import ENTER, Command, Terminal  # noqa: E402

SIZE = (60, 100)
NAMED = {"brown": "yellow"}
"""Where pyte's names of colours differ from rich's."""


def main() -> None:
    """Walk through `msgen new` and take three pictures."""
    with tempfile.TemporaryDirectory() as home:
        work = Path(home, "work")
        work.mkdir()
        command = Command(work, Path(home))
        command.env = {**os.environ, **command.env}
        screen = Terminal(command, ("new",), SIZE)
        screen.sees("What is the service called?")
        screen.types("my-service" + ENTER)
        screen.sees("Description:")
        save(screen, "picker", first="? What is", title="msgen new")
        for question in (
            "What does it do",
            "Under which licence?",
            "Who reviews",
            "Change any",
        ):
            screen.types(ENTER)
            screen.sees(question)
        screen.types(ENTER)
        screen.sees("Write ")
        save(screen, "preview", first="my-service/", title="msgen new")
        screen.types("y")
        screen.ends()
        save(screen, "summary", first="✓ my-service", title="msgen new")


def save(screen: Terminal, name: str, *, first: str, title: str) -> None:
    """Draw what stands on the screen from the last line that begins with `first`."""
    lines = [_line(screen, number) for number in range(SIZE[0])]
    while lines and not lines[-1].plain.strip():
        lines.pop()
    starts = [number for number, line in enumerate(lines) if line.plain.startswith(first)]
    console = Console(record=True, width=SIZE[1], file=io.StringIO())
    for line in lines[starts[-1] :]:
        console.print(line, soft_wrap=True)
    svg = console.export_svg(title=title, code_format=_without_foreign_fonts(), unique_id=name)
    (HERE / f"{name}.svg").write_text(svg, encoding="utf-8")


def _line(screen: Terminal, number: int) -> Text:
    text = Text()
    for column in range(SIZE[1]):
        cell = screen.cell(number, column)
        style = Style(
            color=_colour(cell.fg),
            bgcolor=_colour(cell.bg),
            bold=cell.bold,
            reverse=cell.reverse,
            underline=cell.underscore,
        )
        text.append(cell.data, style)
    text.rstrip()
    return text


def _colour(name: str) -> str | None:
    if name == "default":
        return None
    if re.fullmatch("[0-9a-f]{6}", name):
        return f"#{name}"
    return NAMED.get(name, name).replace("bright", "bright_")


def _without_foreign_fonts() -> str:
    """Rich's drawing, minus the fonts that it would load from elsewhere."""
    return re.sub(
        r"@font-face \{\{.*?\}\}\s*", "", _export_format.CONSOLE_SVG_FORMAT, flags=re.DOTALL
    )


if __name__ == "__main__":
    main()
