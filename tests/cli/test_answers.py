"""Where answers come from: flag, prompt, preset, organisation, default."""

from pathlib import Path

import pytest
import yaml
from front_door import Command

QUICK = ("--no-install", "--no-git")


@pytest.fixture
def organisation(msgen: Command) -> Path:
    """An organisation's configuration, with a preset of its own."""
    home = Path(msgen.env["XDG_CONFIG_HOME"], "msgen")
    (home / "presets").mkdir(parents=True)
    (home / "presets/acme.yml").write_text(
        "title: Acme\nsummary: As we do it.\nanswers:\n  licence: Apache-2.0\n  ci: none\n"
    )
    (home / "config.toml").write_text(
        'presets = ["presets"]\n'
        "[answers]\n"
        'licence = "MIT"\n'
        'code_owners = "@acme/platform"\n'
        'base_image = "registry.acme.example/python:3.13"\n'
    )
    return home


def _answers(msgen: Command, *words: str) -> dict[str, tuple[object, str]]:
    ran = msgen("new", "orders", "--dry-run", "--json", *words)
    assert ran.code == 0, ran.err
    return {key: (each["value"], each["source"]) for key, each in ran.json["answers"].items()}


@pytest.mark.usefixtures("organisation")
def test_every_answer_has_its_source(msgen: Command) -> None:
    answers = _answers(msgen, "--preset", "acme", "--set", "renovate=no")

    assert answers["name"] == ("orders", "flag")
    assert answers["renovate"] == (False, "flag")
    assert answers["ci"] == ("none", "preset")
    assert answers["code_owners"] == ("@acme/platform", "organisation")
    assert answers["container"] == (True, "default")
    assert answers["package"] == ("orders_service", "derived")


@pytest.mark.usefixtures("organisation")
def test_a_preset_wins_over_the_organisation(msgen: Command) -> None:
    assert _answers(msgen, "--preset", "acme")["licence"] == ("Apache-2.0", "preset")
    assert _answers(msgen)["licence"] == ("MIT", "organisation")


@pytest.mark.usefixtures("organisation")
def test_a_flag_wins_over_the_preset(msgen: Command) -> None:
    answers = _answers(msgen, "--preset", "acme", "--set", "licence=proprietary")

    assert answers["licence"] == ("proprietary", "flag")


def test_the_last_flag_of_a_key_counts(msgen: Command) -> None:
    assert _answers(msgen, "-s", "ci=github", "-s", "ci=none")["ci"] == ("none", "flag")


def test_a_value_may_hold_an_equals_sign(msgen: Command) -> None:
    said = _answers(msgen, "--set", "description=a = b")["description"]

    assert said == ("a = b", "flag")


@pytest.mark.usefixtures("organisation")
def test_the_organisations_answers_reach_the_service(msgen: Command, folder: Path) -> None:
    msgen("new", "orders", *QUICK)

    written = yaml.safe_load((folder / "orders/.copier-answers.yml").read_text())
    assert written["code_owners"] == "@acme/platform"
    assert (folder / "orders/LICENSE").is_file()
    assert "registry.acme.example/python:3.13" in (folder / "orders/Dockerfile").read_text()


def test_copier_works_out_the_same_answers(msgen: Command, folder: Path) -> None:
    explained = msgen("new", "orders", "--json", "--set", "licence=MIT", *QUICK).json["answers"]

    written = yaml.safe_load((folder / "orders/.copier-answers.yml").read_text())
    asked = {
        key: each["value"] for key, each in explained.items() if each["source"] != "derived"
    }
    assert asked == {key: value for key, value in written.items() if key[0] != "_"}


def test_explain_prints_each_answer_with_its_source(msgen: Command) -> None:
    ran = msgen("new", "orders", "--dry-run", "--explain", "--set", "ci=none")

    rows = [line.split() for line in ran.out.splitlines() if line.startswith("  ")]
    assert ["ci", "flag", "none"] in rows
    assert ["package", "derived", "orders_service"] in rows
    assert ["slice", "preset", "orders"] in rows


def test_what_the_preset_implies_is_said(msgen: Command) -> None:
    assert "preset `service` (which means `slice=orders`)" in msgen("new", "orders", *QUICK).out


@pytest.mark.usefixtures("organisation")
def test_an_organisations_preset_is_listed_first(msgen: Command) -> None:
    listed = [row["name"] for row in msgen("presets", "--json").json]

    assert listed[0] == "acme"
    assert "service" in listed


def test_users_copier_settings_do_not_leak_in(msgen: Command, folder: Path) -> None:
    settings = Path(msgen.env["XDG_CONFIG_HOME"], "copier")
    settings.mkdir(parents=True)
    (settings / "settings.yml").write_text("defaults:\n  licence: MIT\n")

    msgen("new", "orders", *QUICK)

    written = yaml.safe_load((folder / "orders/.copier-answers.yml").read_text())
    assert written["licence"] == "proprietary"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[answers\n", "is not valid TOML"),
        ("answer = 1\n", "sets `answer`, which msgen does not know"),
        ("answers = 3\n", "`answers` in"),
        ('presets = "x"\n', "is not a list of folders"),
        ('presets = ["nowhere"]\n', "which does not exist"),
        ('[answers]\nlicense = "MIT"\n', "no option named `license`"),
        ('[answers]\nlicence = "GPL"\n', "`licence` cannot be `GPL`"),
        ('[answers]\ncontainer = "yes"\n', "`container` takes a bool"),
        ('[answers]\npackage_index = "ftp"\n', "it is a URL"),
        ('[answers]\npackage = "x"\n', "`package` follows from other answers"),
    ],
)
def test_a_faulty_configuration_is_told_with_its_file(
    msgen: Command, folder: Path, text: str, message: str
) -> None:
    file = folder.parent / "config.toml"
    file.write_text(text)

    ran = msgen("new", "orders", *QUICK, env={"MSGEN_CONFIG": str(file)})

    assert ran.code == 1
    assert message in ran.err
    assert str(file) in ran.err
    assert "Traceback" not in ran.err
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title: [\n", "is not valid YAML"),
        ("title: Acme\n", "lacks a `title` or a `summary`"),
        ("title: A\nsummary: B\nanswer: {}\n", "sets `answer`, which presets do not have"),
        ("title: A\nsummary: B\nanswers:\n  cii: none\n", "no option named `cii`"),
        ("title: A\nsummary: B\nasks: [cii]\n", "no option named `cii`"),
        ("title: A\nsummary: B\npatterns: REST\n", "`patterns` in the preset"),
    ],
)
def test_a_faulty_preset_is_told_with_its_file(
    msgen: Command, organisation: Path, text: str, message: str
) -> None:
    file = organisation / "presets/acme.yml"
    file.write_text(text)

    ran = msgen("new", "orders", "--preset", "acme", *QUICK)

    assert ran.code == 1
    assert message in ran.err
    assert str(file) in ran.err


def test_a_configuration_that_is_named_but_missing_is_a_usage_error(msgen: Command) -> None:
    ran = msgen("new", "orders", *QUICK, env={"MSGEN_CONFIG": "/nowhere.toml"})

    assert ran.code == 2
    assert "`$MSGEN_CONFIG` names `/nowhere.toml`, which does not exist" in ran.err


def test_an_answer_that_is_not_asked_for_is_refused(msgen: Command) -> None:
    ran = msgen("new", "orders", "--set", "client_kind=mobile", *QUICK)

    assert ran.code == 2
    assert "`client_kind` is not asked with these other answers" in ran.err
    assert "leave `client_kind` out" in ran.err
