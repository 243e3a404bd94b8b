"""What is asked about a template that is not ours."""

from collections.abc import Callable, Iterator

import pytest
from front_door import CTRL_U, DOWN, ENTER, Command, Terminal

from tests.foreign.conftest import Made
from tests.foreign.templates import ANSWERS, ANSWERS_PATH, CLASSIC, Template

QUICK = ("--no-install", "--no-git")
ASKING = {
    "copier.yml": """\
owner: {type: str, help: "Whose is it?"}
parts: {type: str, multiselect: true, choices: [web, db], default: [web]}
token: {type: str, secret: true, default: none-yet}
""",
    ANSWERS_PATH: ANSWERS,
    "out.txt.jinja": "{{ owner }} {{ parts }} {{ token }}\n",
}


@pytest.fixture
def terminal(msgen: Command) -> Iterator[Callable[..., Terminal]]:
    """The command on a terminal."""
    opened: list[Terminal] = []

    def start(*words: str) -> Terminal:
        opened.append(Terminal(msgen, words, (60, 110)))
        return opened[-1]

    yield start
    for each in opened:
        each.child.close(force=True)


def test_what_has_no_default_is_asked_first(
    terminal: Callable[..., Terminal], msgen: Command, template: Template
) -> None:
    template.write(ASKING, "v1")

    screen = terminal("new", "shop", "--template", template.url, *QUICK)
    screen.sees("Whose is it?")
    screen.types("us" + ENTER)
    screen.sees("Change anything else?")
    screen.types(" " + ENTER)
    screen.sees("parts")
    screen.types(DOWN + " " + ENTER)
    screen.sees("Write 2 files?")
    screen.types("y")

    assert screen.ends() == 0
    assert (msgen.folder / "shop/out.txt").read_text() == "us ['web', 'db'] none-yet\n"


def test_an_update_asks_what_is_new(
    terminal: Callable[..., Terminal], made: Made, template: Template
) -> None:
    template.write(CLASSIC, "v1")
    shop = made(template.url)
    asked = 'colour:\n  type: str\n  help: "Which colour?"\n  default: blue\n'
    template.write({"copier.yml": CLASSIC["copier.yml"] + asked}, "v2")

    screen = terminal("update")
    screen.sees("Which colour?")
    screen.types(CTRL_U + "red" + ENTER)
    screen.sees("Update it?")
    screen.types("y")

    assert screen.ends() == 0
    assert "colour: red" in shop.text(".copier-answers.yml")
