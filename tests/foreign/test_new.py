"""A service from a template that is not ours."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from front_door import Command, listing

from tests.foreign.conftest import Made
from tests.foreign.templates import CLASSIC, CLASSIC_2, SHORT, Template


def _answers(folder: Path) -> dict[str, object]:
    found = yaml.safe_load((folder / ".copier-answers.yml").read_text())
    assert isinstance(found, dict)
    return found


def test_the_newest_release_of_a_url_is_taken(made: Made, template: Template) -> None:
    template.write(CLASSIC, "v1.0.0").write(CLASSIC_2, "v1.10.0").write({}, "v2.0.0rc1")

    shop = made(template.url, "shop", "--set", "greeting=ahoy")

    assert _answers(shop.folder) == {
        "_commit": "v1.10.0",
        "_src_path": template.url,
        "project_name": "Shop",
        "greeting": "ahoy",
        "colour": "blue",
    }
    assert 'GREETING = "ahoy"' in (shop.folder / "src/words.py").read_text()
    assert (shop.folder / "src/new_name.py").is_file()


@pytest.mark.parametrize("ref", ["v1.0.0", "release/1", "{hash}"])
def test_a_reference_is_a_tag_a_branch_or_a_commit(
    made: Made, template: Template, ref: str
) -> None:
    template.write(CLASSIC, "v1.0.0")
    template.repo.git("branch", "release/1")
    first = template.repo.head
    template.write(CLASSIC_2, "v2.0.0")

    shop = made(f"{template.path}@{ref.format(hash=first)}")

    assert _answers(shop.folder)["_commit"] == "v1.0.0"
    assert _answers(shop.folder)["_src_path"] == template.path
    assert (shop.folder / "src/old_name.py").is_file()


def test_without_tags_it_is_what_is_checked_out(made: Made, template: Template) -> None:
    template.write(CLASSIC)

    shop = made(template.url)

    assert template.repo.head.startswith(str(_answers(shop.folder)["_commit"]))


def test_every_shape_of_a_question_is_understood(made: Made, template: Template) -> None:
    template.write(SHORT, "v1")

    shop = made(
        template.url, "my-shop",
        "--set", "title=My Shop", "--set", "port=9", "--set", "ratio=0.25", "--set", "fast=no",
        "--set", "tags=[c]", "--set", "python=3.11", "--set", "level=2", "--set", "size=large",
        "--set", "parts=web, bus", "--set", "token=secret",
    )  # fmt: skip

    assert (shop.folder / "out.txt").read_text() == (
        "My Shop 9 0.25 False ['c'] 3.11 2 large ['web', 'bus'] secret my-shop bus://my-shop "
        "MIT my-shop {{ left alone }}\n"
    )
    assert "my-shop.txt" in listing(shop.folder)
    recorded = _answers(shop.folder)
    assert recorded["parts"] == ["web", "bus"]
    assert recorded["port"] == 9
    assert not {"token", "slug"} & recorded.keys()


@pytest.mark.parametrize(
    ("said", "why", "code"),
    [
        ("colur=x", "no option named `colur`", 2),
        ("level=3", "`level` cannot be `3`", 2),
        ("port=high", "`port` is a number, not `high`", 2),
        ("size=large", "`large` is not a size that works: too slow", 2),
        ("slug=x", "`slug` follows from other answers", 2),
        ("bus_url=x", "`bus_url` is not asked with these answers", 2),
    ],
)
def test_wrong_answers_are_refused(
    msgen: Command, template: Template, said: str, why: str, code: int
) -> None:
    template.write(SHORT, "v1")

    ran = msgen("new", "shop", "--template", template.url, "--set", said)

    assert (ran.code, listing(msgen.folder)) == (code, [])
    assert why in ran.err
    assert "Traceback" not in ran.err


def test_what_is_required_has_to_be_said(msgen: Command, template: Template) -> None:
    template.write({"copier.yml": "owner:\n  type: str\n", "out.jinja": "{{ owner }}"}, "v1")

    refused = msgen("new", "shop", "--template", template.url)
    done = msgen("new", "shop", "--template", template.url, "--set", "owner=me")

    assert refused.code == 2
    assert "`owner` has no answer and no default" in refused.err
    assert "--set owner=VALUE" in refused.err
    assert done.code == 0
    assert (msgen.folder / "shop/out").read_text() == "me"


def test_a_template_without_answers_file_is_named_as_such(
    msgen: Command, template: Template
) -> None:
    template.write({"copier.yml": "word: hi\n", "out.jinja": "{{ word }}"}, "v1")

    ran = msgen("new", "shop", "--template", template.url)

    assert ran.code == 0
    assert "writes no `.copier-answers.yml`, so this service cannot be updated" in ran.err


def test_a_question_for_the_name_gets_the_name(made: Made, template: Template) -> None:
    questions = (
        "name:\n  type: str\n  validator: \"{% if name == 'bad' %}it is taken{% endif %}\"\n"
    )
    template.write({**CLASSIC, "copier.yml": CLASSIC["copier.yml"] + questions}, "v1")

    shop = made(template.url, "corner-shop")

    assert _answers(shop.folder)["name"] == "corner-shop"


def test_the_template_judges_the_name(msgen: Command, template: Template) -> None:
    questions = (
        "name:\n  type: str\n  validator: \"{% if name == 'bad' %}it is taken{% endif %}\"\n"
    )
    template.write({"copier.yml": questions}, "v1")

    ran = msgen("new", "bad", "--template", template.url)

    assert ran.code == 2
    assert "`bad` is not a name that works: it is taken" in ran.err


def test_the_configuration_may_name_the_template(
    msgen: Command, template: Template, configure: Callable[[str], Path]
) -> None:
    template.write(CLASSIC, "v1")
    configure(f'template = "{template.url}"\n[answers]\ngreeting = "ahoy"\nlicence = "MIT"\n')

    theirs = msgen("new", "shop", "--no-install", "--no-git", "--json")
    ours = msgen("new", "orders", "--template", "msgen", "--dry-run", "--json")

    assert theirs.json["answers"]["greeting"] == {"value": "ahoy", "source": "organisation"}
    assert theirs.json["preset"] == "none"
    assert "licence" not in theirs.json["answers"]
    assert ours.code != 0, "the configuration's `greeting` is none of our questions"
    assert "`greeting`" in ours.err


def test_secrets_are_never_shown(msgen: Command, template: Template) -> None:
    template.write(SHORT, "v1")

    words = ("new", "shop", "--template", template.url, "--set", "token=hush", "--dry-run")
    told, explained = msgen(*words, "--json"), msgen(*words, "--explain")

    assert told.json["answers"]["token"]["value"] == "***"
    assert "hush" not in told.out + explained.out
    assert "token" in explained.out


def test_a_path_that_loops_is_rendered_from_the_cache_too(
    msgen: Command, template: Template
) -> None:
    name = "{% yield each from words %}{{ each }}.txt{% endyield %}.jinja"
    template.write({"copier.yml": "words: [a, b]\n", name: "{{ each }}\n"}, "v1")

    for where in ("one", "two"):
        ran = msgen("new", where, "--template", template.url, "--no-git", "--no-install")
        assert ran.code == 0, ran.err

    assert listing(msgen.folder / "one") == listing(msgen.folder / "two") == ["a.txt", "b.txt"]


def test_a_plain_folder_is_recorded_by_its_content(
    made: Made, msgen: Command, tmp_path: Path
) -> None:
    folder = tmp_path / "plain"
    for name, text in CLASSIC.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)

    shop = made("../plain")

    recorded = _answers(shop.folder)
    assert recorded["_src_path"] == str(folder)
    assert str(recorded["_commit"]).startswith("content-")
    assert msgen("update").out.startswith("✓ shop is up to date")
    (folder / "project/README.md.jinja").write_text("# {{ project_name }}, changed\n")
    ran = msgen("update")
    assert ran.code == 0, ran.err
    assert (shop.folder / "README.md").read_text() == "# Shop, changed\n"


def test_what_is_not_committed_in_the_template_is_left_out(
    msgen: Command, template: Template
) -> None:
    template.write(CLASSIC, "v1")
    clean = msgen("new", "shop", "--template", template.path, "--dry-run")
    (template.repo.folder / "project/extra.txt").write_text("not committed")
    marker = msgen.folder / "marker"
    template.repo.git("config", "core.fsmonitor", f"touch {marker}; false")

    ran = msgen("new", "shop", "--template", template.path, "--dry-run")

    assert "is left out" not in clean.err
    assert "is left out" in ran.err
    assert not marker.exists(), "the repository's configuration has run a program"
    assert "extra.txt" not in ran.out
