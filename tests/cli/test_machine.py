"""`msgen doctor` and `msgen presets`."""

import re
from pathlib import Path

from front_door import Command


def _findings(msgen: Command, **env: str) -> dict[str, dict[str, str]]:
    return {each["subject"]: each for each in msgen("doctor", "--json", env=env).json}


def test_a_machine_with_everything_is_fine(msgen: Command) -> None:
    Path(msgen.env["HOME"], ".gitconfig").write_text("[user]\n\temail = me@example.org\n")

    ran = msgen("doctor")

    assert ran.code == 0
    assert "✗" not in ran.out
    assert _findings(msgen)["template"]["detail"].startswith("v0.")


def test_a_missing_git_is_noticed_with_how_to_get_it(msgen: Command, tmp_path: Path) -> None:
    ran = msgen("doctor", env={"PATH": str(tmp_path)})

    assert ran.code == 1
    assert "✗ git" in ran.out
    assert "install it with the system's package manager" in ran.out


def test_a_git_without_an_identity_is_a_note(msgen: Command) -> None:
    git = _findings(msgen)["git"]

    assert git["verdict"] == "note"
    assert "git config --global user.email" in git["remedy"]


def test_gettexts_command_of_the_same_name_is_noticed(msgen: Command, tmp_path: Path) -> None:
    gettext = tmp_path / "bin/msgen"
    gettext.parent.mkdir()
    gettext.write_text("#!/bin/sh\necho 'msgen (GNU gettext-tools) 0.21'\n")
    gettext.chmod(0o755)

    command = _findings(msgen, PATH=f"{gettext.parent}:{msgen.env['PATH']}")["command"]

    assert command["verdict"] == "note"
    assert "GNU gettext's" in command["detail"]
    assert "-m msgen" in command["remedy"]


def test_a_command_that_is_not_on_the_path_is_noticed(msgen: Command) -> None:
    command = _findings(msgen, PATH="/usr/bin:/bin")["command"]

    assert command["verdict"] == "note"
    assert "-m msgen" in command["remedy"]


def test_a_faulty_configuration_is_a_finding(msgen: Command, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[answers]\nlicense = "MIT"\n')

    ran = msgen("doctor", env={"MSGEN_CONFIG": str(file)})

    assert ran.code == 1
    assert "no option named `license`" in ran.out
    assert "did you mean `licence`?" in ran.out


def test_presets_are_listed_with_their_summaries(msgen: Command) -> None:
    ran = msgen("presets")

    assert ran.code == 0
    assert re.search(r"^service +A REST service", ran.out, re.MULTILINE)


def test_a_preset_is_shown_in_full(msgen: Command) -> None:
    ran = msgen("presets", "service")

    assert ran.code == 0, ran.err
    assert "Database per service" in ran.out
    assert "proprietary | MIT | Apache-2.0" in ran.out
    assert "fastapi>=" in ran.out
    assert "pyproject.toml" in ran.out


def test_a_preset_is_shown_to_machines(msgen: Command) -> None:
    said = msgen("presets", "service", "--json").json

    assert said["name"] == "service"
    assert "REST API" in said["patterns"]
    assert {"name", "help", "choices", "default"} == set(said["questions"][0])
    assert "src/example_service/main.py" in said["files"]


def test_an_unknown_preset_is_a_usage_error(msgen: Command) -> None:
    ran = msgen("presets", "servise")

    assert ran.code == 2
    assert ran.err == "error: no preset named `servise`\n\nhint: did you mean `service`?\n"
