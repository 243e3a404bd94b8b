"""The questions, on a real pseudo-terminal."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from front_door import CTRL_C, CTRL_U, DOWN, ENTER, UP, Command, Terminal, listing

from tests.template.test_golden import PRESETS

Open = Callable[..., Terminal]
QUICK = ("--no-install", "--no-git")


def _accept_until_preview(screen: Terminal) -> None:
    """Take every default: preset, three questions, no further change."""
    screen.sees("Which preset?")
    screen.types(ENTER)
    screen.sees("What does it do, in one sentence?")
    screen.types(ENTER)
    screen.sees("Under which licence?")
    screen.types(ENTER)
    screen.sees("Who reviews changes?")
    screen.types(ENTER)
    screen.sees("Change anything else?")
    screen.types(ENTER)


def test_everything_is_asked_when_nothing_was_said(terminal: Open, folder: Path) -> None:
    screen = terminal("new", *QUICK)

    screen.sees("What is the service called?")
    screen.types("orders" + ENTER)
    _accept_until_preview(screen)
    screen.sees("exception_tracking  default  yes")
    screen.sees("Write ")
    screen.types("y")

    assert screen.ends() == 0
    assert (folder / "orders/pyproject.toml").is_file()
    assert "cd orders" in screen.text


def test_the_picker_shows_summary_and_patterns_and_follows_the_arrows(
    msgen: Command, terminal: Open, folder: Path
) -> None:
    presets = folder.parent / "presets"
    presets.mkdir()
    (presets / "acme.yml").write_text(
        "title: Acme\nsummary: As we do it.\npatterns: [Paper trail]\nanswers: {ci: none}\n"
    )
    config = folder.parent / "config.toml"
    config.write_text(f'presets = ["{presets}"]\n')
    msgen.env["MSGEN_CONFIG"] = str(config)
    screen = terminal("new", "orders", *QUICK, size=(60, 160))

    screen.sees("» service ")
    screen.sees("Database per service")
    for _ in range(PRESETS.index("service") + 1):
        screen.types(UP)
    screen.sees("» acme ")
    screen.sees("Paper trail")
    screen.types(ENTER)
    screen.sees("Change anything else?")
    screen.types(ENTER)
    screen.sees("ci                  preset   none")
    screen.types("y")

    assert screen.ends() == 0
    assert not (folder / "orders/.github/workflows").exists()


def test_what_was_said_on_the_command_line_is_not_asked(terminal: Open) -> None:
    words = ("orders", "-p", "service", "-s", "licence=MIT", "-s", "description=Orders.")
    screen = terminal("new", *words, *QUICK)

    screen.sees("Who reviews changes?")

    assert "What is the service called?" not in screen.text
    assert "Which preset?" not in screen.text
    assert "Under which licence?" not in screen.text
    assert "What does it do" not in screen.text


def test_an_answer_changed_at_the_prompt_says_so(terminal: Open, folder: Path) -> None:
    screen = terminal("new", "orders", "-p", "service", *QUICK)

    screen.sees("What does it do, in one sentence?")
    screen.types(CTRL_U + "Sells tea." + ENTER)
    screen.sees("Under which licence?")
    screen.types(DOWN + ENTER)
    screen.sees("Who reviews changes?")
    screen.types("@acme/tea" + ENTER)
    screen.sees("Change anything else?")
    screen.types(DOWN + DOWN + " " + ENTER)  # the third one: ci
    screen.sees("Which CI runs its checks?")
    screen.types(DOWN + ENTER)
    screen.sees("ci                  prompt   none")
    screen.sees("licence             prompt   MIT")
    screen.types("y")

    assert screen.ends() == 0
    assert "Sells tea." in (folder / "orders/pyproject.toml").read_text()
    assert (folder / "orders/LICENSE").is_file()
    assert not (folder / "orders/.github/workflows").exists()


def test_a_bad_name_is_refused_while_typing(terminal: Open, folder: Path) -> None:
    screen = terminal("new", *QUICK)

    screen.sees("What is the service called?")
    screen.types("My Service!" + ENTER)
    screen.sees("try `my-service`")
    screen.types(CTRL_U + "my-service" + ENTER)
    _accept_until_preview(screen)
    screen.sees("Write ")
    screen.types("y")

    assert screen.ends() == 0
    assert (folder / "my-service").is_dir()


def test_no_at_the_confirmation_writes_nothing(terminal: Open, folder: Path) -> None:
    screen = terminal("new", "orders", *QUICK)

    _accept_until_preview(screen)
    screen.sees("Write ")
    screen.types("n")

    assert screen.ends() == 1
    assert "nothing was written" in screen.text
    assert listing(folder) == []


STOPS = [
    "What is the service called?",
    "Which preset?",
    "Under which licence?",
    "Change anything else?",
    "Write ",
]


@pytest.mark.parametrize("stop", STOPS)
def test_ctrl_c_leaves_nothing_behind(terminal: Open, folder: Path, stop: str) -> None:
    screen = terminal("new", "--output", "deep/orders", *QUICK)
    screen.sees(STOPS[0])
    if stop != STOPS[0]:
        screen.types("orders" + ENTER)
    for question in (STOPS[1], "What does it do", STOPS[2], "Who reviews changes?", STOPS[3]):
        if stop in screen.text:
            break
        screen.sees(question)
        if question != stop:
            screen.types(ENTER)
    screen.sees(stop)

    screen.types(CTRL_C)

    assert screen.ends() == 130
    assert "error: stopped; nothing was written" in screen.text
    assert "Traceback" not in screen.text
    assert list(folder.iterdir()) == []


def test_a_full_target_is_told_before_any_further_question(
    terminal: Open, folder: Path
) -> None:
    (folder / "orders").mkdir()
    (folder / "orders/notes.txt").write_text("mine")

    screen = terminal("new", "orders", *QUICK)

    assert screen.ends() == 2
    assert "is not empty" in screen.text
    assert "Which preset?" not in screen.text


def test_yes_asks_nothing_on_a_terminal(terminal: Open, folder: Path) -> None:
    screen = terminal("new", "orders", "--yes", *QUICK)

    assert screen.ends() == 0
    assert "?" not in screen.text.replace("open http", "")
    assert (folder / "orders").is_dir()


def test_without_colour_the_words_are_the_same(msgen: Command, terminal: Open) -> None:
    msgen.env["NO_COLOR"] = "1"
    screen = terminal("new", "My Service!", "--yes")

    assert screen.ends() == 2
    assert screen.text.startswith("error: `My Service!` is not a name that works")


def test_ctrl_c_while_installing_leaves_the_service_whole(
    msgen: Command, terminal: Open, folder: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, never answers
        port = silent.getsockname()[1]
        msgen.env |= {"UV_INDEX_URL": f"http://127.0.0.1:{port}/", "UV_NO_CACHE": "1"}
        screen = terminal("new", "orders", "--yes")
        screen.sees("Installing the dependencies with `uv sync`")

        screen.types(CTRL_C)

        assert screen.ends() == 1
    assert "✗ install  stopped" in screen.text
    assert "– git      stopped" in screen.text
    assert "uv sync" in screen.text
    assert (folder / "orders/pyproject.toml").is_file()
    assert not (folder / "orders/.git").exists()
