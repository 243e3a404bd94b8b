"""How long `msgen fleet update` takes for many services, beside a loop of `copier update`.

uv run python benchmarks/fleet.py
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import rig
from msgen import archive, releases
from msgen.record import with_source
from msgen.render import ANSWERS_FILE, render

ANSWERS: tuple[dict[str, object], ...] = (
    {},
    {"tracing": False},
    {"container": False, "ci": "none"},
    {"exception_tracking": False, "licence": "MIT"},
)
PERSON = {"GIT_AUTHOR_NAME": "bench", "GIT_AUTHOR_EMAIL": "bench@localhost",
          "GIT_COMMITTER_NAME": "bench", "GIT_COMMITTER_EMAIL": "bench@localhost",
          "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}  # fmt: skip


@dataclass
class Cost:
    """Of one whole command, or of several."""

    services: int
    seconds: float
    cpu: float
    rss: float = 0
    pss: float = 0


def main() -> None:
    """Measure, and print the table."""
    options = _options()
    first, last = str(releases.released()[0].version), options.to
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        template = _template_repository(folder / "template")
        fleet = [_service(folder / f"fleet/s{n:03}", n) for n in range(options.services)]
        loop = [_for_copier(each, folder / "loop", template) for each in fleet[: options.loop]]
        half = len(loop) // 2
        before = _copier(loop[:half], last)
        ours = _fleet(folder, options, last)
        after = _copier(loop[half:], last)
        _must_agree(fleet[0], loop[0], last)
    theirs = Cost(len(loop), before.seconds + after.seconds, before.cpu + after.cpu)
    print(rig.machine(), f"{first} to {last}", _table(theirs, ours), sep="\n\n")


def _template_repository(folder: Path) -> Path:
    """The released templates as commits with tags, for Copier."""
    folder.mkdir()
    _git(folder, "init", "--quiet")
    for release in releases.released():
        for path in folder.iterdir():
            if path.name != ".git":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        archive.unpack(release.archive, folder)
        _commit(folder, f"Release {release.version}")
        _git(folder, "tag", f"v{release.version}")
    return folder


def _service(folder: Path, number: int) -> Path:
    """A service of the oldest release; but for every tenth, the team has worked on it."""
    folder.mkdir(parents=True)
    answers = {"name": f"bench-{number}", **ANSWERS[number % len(ANSWERS)]}
    oldest = releases.asked_for(str(releases.released()[0].version))
    render(oldest, answers, folder)
    if number % 10:
        readme = folder / "README.md"
        readme.write_text(readme.read_text() + "\nHow we run it.\n")
        pyproject = folder / "pyproject.toml"
        text = pyproject.read_text().replace(
            "dependencies = [\n", 'dependencies = [\n    "six>=1.17",\n', 1
        )
        pyproject.write_text(text)
        (folder / "src" / "own.py").write_text("OWN = True\n")
    _git(folder, "init", "--quiet")
    _commit(folder, "Generate the service")
    return folder


def _for_copier(service: Path, folder: Path, template: Path) -> Path:
    """The same service, with a template that Copier can clone."""
    place = folder / service.name
    shutil.copytree(service, place)
    answers = place / ANSWERS_FILE
    answers.write_bytes(with_source(answers.read_bytes(), str(template)))
    _commit(place, "Name the template")
    return place


def _copier(services: list[Path], version: str) -> Cost:
    command = [_script("copier"), "update", "--defaults", "--quiet", "--vcs-ref", f"v{version}"]
    used, began = _cpu_of_children(), time.perf_counter()
    for service in services:
        print(f"copier: {service.name}", file=sys.stderr)
        _run(command, service)
    return Cost(len(services), time.perf_counter() - began, _cpu_of_children() - used)


def _fleet(folder: Path, options: argparse.Namespace, version: str) -> Cost:
    words = ["fleet", "update", "fleet", "--to", version, "--json", "--jobs", str(options.jobs)]
    cost, began = Cost(options.services, 0, 0), time.perf_counter()
    with (folder / "said.json").open("wb") as out, (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [_script("msgen"), *words],
            cwd=folder,
            env=os.environ | PERSON,
            stdout=out,
            stderr=log,
        )
        while process.poll() is None:
            _sample(process.pid, cost)
            time.sleep(0.1)
    cost.seconds = time.perf_counter() - began
    states = [row["status"] for row in json.loads((folder / "said.json").read_text())]
    if states != ["updated"] * options.services:
        raise SystemExit(
            f"error: not all were updated: {states}\n{(folder / 'log').read_text()}"
        )
    return cost


def _sample(root: int, cost: Cost) -> None:
    """The highest memory so far, and the processor time so far, of a process and all below."""
    cpu = rss = pss = 0.0
    for pid in _tree(root):
        try:
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        cpu += sum(map(int, stat[11:15])) / os.sysconf("SC_CLK_TCK")
        rss += int(rollup.split("\nRss:")[1].split()[0]) * 1024 / 1e6
        pss += int(rollup.split("\nPss:")[1].split()[0]) * 1024 / 1e6
    cost.cpu, cost.rss, cost.pss = max(cost.cpu, cpu), max(cost.rss, rss), max(cost.pss, pss)


def _tree(root: int) -> list[int]:
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                waiting += map(int, task.read_text().split())
            except OSError:
                continue
    return found


def _must_agree(ours: Path, theirs: Path, version: str) -> None:
    """Where the team has done nothing, both give the same files but for the template's URL."""
    trees = [
        {
            line.split("\t")[1]: line.split()[2]
            for line in _git(folder, "ls-tree", "-r", commit).splitlines()
        }
        for folder, commit in ((ours, f"msgen/update-{version}"), (theirs, _all_of(theirs)))
    ]
    differing = {path for path, _ in trees[0].items() ^ trees[1].items()} - {ANSWERS_FILE}
    if differing:
        raise SystemExit(f"error: msgen and Copier differ in {sorted(differing)}")
    print(f"{len(trees[0])} files, the same from both", file=sys.stderr)


def _all_of(folder: Path) -> str:
    _commit(folder, "Update")
    return "HEAD"


def _table(theirs: Cost, ours: Cost) -> str:
    head = ("", "services", "s", "s a service", "", "CPU s a service", "peak MB, RSS / PSS")
    base = theirs.seconds / theirs.services
    rows = []
    for what, cost in (("copier update, a loop", theirs), ("msgen fleet update", ours)):
        one = cost.seconds / cost.services
        memory = f"{cost.rss:.0f} / {cost.pss:.0f}" if cost.rss else "–"
        cpu = f"{cost.cpu / cost.services:.3f}"
        times = f"{base / one:.1f}×"
        rows.append(
            [what, cost.services, f"{cost.seconds:.1f}", f"{one:.3f}", times, cpu, memory]
        )
    return rig.table(head, rows)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _commit(folder: Path, message: str) -> None:
    _git(folder, "add", "--all", "--force")
    _git(folder, "commit", "--quiet", "--allow-empty", "--message", message)


def _git(folder: Path, *words: str) -> str:
    return _run(["git", *words], folder)


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, env=os.environ | PERSON, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"error: `{' '.join(command)}` failed\n\n{done.stderr or done.stdout}")
    return done.stdout


def _script(name: str) -> str:
    found = Path(sys.executable).with_name(name)
    return str(found) if found.exists() else shutil.which(name) or name


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--services", type=int, default=100)
    parser.add_argument("--loop", type=int, default=10, help="of them by Copier")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--to", default=str(releases.released()[-1].version), help="a release")
    return parser.parse_args()


if __name__ == "__main__":
    main()
