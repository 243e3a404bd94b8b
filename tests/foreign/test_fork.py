"""An organisation's fork of our own template, and its mirror."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from front_door import Command
from msgen import archive, releases

from tests.foreign.conftest import Made
from tests.foreign.templates import Template
from tests.support.history import Repo
from tests.support.rendering import ROOT

PRESET = {
    "title": "Acme service",
    "summary": "As we run it.",
    "answers": {"ci": "none", "licence": "MIT"},
}


@pytest.fixture
def fork(template: Template) -> Template:
    """Our first release as its first one; its second is the template of this clone."""
    oldest = releases.released()[0].archive
    archive.unpack(oldest, template.repo.folder)
    template.write({"presets/acme.yml": yaml.safe_dump(PRESET)}, "v10")
    for part in ("copier.yml", "presets", "template"):
        template.repo.git("rm", "-rq", part)
    template.copy_of(ROOT, "copier.yml", "presets", "template")
    return template.write({"presets/acme.yml": yaml.safe_dump(PRESET)}, "v11")


@pytest.fixture
def orders(made: Made, fork: Template) -> Repo:
    """A service of its first release."""
    return made(f"{fork.url}@v10", "orders", "--preset", "acme")


def test_it_has_its_presets_and_our_rules(orders: Repo, msgen: Command, fork: Template) -> None:
    recorded = yaml.safe_load(orders.text(".copier-answers.yml"))
    wrong = msgen("new", "Orders!", "--template", fork.url, "--dry-run")

    assert recorded["_src_path"] == fork.url
    assert recorded["_commit"] == "v10"
    assert (recorded["licence"], recorded["ci"]) == ("MIT", "none")
    assert recorded["_template_sha256"] == "unreleased"
    assert not orders.has(".github")
    assert wrong.code == 2
    assert "`Orders!` is not a name that works" in wrong.err


def test_it_is_updated_by_its_own_versions_and_table(orders: Repo, msgen: Command) -> None:
    orders.append("README.md", "Ours.")
    orders.commit()

    ran = msgen("update", "--no-install", "--json")

    assert ran.code == 0, ran.err
    [told] = ran.json
    assert told["to"]["version"] == "11"
    assert {"sealed", "shared", "yours"} <= {each["owner"] for each in told["files"]}
    assert orders.text("README.md").endswith("Ours.\n")
    assert "_commit: v11" in orders.text(".copier-answers.yml")
    orders.commit()
    assert msgen("update").out.startswith("✓ orders is up to date with 11")


def test_its_sealed_files_change_hands(orders: Repo, msgen: Command) -> None:
    sealed = "src/orders_service/chassis/metrics.py"
    ejected = msgen("eject", sealed)
    orders.append(sealed, "# ours")
    orders.commit()
    updated = msgen("update", "--no-install")
    orders.commit()

    adopted = msgen("adopt", sealed)

    assert (ejected.code, updated.code, adopted.code) == (0, 0, 0), adopted.err
    assert "# ours" in orders.text(sealed)
    orders.commit()
    checked = msgen("check", "--json")
    assert [each["path"] for each in checked.json[0]["files"]] == [sealed]


def test_check_counts_its_releases(orders: Repo, msgen: Command) -> None:
    [told] = msgen("check", "--json").json

    assert (told["version"], told["newest"], told["behind"]) == ("10", "11", 1)
    assert orders.status == []


def test_our_template_is_recorded_under_the_organisations_url(
    msgen: Command, configure: Callable[[str], Path]
) -> None:
    configure('source = "https://git.acme.example/msgen.git"\n')

    made = msgen("new", "orders", "--no-install")
    msgen.folder = msgen.folder / "orders"
    updated = msgen("update", "--no-install")

    text = (msgen.folder / ".copier-answers.yml").read_text()
    assert made.code == 0, made.err
    assert "_src_path: https://git.acme.example/msgen.git\n" in text
    assert (updated.code, "is up to date" in updated.out) == (0, True)
