"""How long `msgen new` takes, beside `copier copy` and `cookiecutter` on the same tree.

uv run --with cookiecutter python benchmarks/generation.py
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import rig
import templates
from msgen.render import ANSWERS_FILE

ROOT = rig.HERE.parent


def main() -> None:
    """Measure, and print the tables."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        template = templates.plain(ROOT, folder / "copier")
        answers = templates.answered(template, folder / "answers", {"name": "bench"})
        cookie = templates.for_cookiecutter(
            template, folder / "answers", answers, folder / "cookiecutter"
        )
        commands = _commands(template, cookie)
        _must_agree(folder, commands)
        times: dict[str, list[float]] = defaultdict(list)
        for what, command in rig.rounds(options.rounds, list(commands.items()), "generation"):
            times[what].append(_timed(command(_empty(folder)), folder))
        starts = _starts()
        for what, line in rig.rounds(options.rounds, list(starts.items()), "start"):
            times[what].append(_timed(line, folder))
    print(rig.machine(), _table(times, list(commands)), _table(times, list(starts)), sep="\n\n")


def _commands(template: Path, cookie: Path) -> dict[str, Callable[[Path], list[str]]]:
    """Whole command lines, as people type them; each writes the folder `bench` in a parent."""
    quiet = ["--defaults", "--quiet", "--data", "name=bench"]
    bare = ["--no-git", "--no-install", "--yes"]
    copy, cut, new = (_script(name) for name in ("copier", "cookiecutter", "msgen"))
    return {
        "copier copy": lambda to: [copy, "copy", *quiet, str(template), str(to / "bench")],
        "cookiecutter": lambda to: [cut, str(cookie), "--no-input", "--output-dir", str(to)],
        "msgen new": lambda to: [new, "new", "bench", "--output", str(to / "bench"), *bare],
    }


def _starts() -> dict[str, list[str]]:
    return {
        "python -c pass": [sys.executable, "-c", "pass"],
        "msgen --version": [_script("msgen"), "--version"],
        "msgen --help": [_script("msgen"), "--help"],
        "copier --version": [_script("copier"), "--version"],
        "cookiecutter --version": [_script("cookiecutter"), "--version"],
    }


def _script(name: str) -> str:
    if found := shutil.which(name):
        return found
    message = f"`{name}` is missing\n\nhint: `uv run --with cookiecutter python {sys.argv[0]}`"
    raise rig.MissingError(message)


def _timed(command: list[str], folder: Path) -> float:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    began = time.perf_counter()
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment | {"HOME": str(folder)}
    )
    took = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"error: `{' '.join(command)}` failed\n\n{done.stderr or done.stdout}")
    return took


def _empty(folder: Path) -> Path:
    """A new place, so that nobody pays for removing what the last one wrote."""
    return Path(tempfile.mkdtemp(dir=folder))


def _must_agree(folder: Path, commands: dict[str, Callable[[Path], list[str]]]) -> None:
    """All write the same files, except for the answers file. This fills caches, too."""
    trees = {}
    for what, command in commands.items():
        place = _empty(folder)
        _timed(command(place), folder)
        found = templates.files(place / "bench")
        files = [file for file in found if file.name != ANSWERS_FILE]
        trees[what] = {str(file): (place / "bench" / file).read_bytes() for file in files}
    first, *others = trees
    for other in others:
        if differing := {k for k, _ in trees[first].items() ^ trees[other].items()}:
            raise SystemExit(f"error: {first} and {other} differ in {sorted(differing)}")
    print(f"{len(trees[first])} files, the same from each", file=sys.stderr)


def _table(times: dict[str, list[float]], names: list[str]) -> str:
    first = times[names[0]]
    rows = []
    for name in names:
        shares = [value / base for value, base in zip(times[name], first, strict=True)]
        spread = f"{min(times[name]):.3f}…{max(times[name]):.3f}"
        rows.append(
            [name, f"{rig.median(times[name]):.3f}", spread, f"{rig.median(shares):.0%}"]
        )
    return rig.table(("", "s", "spread", f"of `{names[0]}`"), rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except rig.MissingError as error:
        sys.exit(f"error: {error}")
