"""How long `msgen update` takes, beside `copier update` and `cruft update` of the same service.

uv run --with cruft --with cookiecutter python benchmarks/update.py
"""

import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import rig
import templates
from msgen import releases
from msgen.record import with_source
from msgen.render import ANSWERS_FILE, render

CRUFT_FILE = ".cruft.json"
NAME = "bench"
UNREACHED = "0.3.0"
"""The one release that plain `copier update` does not reach; see the changelog."""
EDITS = {
    "pyproject.toml": ("dependencies = [\n", 'dependencies = [\n    "six>=1.17",\n'),
    "Dockerfile": (
        "# Shared: updates merge into this file.\n",
        "# Shared: updates merge into this file.\n# Ours goes to the eastern cluster.\n",
    ),
    "tests/conftest.py": ("\nPACKAGE = ", '\nREGION = "east"\nPACKAGE = '),
}
"""What the team changed in files that updates merge, in some of which the template did, too."""
OWN = {"src/bench_service/own.py": "OWN = True\n", "docs/running.md": "# How we run it\n"}


@dataclass(frozen=True)
class Cell:
    """A whole command line, as people type it, and the service that it gets a copy of."""

    service: Path
    command: Sequence[str]
    code: int = 0


@dataclass(frozen=True)
class Cost:
    """Of one whole command, with all the processes that it started."""

    seconds: float
    cpu: float


def main() -> None:
    """Measure, and print the tables."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        ours, crufts = _services(folder)
        updates, looks = _updates(ours, crufts, options.to), _looks(ours, crufts, options.to)
        print(_agreement(updates, folder), file=sys.stderr)
        costs: dict[str, list[Cost]] = defaultdict(list)
        cells = list((updates | looks).items())
        started = {what: _processes(cell, folder) for what, cell in cells}
        for what, cell in rig.rounds(options.rounds, cells, "update"):
            costs[what].append(_cost(cell, folder))
    between = f"{releases.released()[0].version} to {options.to}"
    print(rig.machine(), between, sep="\n\n", end="\n\n")
    for names in (list(updates), list(looks)):
        print(_table(names, costs, started), end="\n\n")


def _services(folder: Path) -> tuple[Path, Path]:
    """The service as it was born with the oldest release and edited: Copier's, and cruft's."""
    (folder / "home").mkdir()
    template, ours = templates.tagged(folder / "copier"), folder / "ours" / NAME
    ours.mkdir(parents=True)
    oldest = str(releases.released()[0].version)
    render(releases.asked_for(oldest), {"name": NAME}, ours)
    answers = ours / ANSWERS_FILE
    answers.write_bytes(with_source(answers.read_bytes(), str(template)))
    cookie = templates.tagged_for_cookiecutter(folder / "cookie", NAME, scratch=folder / "made")
    create = [_script("cruft"), "create", str(cookie), "--no-input"]
    _run([*create, "--output-dir", "crufts", "--checkout", f"v{oldest}"], folder, folder)
    for service in (ours, folder / "crufts" / NAME):
        templates.git(service, "init", "--quiet")
        templates.commit(service, "Generate the service")
        _edit(service)
        templates.commit(service, "Make it ours")
    return ours, folder / "crufts" / NAME


def _edit(service: Path) -> None:
    for path, (before, after) in EDITS.items():
        text = (service / path).read_text()
        if text.count(before) != 1:
            raise SystemExit(f"error: `{path}` has changed; choose another edit in {__file__}")
        (service / path).write_text(text.replace(before, after))
    for path, text in OWN.items():
        (service / path).write_text(text)


def _updates(ours: Path, crufts: Path, version: str) -> dict[str, Cell]:
    tag = f"v{version}"
    copier, cruft, msgen = (_script(each) for each in ("copier", "cruft", "msgen"))
    follow = ["--skip-apply-ask", "--refresh-private-variables"]
    return {
        "copier update": Cell(ours, [copier, "update", "--defaults", "--vcs-ref", tag]),
        "cruft update": Cell(crufts, [cruft, "update", *follow, "--checkout", tag]),
        "msgen update": Cell(ours, [msgen, "update", "--to", version, "--no-install"]),
    }


def _looks(ours: Path, crufts: Path, version: str) -> dict[str, Cell]:
    """What writes nothing; exit codes are theirs for a service that is behind."""
    copier, cruft, msgen = (_script(each) for each in ("copier", "cruft", "msgen"))
    return {
        "copier check-update": Cell(ours, [copier, "check-update"]),
        "cruft check": Cell(crufts, [cruft, "check"], code=1),
        "cruft diff": Cell(crufts, [cruft, "diff"]),
        "msgen update --dry-run": Cell(ours, [msgen, "update", "--to", version, "--dry-run"]),
        "msgen check": Cell(ours, [msgen, "check"], code=1),
        "msgen check --only version": Cell(ours, [msgen, "check", "--only", "version"], code=1),
        "msgen diff": Cell(ours, [msgen, "diff"]),
        "msgen diff --update": Cell(ours, [msgen, "diff", "--update", "--to", version]),
    }


def _script(name: str) -> str:
    if found := shutil.which(name):
        return found
    hint = f"`uv run --with cruft --with cookiecutter python {sys.argv[0]}`"
    raise rig.MissingError(f"`{name}` is missing\n\nhint: {hint}")


def _cost(cell: Cell, folder: Path) -> Cost:
    place = _copy(cell, folder)
    used, began = _cpu_of_children(), time.perf_counter()
    _run(cell.command, place, folder, code=cell.code)
    cost = Cost(time.perf_counter() - began, _cpu_of_children() - used)
    shutil.rmtree(place)
    return cost


def _copy(cell: Cell, folder: Path) -> Path:
    """As committed, and with an index that knows the files' times."""
    place = folder / "copy" / cell.service.name
    place.parent.mkdir(exist_ok=True)
    subprocess.run(["cp", "-a", cell.service, place], check=True)
    templates.git(place, "status")
    return place


def _run(command: Sequence[str], place: Path, folder: Path, *, code: int = 0) -> None:
    strange = ("PYTHON", "MSGEN_", "XDG_", "COPIER_", "COOKIECUTTER_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(strange)}
    environment = kept | templates.PERSON | {"HOME": str(folder / "home")}
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)
    if done.returncode != code:
        said = f"ended with {done.returncode}\n\n{done.stderr}\n{done.stdout}"
        raise SystemExit(f"error: `{' '.join(command)}` {said}")


def _processes(cell: Cell, folder: Path) -> str:
    """How many programs it starts, the command itself included; needs strace."""
    strace, log = shutil.which("strace"), folder / "strace.log"
    if not strace:
        return "–"
    place = _copy(cell, folder)
    tracing = [strace, "-f", "-qq", "-e", "trace=execve", "-e", "signal=none", "-o", str(log)]
    _run([*tracing, *cell.command], place, folder, code=cell.code)
    shutil.rmtree(place)
    return str(len(re.findall(r" = 0$", log.read_text(), flags=re.MULTILINE)))


def _agreement(updates: dict[str, Cell], folder: Path) -> str:
    """All give the same files, with the team's edits in them; and caches are filled."""
    trees = {what: _after(cell, folder) for what, cell in updates.items()}
    mine = trees["msgen update"]
    before = _tree(updates["msgen update"].service)
    for other, spared in (
        ("copier update", set()),
        ("cruft update", {ANSWERS_FILE, CRUFT_FILE}),
    ):
        differing = {path for path, _ in mine.items() ^ trees[other].items()} - spared
        if differing:
            raise SystemExit(f"error: msgen and `{other}` differ in {sorted(differing)}")
    for path, (_, edit) in EDITS.items():
        if edit.encode() not in mine[path]:
            raise SystemExit(f"error: the edit in `{path}` is lost")
    merged = sum(mine[path] != before[path] for path in EDITS)
    changed = len({path for path, _ in mine.items() ^ before.items()})
    if not merged:
        raise SystemExit("error: nothing was merged; choose other edits")
    return f"{len(mine)} files, {changed} change and {merged} of them are merged, all the same"


def _after(cell: Cell, folder: Path) -> dict[str, bytes]:
    place = _copy(cell, folder)
    _run(cell.command, place, folder, code=cell.code)
    found = _tree(place)
    shutil.rmtree(place)
    return found


def _tree(folder: Path) -> dict[str, bytes]:
    """Contents by path; Copier has its own order of answers."""
    found = {str(path): (folder / path).read_bytes() for path in templates.files(folder)}
    if ANSWERS_FILE in found:
        found[ANSWERS_FILE] = b"".join(sorted(found[ANSWERS_FILE].splitlines(keepends=True)))
    return found


def _table(names: list[str], costs: dict[str, list[Cost]], started: dict[str, str]) -> str:
    rows = []
    for name in names:
        seconds = [cost.seconds for cost in costs[name]]
        shares = [
            cost.seconds / base.seconds
            for cost, base in zip(costs[name], costs["copier update"], strict=True)
        ]
        rows.append(
            [
                name,
                f"{rig.median(seconds):.3f}",
                f"{min(seconds):.3f}…{max(seconds):.3f}",
                f"{rig.median(shares):.0%}",
                f"{rig.median([cost.cpu for cost in costs[name]]):.3f}",
                started[name],
            ]
        )
    return rig.table(("", "s", "spread", "of `copier update`", "CPU s", "processes"), rows)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=11)
    versions = [str(release.version) for release in releases.released()]
    newest = [version for version in versions if version != UNREACHED][-1]
    parser.add_argument("--to", default=newest, help="a release")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except rig.MissingError as error:
        sys.exit(f"error: {error}")
