"""Released templates: the archives, how a release is cut, and what may be built from it."""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest
from front_door import Command
from msgen import __version__, archive, releases
from packaging.version import Version

from tests.support import history
from tests.support.history import ROOT, Repo

PARTS = (
    ".gitignore", "CHANGELOG.md", "LICENSE", "README.md", "cli", "copier.yml", "hatch_build.py",
    "presets", "pyproject.toml", "releases", "template", "tools",
)  # fmt: skip
NEXT = str(Version(__version__).base_version)
every_release = pytest.mark.parametrize(
    "release", releases.released(), ids=lambda each: str(each.version)
)


# --- The archives -----------------------------------------


@every_release
def test_an_archive_is_what_the_index_says(release: releases.Release, tmp_path: Path) -> None:
    archive.unpack(release.archive, tmp_path)

    packed = release.archive.read_bytes()
    assert hashlib.sha256(packed).hexdigest() == release.archive_sha256
    assert archive.checksum(tmp_path) == release.checksum
    assert (tmp_path / archive.IDENTITY).read_text() == release.checksum + "\n"
    assert archive.pack(tmp_path) == packed


def test_every_archive_has_its_entry() -> None:
    versions = [str(each.version) for each in releases.released()]
    archives = {path.name for path in releases.folder().glob("*.tar.xz")}

    assert archives == {f"{version}.tar.xz" for version in versions}
    assert max(map(Version, versions)) < Version(__version__)
    assert len({each.checksum for each in releases.released()}) == len(versions)


def test_an_archive_is_the_same_wherever_it_is_made(tmp_path: Path) -> None:
    other = tmp_path / "another folder"
    _copy(other)
    for path in sorted(other.rglob("*"), reverse=True):
        executable = path.is_dir() or path.stat().st_mode & 0o100
        path.chmod(0o700 if executable else 0o600)
        os.utime(path, (1, 1))
    (other / "template/__pycache__").mkdir()
    (other / "template/__pycache__/x.pyc").write_bytes(b"x")

    assert archive.pack(other) == archive.pack(ROOT)


@pytest.mark.parametrize("change", ["content", "name", "mode", "more", "less"])
def test_every_change_has_another_checksum(tmp_path: Path, change: str) -> None:
    _copy(tmp_path / "msgen")
    file = tmp_path / "msgen/copier.yml"
    preset = tmp_path / "msgen/presets/service.yml"
    before = archive.checksum(tmp_path / "msgen")

    if change == "content":
        file.write_text(file.read_text() + "\n")
    elif change == "name":
        preset.rename(preset.with_name("other.yml"))
    elif change == "mode":
        file.chmod(0o755)
    elif change == "more":
        preset.with_name("more.yml").touch()
    else:
        preset.unlink()

    assert archive.checksum(tmp_path / "msgen") != before


# --- Cutting a release -----------------------------------------


def _copy(place: Path) -> None:
    place.mkdir(parents=True)
    leftovers = shutil.ignore_patterns("__pycache__", ".*_cache")
    for name in PARTS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place / name, ignore=leftovers)
        else:
            shutil.copy(ROOT / name, place / name)


def _ready(place: Path) -> Repo:
    """A clone of msgen in which everything is there for a release."""
    _copy(place)
    clone = history.repository(place)
    clone.append("template/service/.dockerignore", "# for the next release")
    text = clone.text("CHANGELOG.md")
    notes = "## Unreleased\n\n### Security\n\n- Something.\n"
    clone.write("CHANGELOG.md", text.replace("## Unreleased\n", notes, 1))
    clone.commit("Change the template")
    return clone


@pytest.fixture
def clone(tmp_path: Path) -> Repo:
    return _ready(tmp_path / "msgen")


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """A clone in which the next version was released; not to be written to."""
    place = _ready(tmp_path_factory.mktemp("released") / "msgen")
    ran = _release(place, NEXT)
    assert ran.returncode == 0, ran.stderr
    return place


def _release(clone: Repo, *words: str) -> "subprocess.CompletedProcess[str]":
    person = {f"GIT_{who}_{what}": "release@example.org"
              for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}  # fmt: skip
    return subprocess.run(
        [sys.executable, "tools/release.py", *words],
        cwd=clone.folder,
        env={**os.environ, **person, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("next", "`next` is not a version"),
        ("9.9", "a release is called X.Y.Z, not `9.9`"),
        ("v9.9.9", "a release is called X.Y.Z, not `v9.9.9`"),
        ("9.9.9rc1", "a release is called X.Y.Z, not `9.9.9rc1`"),
        ("9.9.9.dev0", "a release is called X.Y.Z, not `9.9.9.dev0`"),
        ("0.0.1", "`0.0.1` does not come after `"),
        (str(releases.released()[-1].version), "does not come after `"),
    ],
)
def test_a_wrong_name_is_refused(clone: Repo, name: str, reason: str) -> None:
    _is_refused(clone, name, reason)


def test_a_dirty_tree_is_refused(clone: Repo) -> None:
    clone.append("README.md", "more")

    _is_refused(clone, NEXT, "the tree has changes that are not committed")


def test_an_untracked_file_is_refused(clone: Repo) -> None:
    clone.write("template/service/own.txt", "mine\n")

    _is_refused(clone, NEXT, "the tree has changes that are not committed")


def test_an_empty_changelog_is_refused(clone: Repo) -> None:
    text = clone.text("CHANGELOG.md")
    start = text.index("## Unreleased\n") + len("## Unreleased\n")
    clone.write("CHANGELOG.md", text[:start] + "\n" + text[text.index("\n## ", start) + 1 :])
    clone.commit()

    _is_refused(clone, NEXT, "`CHANGELOG.md` says nothing below `## Unreleased`")


def test_the_template_of_a_release_is_not_released_again(clone: Repo) -> None:
    last = releases.released()[-1]
    for name in ("template", "presets"):
        shutil.rmtree(clone.folder / name)
    archive.unpack(last.archive, clone.folder)
    (clone.folder / archive.IDENTITY).unlink()
    clone.commit()

    _is_refused(clone, NEXT, f"the template is that of `{last.version}`, byte for byte")


def _is_refused(clone: Repo, name: str, reason: str) -> None:
    before = clone.state()

    ran = _release(clone, name)

    assert ran.returncode == 1
    assert f"error: {reason}" in ran.stderr or reason in ran.stderr
    assert "Traceback" not in ran.stderr
    assert clone.state().differing(before) == []
    assert clone.git("tag") == ""


def test_without_a_version_it_says_how_it_is_used(clone: Repo) -> None:
    ran = _release(clone)

    assert ran.returncode == 2
    assert "just release X.Y.Z" in ran.stderr


def test_a_release_is_a_commit_and_a_tag_and_the_next_version_is_open(released: Repo) -> None:
    subjects = released.git("log", "--format=%s", "-3").splitlines()
    version = Version(NEXT)
    following = f"{version.major}.{version.minor + 1}.0"
    code = released.git("show", f"v{NEXT}:cli/msgen/__init__.py")

    assert subjects == [f"Open {following}", f"Release {NEXT}", "Change the template"]
    assert released.git("rev-parse", f"v{NEXT}^{{commit}}") == released.git(
        "rev-parse", "HEAD~"
    )
    assert released.git("cat-file", "-t", f"v{NEXT}") == "tag\n"
    assert f'__version__ = "{NEXT}"' in code
    assert f'__version__ = "{following}.dev0"' in released.text("cli/msgen/__init__.py")
    assert released.status == []


def test_a_release_holds_its_archive_and_its_identity(released: Repo, tmp_path: Path) -> None:
    about = json.loads(released.text("releases/index.json"))[NEXT]
    identity = released.git("show", f"v{NEXT}:{archive.IDENTITY}").strip()
    packed = (released.folder / f"releases/{NEXT}.tar.xz").read_bytes()
    archive.unpack(released.folder / f"releases/{NEXT}.tar.xz", tmp_path)

    assert identity == about["checksum"] == archive.checksum(tmp_path)
    assert hashlib.sha256(packed).hexdigest() == about["archive_sha256"]
    assert about["security"] is True
    assert not released.has(archive.IDENTITY)
    assert f"## Unreleased\n\n## {NEXT} - {about['date']}\n" in released.text("CHANGELOG.md")
    assert "# for the next release" in (tmp_path / "template/service/.dockerignore").read_text()


# --- Building a release -----------------------------------------


@pytest.fixture(scope="module")
def tagged(released: Repo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree of the release's tag."""
    place = tmp_path_factory.mktemp("tagged") / "msgen"
    released.git("clone", "--quiet", "--branch", f"v{NEXT}", ".", str(place))
    return place


def _build(source: Path, place: Path, kind: str) -> "subprocess.CompletedProcess[str]":
    words = (sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "--outdir")
    return subprocess.run(
        [*words, str(place), str(source)], capture_output=True, text=True, check=False
    )


def test_the_wheel_of_a_release_knows_it(tagged: Path, tmp_path: Path) -> None:
    """Built from the source archive, installed, and used for an update without a network."""
    assert _build(tagged, tmp_path, "sdist").returncode == 0
    shutil.unpack_archive(tmp_path / f"msgen-{NEXT}.tar.gz", tmp_path, filter="data")
    built = _build(tmp_path / f"msgen-{NEXT}", tmp_path, "wheel")
    assert built.returncode == 0, built.stdout + built.stderr
    python = _installed(tmp_path / f"msgen-{NEXT}-py3-none-any.whl", tmp_path / "venv")
    probe = f"from msgen import releases as r; c = r.current(); n = r.asked_for('{NEXT}')\n"
    probe += "print(c.version, c.checksum, n.checksum, r.released()[-1].version)"
    service = history.born(releases.asked_for("0.1.0"), tmp_path / "orders")

    known = subprocess.run([python, "-c", probe], capture_output=True, text=True, check=True)
    updated = subprocess.run(
        [python, "-m", "msgen", "update", "--no-install", str(service.folder)],
        env={**os.environ, "https_proxy": "http://127.0.0.1:9/"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    checksum = (tagged / archive.IDENTITY).read_text().strip()
    assert known.stdout.split() == [NEXT, checksum, checksum, NEXT]
    assert updated.returncode == 0, updated.stderr
    assert f"_commit: v{NEXT}\n" in service.text(".copier-answers.yml")
    assert checksum in service.text(".copier-answers.yml")


def _installed(wheel: Path, home: Path) -> Path:
    venv.create(home, with_pip=False, symlinks=True)
    packages = next(home.glob("lib/python3.*/site-packages"))
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(packages)
    besides = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "dependencies.pth").write_text("\n".join(besides) + "\n")
    return home / "bin/python"


def test_a_release_without_its_archive_is_not_built(tagged: Path, tmp_path: Path) -> None:
    place = tmp_path / "msgen"
    shutil.copytree(tagged, place)
    (place / f"releases/{NEXT}.tar.xz").unlink()

    ran = _build(place, tmp_path, "wheel")

    assert ran.returncode != 0
    assert f"`releases/{NEXT}.tar.xz` is missing" in ran.stdout + ran.stderr
    assert "just release X.Y.Z" in ran.stdout + ran.stderr
    assert not list(tmp_path.glob("*.whl"))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("nothing", None),
        ("the archive", "is not the archive that `releases/index.json` names"),
        ("the template", "the template differs from the one that was released as"),
        ("the index", "is missing, so nobody could update from"),
    ],
)
def test_what_is_built_is_what_was_released(
    tagged: Path, tmp_path: Path, change: str, fault: str | None
) -> None:
    place = tmp_path / "msgen"
    shutil.copytree(tagged, place)
    packed, index = place / f"releases/{NEXT}.tar.xz", place / "releases/index.json"
    if change == "the archive":
        packed.write_bytes(packed.read_bytes() + b"x")
    elif change == "the template":
        (place / "template/service/more.txt").write_text("more\n")
    elif change == "the index":
        known = json.loads(index.read_text())
        index.write_text(json.dumps({key: known[key] for key in known if key != NEXT}))

    found = _hook().found_fault(place, NEXT)

    assert (found is None) if fault is None else (fault in found)


def test_a_development_version_is_built_as_it_is(tmp_path: Path) -> None:
    assert _hook().found_fault(tmp_path, "9.9.9.dev0") is None


def _hook() -> Any:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_released_service_is_updated_by_the_next_clone(
    released: Repo, msgen: Command
) -> None:
    """Right after a release the template of the clone is the released one."""
    for version in (None, NEXT):
        folder = msgen.folder / str(version)
        service = history.born(releases.asked_for("0.1.0"), folder)
        words = ("--to", version) if version else ()
        env = {"PYTHONPATH": str(released.folder / "cli")}

        ran = msgen("update", "--no-install", *words, str(folder), env=env)
        service.commit()
        again = msgen("update", "--no-install", str(folder), env=env)

        assert ran.code == 0, ran.err
        assert again.code == 0, again.err
        assert service.status == []
