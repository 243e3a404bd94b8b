"""What README and documentation say, run and compared."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from front_door import Command
from msgen import releases
from msgen.plan import Planner

from tests.support import history

ROOT = Path(__file__).parents[2]
PAGES = {
    name: (ROOT / name).read_text()
    for name in ("README.md", "docs/generate.md", "docs/update.md")
}
COMMANDS = [
    line.partition("  #")[0].rstrip()
    for page in PAGES.values()
    for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    for line in block.splitlines()
]
MAKING = {"new", "presets", "doctor"}
"""Commands that need no service."""

SAYS = {
    "msgen check": "behind",
    "msgen update --continue": "there is nothing to go on with",
    "msgen adopt src/orders_service/chassis/edge.py": "is not ejected",
}
"""Where an old service that was never touched makes a command end with 1."""


def _plain(words: list[str]) -> list[str]:
    """Leave out what the network and `dev.py` have tests of their own for."""
    writes = words[:1] == ["new"] and "--dry-run" not in words
    changes = words[0] in {"update", "add", "remove", "set"}
    return [*words, "--no-install"] if writes or changes else words


@pytest.fixture
def service(msgen: Command) -> Path:
    """A service of the first release, where the pages say that services lie."""
    folder = Path(msgen.env["HOME"], "services/orders")
    history.born(releases.asked_for("0.1.0"), folder)
    return folder


@pytest.mark.parametrize(
    "line", [line for line in COMMANDS if line.startswith("msgen ") and line != "msgen new"]
)
def test_every_command_works(msgen: Command, line: str, request: Any) -> None:
    words = shlex.split(line)[1:]
    if words[0] not in MAKING:
        msgen.folder = request.getfixturevalue("service")
        words = [str(Path(msgen.env["HOME"], "services")) if word == "~/services" else word
                 for word in words]  # fmt: skip

    ran = msgen(*_plain(words))

    assert ran.code == (1 if line in SAYS else 0), ran.out + ran.err
    assert SAYS.get(line, "") in ran.out + ran.err


def test_no_command_escapes_the_tests() -> None:
    others = [line for line in COMMANDS if not line.startswith("msgen ")]

    assert [line for line in others if not line.startswith("git clone")] == [
        "python3 dev.py try",
        "python3 dev.py test",
    ]


def test_an_error_reads_as_documented(msgen: Command) -> None:
    block = re.search(
        r"```console\n\$ msgen (.*?)\n(.*?)```", PAGES["docs/generate.md"], re.DOTALL
    )
    assert block

    ran = msgen(*shlex.split(block[1]))

    assert ran.err == block[2]


def test_every_question_is_documented_with_its_choices_and_default() -> None:
    planner = Planner()
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGES["docs/generate.md"], re.MULTILINE))
    asked = {key: each for key, each in planner.questions.items() if not each.derived}

    assert asked.keys() - {"name"} == rows.keys() & asked.keys()
    for key, question in asked.items():
        wanted = [*question.choices.values()] or (
            [question.default] if question.default else []
        )
        if key != "name" and question.type != "bool" and "{{" not in str(wanted):
            assert all(f"`{value}`" in rows[key] for value in wanted), key


def test_every_option_of_new_is_in_the_readme(msgen: Command) -> None:
    options = set(re.findall(r"--[a-z-]+", msgen("new", "--help").out)) - {"--help"}

    assert options
    assert all(f"`{option}`" in PAGES["README.md"] or f"`{option}," in PAGES["README.md"]
               for option in options)  # fmt: skip


def test_every_preset_is_in_the_readme(msgen: Command) -> None:
    for row in msgen("presets", "--json").json:
        assert f"| `{row['name']}` |" in PAGES["README.md"]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", PAGES[page])
    local = [target for target in targets if "://" not in target]

    assert local or page != "README.md"
    assert all((ROOT / page).parent.joinpath(target).exists() for target in local)


@pytest.mark.parametrize("picture", ["picker", "preview", "summary"])
def test_pictures_show_no_machine_and_load_nothing(picture: str) -> None:
    svg = (ROOT / f"docs/images/{picture}.svg").read_text()

    assert "/tmp" not in svg
    assert "url(http" not in svg
    assert "font-face" not in svg
