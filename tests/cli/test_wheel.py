"""What users install: a wheel that generates without a network and without this clone."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from front_door import listing
from msgen import archive, releases

ROOT = Path(__file__).parents[2]
DEAD = "http://127.0.0.1:9/"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("wheel")
    source = place / "source"
    source.mkdir()
    for name in ("LICENSE", "README.md", "copier.yml", "hatch_build.py", "pyproject.toml"):
        shutil.copy(ROOT / name, source)
    for name in ("cli", "presets", "releases", "template"):
        shutil.copytree(ROOT / name, source / name)
    subprocess.run(
        [
            sys.executable,
            "-m",
            "build",
            "--wheel",
            "--no-isolation",
            "--outdir",
            str(place),
            str(source),
        ],
        capture_output=True,
        check=True,
    )
    return next(place.glob("msgen-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment: msgen from the wheel, its dependencies from this environment."""
    home = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(home, with_pip=False, symlinks=True)
    packages = next(home.glob("lib/python3.*/site-packages"))
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(packages)
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home / "bin/python"


def test_the_wheel_carries_the_whole_template(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = {name for name in packed.namelist() if name.startswith("msgen/_template/")}

    expected = {
        f"msgen/_template/{path.relative_to(ROOT).as_posix()}" for path in archive.files(ROOT)
    }
    assert names == expected


def test_the_installed_command_generates_offline(
    installed: Path, tmp_path: Path, msgen: object
) -> None:
    offline = {
        "http_proxy": DEAD,
        "https_proxy": DEAD,
        "ALL_PROXY": DEAD,
        "HOME": str(tmp_path),
    }
    work = tmp_path / "offline"
    work.mkdir()

    said = subprocess.run(
        [installed, "-m", "msgen", "new", "orders", "--no-install", "--no-git"],
        cwd=work,
        env={"PATH": os.environ["PATH"], **offline},
        capture_output=True,
        text=True,
        check=False,
    )

    assert said.returncode == 0, said.stderr
    msgen("new", "orders", "--no-install", "--no-git")  # type: ignore[operator]
    assert listing(work) == listing(msgen.folder)  # type: ignore[attr-defined]


def test_the_installed_template_is_the_clones(installed: Path, tmp_path: Path) -> None:
    probe = "from msgen.releases import current as c; print(c().root, c().checksum)"

    said = subprocess.run(
        [installed, "-c", probe], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    root, checksum = said.stdout.split()
    assert Path(root).name == checksum
    assert checksum == releases.current().checksum
