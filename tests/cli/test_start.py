"""How fast the command is there, and what it does not load to get there."""

import os
import subprocess
import sys

import pytest
from front_door import MSGEN, Command

HEAVY = ("copier", "jinja2", "questionary", "prompt_toolkit", "plumbum")


def _loaded(msgen: Command, *words: str) -> set[str]:
    probe = (
        "import sys; from msgen.app import main\n"
        f"sys.argv = ['msgen', *{words!r}]\n"
        "code = main()\n"
        "print(*sys.modules, sep='\\n', file=sys.stderr)\n"
        "sys.exit(code)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", probe],
        cwd=msgen.folder,
        env=msgen.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(ran.stderr.splitlines())


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["new", "--help"]])
def test_asking_for_help_loads_nothing_heavy(msgen: Command, words: list[str]) -> None:
    assert not _loaded(msgen, *words).intersection(HEAVY)


def test_listing_presets_does_not_load_copier(msgen: Command) -> None:
    assert not _loaded(msgen, "presets").intersection(HEAVY)


def test_generating_does_not_load_prompts(msgen: Command) -> None:
    loaded = _loaded(msgen, "new", "orders", "--no-install", "--no-git")

    assert "copier" in loaded
    assert not loaded.intersection({"questionary", "prompt_toolkit", "pygments"})
    assert not loaded.intersection({"urllib.request", "ssl", "dunamai"})


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_come_at_once(msgen: Command, option: str) -> None:
    """0.25 s where bare Python takes 0.02; processor time, as other tests run beside this."""
    bare = min(_seconds([sys.executable, "-c", "pass"], msgen) for _ in range(7))

    ours = min(_seconds([MSGEN, option], msgen) for _ in range(7))

    assert ours < max(0.25, 12.5 * bare)


def test_version_is_printed(msgen: Command) -> None:
    ran = msgen("--version")

    assert ran.code == 0
    assert ran.out.startswith("msgen 0.")


def test_as_a_module_it_is_the_same_command(msgen: Command) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "msgen", "--help"],
        env=msgen.env,
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout == msgen("--help").out
    assert "Usage: msgen" in ran.stdout


def test_without_words_it_shows_its_help(msgen: Command) -> None:
    ran = msgen()

    assert "Usage: msgen" in ran.out
    assert ran.err == ""


def test_an_unknown_command_is_a_usage_error(msgen: Command) -> None:
    ran = msgen("nwe")

    assert ran.code == 2
    assert ran.err == "error: no such command `nwe`\n\nhint: did you mean `new`?\n"


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("msgen ne", "new"),
        ("msgen new --preset ser", "service"),
        ("msgen new --set ren", "renovate="),
        ("msgen new --set licence=M", "licence=MIT"),
        ("msgen new --set container=", "container=no"),
        ("msgen presets ", "service"),
    ],
)
def test_the_shell_completes(msgen: Command, typed: str, offered: str) -> None:
    words = typed.split(" ")
    asking = {
        "_MSGEN_COMPLETE": "complete_bash",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(words) - 1),
    }

    assert offered in msgen(env=asking).out.split()


def _seconds(words: list[str], msgen: Command) -> float:
    process = subprocess.Popen(words, env=msgen.env, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return used.ru_utime + used.ru_stime
