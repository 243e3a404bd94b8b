"""What docs/fleet.md says is so."""

import re
import subprocess
import sysconfig
from pathlib import Path

from front_door import Command

from tests.support.rendering import ROOT

from .conftest import Born
from .fleets import BRANCH, row

PAGE = (ROOT / "docs/fleet.md").read_text(encoding="utf-8")
SCRIPTS = Path(sysconfig.get_path("scripts"))


def test_every_state_is_explained() -> None:
    source = (ROOT / "cli/msgen/fleet_view.py").read_text(encoding="utf-8")
    shown = set(re.findall(r'^    "([a-z ]+)": "\[', source, re.MULTILINE))

    explained = set(
        re.findall(r"`([a-z ]+)`", "".join(re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE)))
    )

    assert shown - explained == {"current", "behind", "fine", "drifted"}
    assert explained <= shown


def test_every_option_is_there(msgen: Command) -> None:
    helped = msgen("fleet", "update", "--help").out

    for option in set(re.findall(r"`(--[a-z-]+)", PAGE)):
        assert option in helped


def test_workflow_passes_actionlint(tmp_path: Path) -> None:
    [workflow] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "update.yml").write_text(workflow)

    said = subprocess.run(
        [SCRIPTS / "actionlint", "-shellcheck", SCRIPTS / "shellcheck", "update.yml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (said.returncode, said.stdout) == (0, "")


def test_fetched_branch_waits_in_a_fresh_clone(msgen: Command, service: Born) -> None:
    repo = service("orders")
    msgen("fleet", "update")
    fresh = repo.folder.with_name("fresh")
    repo.git("clone", "--quiet", str(repo.folder), str(fresh))
    [fetch] = re.findall(r"git (fetch origin) '(.*)'", PAGE)
    repo.git("-C", str(fresh), *fetch[0].split(), fetch[1])

    ran = msgen("fleet", "update", "--json", "fresh")

    assert row(ran, "fresh")["status"] == "waiting"
    assert row(ran, "fresh")["branch"] == BRANCH
