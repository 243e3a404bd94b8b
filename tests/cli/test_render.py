"""The fast way through Copier, held against its public interface."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from front_door import MSGEN
from msgen import archive, fastcopier, generate, releases, render
from msgen.plan import Planner, Wish

ROOT = Path(__file__).parents[2]
PRESETS = sorted(path.stem for path in (ROOT / "presets").glob("*.yml"))
ALTERED = [
    (),
    ("ci=none", "container=no", "devcontainer=no", "renovate=no"),
    ("tracing=no", "exception_tracking=no", "licence=Apache-2.0", "code_owners=@acme/a"),
    ("description=Größe: \"quoted\" & 'so' {{ on }} # not a comment", "licence=MIT"),
]


@pytest.fixture
def contents(tmp_path: Path) -> object:
    """A folder as path, executable bit and bytes of each file."""

    def read(name: str) -> dict[str, tuple[bool, bytes]]:
        folder = tmp_path / name
        files = (path for path in folder.rglob("*") if path.is_file())
        return {
            str(path.relative_to(folder)): (os.access(path, os.X_OK), path.read_bytes())
            for path in files
        }

    return read


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("overrides", ALTERED)
def test_both_ways_give_one_tree(
    tmp_path: Path, contents: object, preset: str, overrides: tuple[str, ...]
) -> None:
    plan = Planner().plan(Wish("orders", preset, overrides))
    for name in ("fast", "public"):
        (tmp_path / name).mkdir()

    fastcopier.render(plan.snapshot, plan.given, tmp_path / "fast", exclude=render.LEFTOVERS)
    render.render_publicly(plan.snapshot, plan.given, tmp_path / "public")

    assert contents("fast") == contents("public")  # type: ignore[operator]
    assert len(contents("fast")) > 40  # type: ignore[operator]


def test_plain_copier_gives_the_same_tree_from_a_tagged_repository(
    tmp_path: Path, contents: object
) -> None:
    snapshot = releases.current()
    repository = _tagged_repository(tmp_path / "repository", snapshot)
    plan = Planner().plan(Wish("orders", "service"))
    (tmp_path / "ours").mkdir()

    generate.render_into(plan, tmp_path / "ours")
    copier = Path(MSGEN).with_name("copier")
    options = ("--quiet", "--defaults", "--vcs-ref", snapshot.tag, "--data", "name=orders")
    subprocess.run(
        [copier, "copy", *options, releases.SOURCE, tmp_path / "theirs"],
        env={
            **os.environ,
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{repository}.insteadOf",
            "GIT_CONFIG_VALUE_0": releases.SOURCE,
        },
        check=True,
    )

    assert contents("ours") == contents("theirs")  # type: ignore[operator]


def test_the_fast_way_is_taken_with_the_copier_that_is_pinned_here() -> None:
    assert render.uses_fast_path()


def test_another_copier_is_used_through_its_public_interface(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(fastcopier, "installed", lambda _: "9.99.0")
    plan = Planner().plan(Wish("orders", "service"))

    files = generate.render_into(plan, tmp_path)

    assert not render.uses_fast_path()
    assert "pyproject.toml" in files


@pytest.mark.parametrize("way", ["fast", "public"])
def test_what_tools_leave_in_a_clone_reaches_no_service(tmp_path: Path, way: str) -> None:
    root = _copy_of_the_template(tmp_path / "clone")
    for leftover in ("src/__pycache__/a.pyc", ".ruff_cache/x", ".mypy_cache/3.11/y", "b.pyc"):
        file = root / "template/service" / leftover
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"\x00")
    snapshot = releases.Snapshot(root, "1.2.3")
    target = tmp_path / "target"
    target.mkdir()

    if way == "fast":
        fastcopier.render(snapshot, {"name": "a"}, target, exclude=render.LEFTOVERS)
    else:
        render.render_publicly(snapshot, {"name": "a"}, target)

    names = {path.name for path in target.rglob("*")}
    assert not {"__pycache__", ".ruff_cache", ".mypy_cache", "b.pyc"} & names


def test_a_read_only_template_gives_a_service_that_can_be_edited(tmp_path: Path) -> None:
    root = _copy_of_the_template(tmp_path / "store")
    for path in root.rglob("*"):
        if path.is_file():
            path.chmod(0o444)
    planner = Planner()
    planner.__dict__["snapshot"] = releases.Snapshot(root, "1.2.3")
    target = tmp_path / "target"
    target.mkdir()

    generate.render_into(planner.plan(Wish("orders", None)), target)

    modes = {path.stat().st_mode & 0o200 for path in target.rglob("*")}
    assert modes == {0o200}


def test_the_checksum_changes_with_any_byte_mode_or_name(tmp_path: Path) -> None:
    root = _copy_of_the_template(tmp_path / "template")
    sums = [releases.Snapshot(root, "1").checksum]

    file = root / "template/service/pyproject.toml.jinja"
    file.write_bytes(file.read_bytes() + b"\n")
    sums.append(releases.Snapshot(root, "1").checksum)
    file.chmod(0o755)
    sums.append(releases.Snapshot(root, "1").checksum)
    file.rename(file.with_name("pyproject.jinja"))
    sums.append(releases.Snapshot(root, "1").checksum)

    assert len(set(sums)) == 4
    assert releases.Snapshot(root, "1").checksum == sums[-1]


def test_only_two_modules_know_copier() -> None:
    sources = (ROOT / "cli/msgen").rglob("*.py")
    knowing = [
        path.name for path in sources if re.search(r"(from|import) copier\b", path.read_text())
    ]

    assert sorted(knowing) == ["fastcopier.py", "render.py"]


def _copy_of_the_template(place: Path) -> Path:
    place.mkdir()
    archive.copy(ROOT, place)
    return place


def _tagged_repository(place: Path, snapshot: releases.Snapshot) -> Path:
    _copy_of_the_template(place)
    who = ("-c", "user.name=Test", "-c", "user.email=test@example.org")
    for words in (
        "init --quiet",
        "add --all --force",
        "commit -qm Release",
        f"tag {snapshot.tag}",
    ):
        subprocess.run(["git", *who, *words.split()], cwd=place, check=True)
    return place
