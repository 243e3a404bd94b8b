"""What a review found, and what must not come back."""

import hashlib
import marshal
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import jinja2
import pytest
from front_door import Command
from msgen import compiled, console, record
from msgen.dependencies import Sides, harmonised
from msgen.releases import Snapshot

from tests.support import history
from tests.support.history import Clone, Repo
from tests.support.rendering import ROOT

CHASSIS = "src/orders_service/chassis"
EDGE = f"{CHASSIS}/edge.py"


def _replace_by_link(service: Repo, path: str, target: str) -> None:
    (service.folder / path).unlink()
    (service.folder / path).symlink_to(target)


def test_files_folders_and_links_of_one_name_are_conflicts(
    tmp_path: Path, msgen: Command
) -> None:
    clone = Clone.of_this_one(tmp_path / "msgen")
    team = history.born(clone.snapshot(), msgen.folder / "orders")
    clone.write(f"{CHASSIS}/pace.py", "PACE = 1\n")
    clone.write("tests/pace/test_pace.py", "def test_pace() -> None: ...\n")
    clone.append(EDGE, "# By the template.")
    team.write(f"{CHASSIS}/pace.py/own.txt", "own\n")
    (team.folder / "tests/pace").symlink_to("elsewhere")
    _replace_by_link(team, EDGE, "config.py")
    team.commit()
    before = team.state()
    msgen.folder = team.folder

    ran = msgen("update", "--no-install", "--json", env=clone.env)
    [said] = ran.json

    assert (ran.code, said["status"]) == (1, "conflict")
    about = {each["path"].partition("~")[0] for each in said["files"]
             if each["verdict"] == "conflict"}  # fmt: skip
    assert about == {f"{CHASSIS}/pace.py", "tests/pace", EDGE}
    contending = {content for stages in team.unmerged.values() for content in stages.values()}
    assert {b"PACE = 1\n", b"elsewhere", b"config.py"} <= contending
    assert any(content.endswith(b"# By the template.\n") for content in contending)
    assert team.has("tests/pace/test_pace.py")
    assert team.text(f"{CHASSIS}/pace.py/own.txt") == "own\n"
    msgen("update", "--abort", env=clone.env)
    assert team.state().differing(before) == []


def test_a_link_in_the_place_of_a_renamed_file_is_a_conflict(
    service: Repo, msgen: Command
) -> None:
    _replace_by_link(service, EDGE, "config.py")
    service.commit()

    ran = msgen("set", "name=payments", "--no-install", "--json", "--yes")

    assert ran.code == 1
    assert any("edge.py" in path for path in ran.json["conflicts"]), ran.json["conflicts"]
    assert any(
        b"import asyncio" in content
        for stages in service.unmerged.values()
        for content in stages.values()
    )
    assert (service.folder / EDGE).readlink() == Path("config.py")


def _compiled_once(name: str) -> Path:
    made = compiled.Compiled(name)
    environment = jinja2.Environment(autoescape=True)
    made.attach(environment)
    environment.from_string("{{ 1 + 1 }}")
    made.save()
    return made._file  # noqa: SLF001


def _forgotten(file: Path, name: str) -> int:
    """How much a later process finds of it."""
    compiled._loaded.pop(file)  # noqa: SLF001
    return compiled.Compiled(name)._known  # noqa: SLF001


@pytest.mark.parametrize("at", [0, 40, -1])
def test_compiled_templates_that_are_damaged_are_compiled_again(at: int) -> None:
    name = f"damaged at {at}"
    file = _compiled_once(name)
    whole = file.read_bytes()

    assert _forgotten(file, name) == 1
    flipped = bytearray(whole)
    flipped[at] ^= 1
    file.write_bytes(flipped)
    assert _forgotten(file, name) == 0
    file.write_bytes(whole[:50])
    assert _forgotten(file, name) == 0


def test_compiled_templates_of_a_shape_that_does_not_fit_are_compiled_again() -> None:
    file = _compiled_once("shape")
    for body in (marshal.dumps([1]), b"no marshal"):
        file.write_bytes(hashlib.sha256(body).digest() + body)
        assert _forgotten(file, "shape") == 0


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="gives a file away")
def test_compiled_templates_of_somebody_else_are_not_read() -> None:
    file = _compiled_once("owner")
    os.chown(file, 12345, -1)

    assert _forgotten(file, "owner") == 0


URL = "foo @ git+https://git.example.org/foo.git@fix"


def _requiring(*items: str) -> str:
    return f"[project]\ndependencies = {list(items)!r}\n"


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        ("a[x]>=1", "a>=1", "a[x]>=2", "a>=2"),
        ("a>=1", "a[x]>=1", "a[y]>=2", "a[x,y]>=2"),
        ("a>=1", 'a>=1; python_version < "3.13"', "a>=2", "a>=2; python_version < '3.13'"),
        ("a>=1,<3", "a>=2,<3", "a>=2.5,<3", "a>=2.5,<3"),
    ],
)
def test_parts_of_a_requirement_merge_three_way(
    base: str, ours: str, theirs: str, merged: str
) -> None:
    done = harmonised(Sides(*map(_requiring, (base, ours, theirs))))

    assert [tomllib.loads(each) for each in (done.base, done.ours, done.theirs)] == [
        tomllib.loads(_requiring(merged))
    ] * 3


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        ("foo>=1", URL, "foo>=2"),
        ("foo>=1", "foo>=2", URL),
        (URL, URL.replace("@fix", "@mine"), "foo>=2"),
        ("a>=1", "a>=3", "a>=2,<3"),
        ("a>=1", "a>=2,<3", "a>=3"),
        ("a>=1", "a>=3", "a==2"),
        ("a>=1", 'a>=1; python_version < "3.13"', 'a>=2; python_version < "3.12"'),
    ],
)
def test_requirements_of_which_neither_wins_are_left_to_git(
    base: str, ours: str, theirs: str
) -> None:
    sides = [_requiring(each, "other>=1") for each in (base, ours, theirs)]

    done = harmonised(Sides(*sides))

    assert [done.base, done.ours, done.theirs] == sides


def test_a_list_that_names_something_twice_is_left_to_git() -> None:
    two = ("httpx>=0.27", "httpx[http2]>=0.27")
    sides = Sides(
        _requiring("a>=1", *two),
        _requiring("a>=1", two[1], "b>=1"),
        _requiring("a>=2", "httpx>=0.28", "httpx[http2]>=0.28"),
    )

    assert harmonised(sides) == sides


def test_a_requirement_that_one_side_splits_by_marker_is_left_to_git() -> None:
    sides = Sides(
        _requiring("a>=1"),
        _requiring('a>=1; python_version < "3.13"', 'a>=2; python_version >= "3.13"'),
        _requiring("a>=1.5"),
    )

    assert harmonised(sides) == sides


@pytest.mark.parametrize(
    "odd",
    [
        "[project]\noptional-dependencies = 3\n",
        "project = 3\n",
        "dependency-groups = ['a']\n",
        "[dependency-groups]\ndev = 'a'\n",
        "build-system = []\n[project]\ndependencies = {a = 1}\n",
        "[[project]]\ndependencies = ['a']\n",
    ],
)
def test_a_project_of_another_shape_comes_back_unchanged(odd: str) -> None:
    usual = _requiring("a>=1")
    for sides in (
        Sides(odd, odd, odd), Sides(usual, odd, usual), Sides(usual, usual, odd),
        Sides(odd, usual, usual),
    ):  # fmt: skip
        assert harmonised(sides) == sides


def test_items_of_another_shape_are_nobodys_business() -> None:
    odd = "[project]\ndependencies = [1, ['a'], {a = 1}, 'a>=1']\n"
    ours = odd.replace("[1", "[2")

    assert harmonised(Sides(odd, ours, odd)).ours == ours


def test_an_ejected_file_stays_ejected_when_its_package_is_renamed(
    service: Repo, msgen: Command
) -> None:
    msgen("eject", EDGE)
    service.commit()
    service.append(EDGE, "# Ours.")
    service.commit()
    edited = service.text(EDGE)

    ran = msgen("set", "name=payments", "--no-install", "--json")
    checked = msgen("check", "--only", "content")

    renamed = EDGE.replace("orders_service", "payments_service")
    assert (ran.code, ran.json["conflicts"]) == (0, [])
    assert f"- {renamed}@" in service.text(".copier-answers.yml")
    assert EDGE not in service.text(".copier-answers.yml")
    assert service.text(renamed) == edited
    assert not service.has(EDGE)
    assert checked.code == 0, checked.out + checked.err


def test_a_dry_run_says_what_a_yes_does(service: Repo, msgen: Command) -> None:
    service.append(f"{CHASSIS}/tracing.py", "# Ours.")
    service.commit()

    foreseen = msgen("remove", "tracing", "--dry-run", "--json")
    untouched = service.status
    done = msgen("remove", "tracing", "--yes", "--no-install", "--json")

    assert (foreseen.code, foreseen.json["status"]) == (0, "planned")
    assert foreseen.json["files"] == done.json["files"]
    assert {"path": f"{CHASSIS}/tracing.py", "verdict": "gone", "owner": "sealed"} in (
        done.json["files"]
    )
    assert untouched == []


@pytest.mark.parametrize(
    "url",
    [
        "https://ghp_secret@git.example.org/msgen.git",
        "http://me@git.example.org/msgen.git",
        "ssh://me:secret@git.example.org/msgen.git",
        "--upload-pack=touch x:y",
        "ext::sh -c x",
        "ext::sh",
        "http://[git.example.org/msgen.git",
    ],
)
def test_addresses_that_hold_secrets_or_run_something_are_refused(
    service: Repo, msgen: Command, url: str
) -> None:
    said = msgen("set-source", "--", url)

    assert said.code == 2
    assert said.err.startswith("error: ")
    assert service.status == []


@pytest.mark.usefixtures("service")
def test_a_user_of_ssh_is_no_secret(msgen: Command) -> None:
    for url in ("ssh://git@git.example.org/msgen.git", "git@git.example.org:msgen.git"):
        assert msgen("set-source", url).code == 0


@pytest.mark.parametrize("end", ["", "\n"])
def test_the_last_line_of_the_answers_can_be_the_source(end: str) -> None:
    content = f"_commit: v1\n_src_path: https://old.example.org/a{end}".encode()

    done = record.with_source(content, "https://new.example.org/b")

    assert done == b"_commit: v1\n_src_path: https://new.example.org/b\n"


def test_diff_takes_files_as_they_are_named_from_here(service: Repo, msgen: Command) -> None:
    service.append("pyproject.toml", "# ours")
    service.append(EDGE, "# ours")
    top = service.folder

    def shown(*words: str) -> list[str]:
        return [each["path"] for each in msgen("diff", "--json", *words).json["files"]]

    assert shown("./pyproject.toml") == ["pyproject.toml"]
    assert shown(str(top / "src")) == [EDGE]
    assert shown("src/") == [EDGE]
    msgen.folder = top / CHASSIS
    assert shown("edge.py") == [EDGE]
    assert shown("../../../pyproject.toml") == ["pyproject.toml"]
    msgen.folder = top.parent
    assert shown("--at", "orders", "pyproject.toml") == ["pyproject.toml"]


@pytest.mark.usefixtures("service")
def test_diff_refuses_what_nobody_has(msgen: Command) -> None:
    for words in (("no/such.py",), ("--update", "no/such.py"), ("/etc/hosts",)):
        said = msgen("diff", *words)
        assert (said.code, said.out) == (2, "")
        assert words[-1] in said.err


def test_diff_shows_modes(service: Repo, msgen: Command) -> None:
    (service.folder / EDGE).chmod(0o755)

    assert "old mode 100644\nnew mode 100755\n" in msgen("diff").out


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("set", "licence"), "`msgen set` takes `KEY=VALUE`", "`msgen set licence=VALUE`"),
        (("update", "--set", "licence"), "`--set` takes", "`--set licence=VALUE`"),
        (("update", "--set", "name=foo"), "does not rename", "`msgen set name=foo`"),
        (("new", "x", "--set", "name=foo"), "as the argument", "`msgen new foo`"),
        (("eject", CHASSIS), f"`{CHASSIS}` is a folder", f"`msgen eject {CHASSIS}/FILE`"),
    ],
)
@pytest.mark.usefixtures("service")
def test_messages_name_the_command_that_helps(
    msgen: Command, words: tuple[str, ...], message: str, hint: str
) -> None:
    said = msgen(*words)

    assert said.code == 2
    assert message in said.err
    assert hint in said.err


def test_names_that_look_like_marks_are_printed_as_they_are(
    born: Callable[..., Repo], oldest: Snapshot, msgen: Command
) -> None:
    odd = born(oldest, at="x[red]y[bold]")
    msgen.folder = odd.folder.parent

    updated = msgen("update", "x[red]y[bold]", "--no-install")
    failed = msgen("update", "no[red]where[green]")

    assert "`x[red]y[bold]`" in updated.out
    assert "no[red]where[green]`" in failed.err


def test_a_value_is_escaped_once_however_often_it_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console.out(console.literal(console.literal("[/] [red]x[bold] [other]")))

    assert capsys.readouterr().out == "[/] [red]x[bold] [other]\n"


def _repository_of_msgen(folder: Path) -> Repo:
    Clone.of_this_one(folder)
    (folder / "tools").mkdir()
    shutil.copy(ROOT / "tools/release.py", folder / "tools")
    (folder / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n- More.\n")
    return history.repository(folder)


def _release(repo: Repo, version: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "tools/release.py", version]
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "EMAIL": ""}
    return subprocess.run(
        words, cwd=repo.folder, capture_output=True, text=True, env=env, check=False
    )


def test_a_release_whose_tag_exists_is_refused(tmp_path: Path) -> None:
    repo = _repository_of_msgen(tmp_path / "msgen")
    repo.git("tag", "v90.0.0")

    said = _release(repo, "90.0.0")

    assert said.returncode == 1
    assert said.stderr == "error: the tag `v90.0.0` is there already\n"


def test_a_release_without_git_says_so_in_a_sentence(tmp_path: Path) -> None:
    repo = _repository_of_msgen(tmp_path / "msgen")
    shutil.rmtree(repo.folder / ".git")

    said = _release(repo, "90.0.0")

    assert said.returncode == 1
    assert said.stderr.startswith("error: `git tag` failed: fatal: ")
    assert said.stderr.count("\n") == 1
