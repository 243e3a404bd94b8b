"""Whatever happens, the target is whole or absent, and one sentence says what happened."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from front_door import MSGEN, Command, listing
from msgen import console

from tests.support import disks

QUICK = ("--no-install", "--no-git")


@pytest.fixture
def mount(folder: Path) -> Iterator[Path]:
    """A small file system of its own; root's powers end at its edges too."""
    with disks.mounted(folder / "mounted", "128k") as place:
        yield place


def test_a_full_disk_leaves_nothing(msgen: Command, mount: Path) -> None:
    ran = msgen("new", "orders", "--output", str(mount / "orders"), *QUICK)

    assert ran.code == 1
    assert "no space is left on the device" in ran.err
    assert "nothing was written" in ran.err
    assert list(mount.iterdir()) == []


def test_a_read_only_place_is_told(msgen: Command, mount: Path) -> None:
    disks.make_read_only(mount)

    ran = msgen("new", "orders", "--output", str(mount / "orders"), *QUICK)

    assert ran.code == 1
    assert "the file system is read-only" in ran.err
    assert "--output DIR" in ran.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_told(msgen: Command, folder: Path) -> None:
    folder.chmod(0o555)

    ran = msgen("new", "orders", *QUICK)

    folder.chmod(0o755)
    assert ran.code == 1
    assert "permission was denied" in ran.err


def test_a_file_that_may_not_grow_leaves_nothing(msgen: Command, folder: Path) -> None:
    ran = subprocess.run(
        [MSGEN, "new", "orders", *QUICK],
        cwd=folder,
        env={**msgen.env, "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)),
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 1
    assert ran.stderr.startswith(f"error: `{folder}/orders` could not be written: a file grew")
    assert list(folder.iterdir()) == []


def test_killed_in_the_middle_the_target_is_absent_and_the_next_run_cleans_up(
    msgen: Command, folder: Path
) -> None:
    running = msgen.start("new", "orders", *QUICK)
    _wait_for_files(folder, running)

    running.kill()
    running.wait()

    assert not (folder / "orders").exists()
    assert [path.name.startswith(".msgen-orders-") for path in folder.iterdir()] == [True]
    assert msgen("new", "orders", *QUICK).code == 0
    assert [path.name for path in folder.iterdir()] == ["orders"]
    assert listing(folder / "orders") == _what_a_run_writes(msgen)


def test_a_run_that_is_still_at_work_is_not_cleaned_up(msgen: Command, folder: Path) -> None:
    running = msgen.start("new", "orders", *QUICK)
    _wait_for_files(folder, running)
    running.send_signal(signal.SIGSTOP)

    other = msgen("new", "orders", *QUICK)
    running.send_signal(signal.SIGCONT)
    said = running.communicate(timeout=60)[1]

    assert other.code == 0, other.err
    assert running.returncode == 1
    assert "was filled by somebody else meanwhile" in said
    assert [path.name for path in folder.iterdir()] == ["orders"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_in_the_middle_nothing_is_left(
    msgen: Command, folder: Path, number: signal.Signals
) -> None:
    running = msgen.start("new", "orders", "--output", "deep/orders", *QUICK)
    _wait_for_files(folder, running)

    running.send_signal(number)
    said = running.communicate(timeout=60)[1]

    assert running.returncode == 128 + number
    assert "stopped; nothing was written" in said
    assert list(folder.iterdir()) == []


def test_without_git_the_service_is_whole_and_the_rest_is_told(
    msgen: Command, folder: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "bin"
    empty.mkdir()

    ran = msgen("new", "orders", "--no-install", env={"PATH": str(empty)})

    assert ran.code == 1
    assert "git is not installed or not on the `PATH`" in ran.out
    assert "git init --initial-branch main" in ran.out
    assert listing(folder / "orders") == _what_a_run_writes(msgen)


def test_without_git_nothing_is_wrong_when_none_was_wanted(
    msgen: Command, tmp_path: Path
) -> None:
    assert msgen("new", "orders", *QUICK, env={"PATH": str(tmp_path)}).code == 0


def test_a_failing_install_leaves_the_service_and_says_how_to_go_on(
    msgen: Command, folder: Path
) -> None:
    nowhere = {
        "UV_INDEX_URL": "http://127.0.0.1:9/",
        "UV_NO_CACHE": "1",
        "UV_HTTP_TIMEOUT": "2",
    }

    ran = msgen("new", "orders", "--no-git", env=nowhere)

    assert ran.code == 1
    assert "✗ install" in ran.out
    assert "uv sync" in ran.out
    assert "Traceback" not in ran.err
    assert (folder / "orders/pyproject.toml").is_file()


def test_a_failing_commit_leaves_the_service(msgen: Command, folder: Path) -> None:
    Path(msgen.env["HOME"], ".gitconfig").write_text(
        "[commit]\n\tgpgsign = true\n[gpg]\n\tprogram = false\n"
    )

    ran = msgen("new", "orders", "--no-install")

    assert ran.code == 1
    assert "✗ git" in ran.out
    assert "git commit --message" in ran.out
    assert (folder / "orders/pyproject.toml").is_file()


def test_what_takes_over_a_second_is_said_and_what_does_not_is_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with console.patience("Waiting"):
        time.sleep(1.2)
    with console.patience("Hurrying"):
        pass
    time.sleep(1.2)

    assert capsys.readouterr().err == "Waiting …\n"


def test_a_closed_pipe_is_no_drama(msgen: Command) -> None:
    shell = f"'{MSGEN}' presets service | head -1"

    ran = subprocess.run(
        ["bash", "-c", shell], env=msgen.env, capture_output=True, text=True, check=False
    )

    assert "Traceback" not in ran.stderr
    assert ran.stdout.startswith("Service")


def test_a_vanished_working_folder_is_told(msgen: Command, folder: Path) -> None:
    shell = f"mkdir gone && cd gone && rmdir ../gone && '{MSGEN}' new orders"

    ran = subprocess.run(
        ["bash", "-c", shell],
        cwd=folder,
        env=msgen.env,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert ran.stderr.splitlines()[-1].startswith("error: ")


def test_a_poor_encoding_does_not_stop_it(msgen: Command) -> None:
    ran = msgen("new", "orders", *QUICK, env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})

    assert ran.code == 0, ran.err


def test_a_template_that_cannot_be_rendered_is_one_sentence(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    _copy_of_the_installation(broken)
    (broken / "template/service/BROKEN.md.jinja").write_text("{{ nobody_knows_this }}\n")

    ran = subprocess.run(
        [sys.executable, "-m", "msgen", "new", "orders", *QUICK],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(broken / "cli")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 1
    assert "error: the template could not be rendered: " in ran.stderr
    assert "nobody_knows_this" in ran.stderr
    assert not (tmp_path / "orders").exists()


def _copy_of_the_installation(place: Path) -> None:
    root = Path(__file__).parents[2]
    place.mkdir()
    shutil.copy(root / "copier.yml", place)
    for part in ("cli", "presets", "template"):
        shutil.copytree(root / part, place / part)


def _what_a_run_writes(msgen: Command) -> list[str]:
    place = msgen.folder.parent / "reference"
    msgen("new", "orders", "--output", str(place), *QUICK)
    return listing(place)


def _wait_for_files(folder: Path, running: "subprocess.Popen[str]") -> None:
    """Wait until the run has begun to write, and not yet ended."""
    end = time.monotonic() + 30
    while sum(path.is_file() for path in folder.rglob("*")) < 5:
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < end


def _run(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(words, capture_output=True, text=True, check=False)
