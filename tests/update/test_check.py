"""`msgen check`: drift of the version, and of what is sealed."""

import json
import re
import shutil
from pathlib import Path

import pytest
from front_door import Command
from msgen import releases

from tests.support.history import Clone, Repo

EDGE = "src/orders_service/chassis/edge.py"


def _only(said: str) -> dict[str, object]:
    [found] = json.loads(said)
    return dict(found)


def test_a_fresh_service_has_none(msgen: Command) -> None:
    msgen("new", "orders", "--no-install")

    said = msgen("check", "orders")

    assert said.code == 0, said.err
    assert said.out.startswith("✓ orders is as ")


@pytest.mark.usefixtures("service")
def test_an_old_one_is_behind_by_so_many_releases(msgen: Command) -> None:
    said = msgen("check", "--json")

    behind = len(releases.released()) - 1
    found = _only(said.out)
    assert found["behind"] == behind
    assert said.code == (1 if behind else 0)
    assert found["newest"] == str(releases.released()[-1].version)
    assert found["files"] == []


@pytest.mark.usefixtures("service")
def test_a_release_that_closes_a_security_hole_is_told(msgen: Command, tmp_path: Path) -> None:
    clone = Clone.of_this_one(tmp_path / "clone")
    index = clone.root / "releases/index.json"
    known = json.loads(index.read_text())
    newest = {**list(known.values())[-1], "security": True}
    index.write_text(json.dumps({**known, "0.2.1": newest}))

    said = msgen("check", env=clone.env)

    assert said.code == 1
    assert "0.2.1 closes a security hole" in said.out
    assert _only(msgen("check", "--json", env=clone.env).out)["security"] is True


@pytest.mark.parametrize("kind", ["changed", "missing"])
def test_a_sealed_file_that_differs_is_drift(service: Repo, msgen: Command, kind: str) -> None:
    if kind == "changed":
        service.append(EDGE, "# ours")
    else:
        (service.folder / EDGE).unlink()
    service.commit()

    said = msgen("check", "--only", "content", "--json")

    assert said.code == 1
    assert _only(said.out)["files"] == [{"path": EDGE, "kind": kind}]
    assert EDGE in msgen("check", "--only", "content").out


def test_shared_files_own_files_and_line_ends_are_no_drift(
    service: Repo, msgen: Command
) -> None:
    service.append("src/orders_service/main.py", "# ours")
    service.append("src/orders_service/orders/domain.py", "# ours")
    service.write("src/orders_service/chassis_of_ours.py", "")
    edge = (service.folder / EDGE).read_bytes()
    service.write(EDGE, edge.replace(b"\n", b"\r\n"))

    said = msgen("check", "--only", "content")

    assert said.code == 0, said.out


def test_an_answer_that_is_none_is_told(service: Repo, msgen: Command) -> None:
    service.replace(".copier-answers.yml", "licence: proprietary", "licence: [1]")

    said = msgen("check", "--only", "content")

    assert said.code == 1
    assert "licence" in said.err
    assert "Traceback" not in said.err


@pytest.mark.usefixtures("service")
def test_several_are_gone_through_and_a_damaged_one_stops_nothing(
    msgen: Command,
) -> None:
    (msgen.folder / "other").mkdir()
    (msgen.folder / "other/.copier-answers.yml").write_text("][")

    said = msgen("check", ".", "other", "--only", "content", "--json")

    assert said.code == 1
    fine, damaged = json.loads(said.out)
    assert fine["drifted"] is False
    assert "is damaged: it is not valid YAML" in damaged["error"]


def test_it_works_below_the_top_and_says_where_there_is_no_service(
    service: Repo, msgen: Command
) -> None:
    below = msgen("check", "src/orders_service", "--only", "version", "--json")
    outside = msgen("check", "/")

    assert _only(below.out)["path"] == str(service.folder)
    assert outside.code == 1
    assert "is no service of msgen" in outside.err


def test_it_needs_no_git(service: Repo, msgen: Command) -> None:
    shutil.rmtree(service.folder / ".git")

    assert msgen("check", "--only", "content").code == 0


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("v99.0.0", "made by a newer msgen, with the template 99.0.0"),
        ("v0.1.0.dev7", "the development template 0.1.0.dev7"),
        ("v0.1.7", "no release of the template is called `0.1.7`"),
        ("v0.2.0", "another content than the release 0.2.0"),
    ],
)
def test_a_template_that_nobody_here_has_is_told(
    service: Repo, msgen: Command, version: str, told: str
) -> None:
    text = service.text(".copier-answers.yml").replace("v0.1.0", version)
    if "dev" in version:  # the checksum of the release would be found
        text = re.sub(r"[0-9a-f]{64}", "0" * 64, text)
    service.write(".copier-answers.yml", text)

    said = msgen("check")

    assert said.code == 1
    assert told in said.err
