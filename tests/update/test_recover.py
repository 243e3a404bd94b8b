"""`msgen recover`: the answers file of a service that has lost it."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from front_door import Command, Terminal
from msgen import answers, questions, releases
from msgen.answers import Layer, Source
from msgen.questions import Expressions
from msgen.releases import Snapshot

from tests.support import history
from tests.support.answers import HOSTILE
from tests.support.history import Repo

ANSWERS = ".copier-answers.yml"
OPTIONS: list[dict[str, Any]] = [
    {
        "description": HOSTILE,
        "code_owners": "@acme/platform @jo",
        "licence": "MIT",
        "copyright_holder": 'Jo O\'Neill & "Partners" GmbH',
        "base_image": "registry.example.org:5000/base/python:3.11",
        "package_index": "https://packages.example.org/simple/",
    },
    dict.fromkeys(
        ("container", "devcontainer", "renovate", "tracing", "exception_tracking"), False
    )
    | {"ci": "none", "licence": "Apache-2.0"},
    {
        "name": "orders-service",
        "description": "Billing: what it's worth",
        "renovate": False,
        "tracing": False,
    },
]


def _versions() -> list[str]:
    """Every release, and the template of this clone where it is another."""
    now = releases.current()
    released = {each.checksum: str(each.version) for each in releases.released()}
    return list({now.checksum: now.version, **released}.values())


def _cases() -> Iterator[Any]:
    """Each version with one set of options, the newest with all of them."""
    for number, version in enumerate(reversed(_versions())):
        for index, _ in enumerate(OPTIONS):
            if number == 0 or index == number % len(OPTIONS):
                yield pytest.param(version, index, id=f"{version}-{index}")


@pytest.fixture
def make(msgen: Command) -> Callable[..., Repo]:
    """`make("0.1.0", tracing=False)`: a service as `msgen new` wrote it; `msgen` runs there."""

    def make(version: str = "0.1.0", name: str = "orders", **said: Any) -> Repo:
        snapshot = releases.asked_for(version)
        msgen.folder = msgen.folder / name
        history.rendered(snapshot, msgen.folder, **_complete(snapshot, {"name": name, **said}))
        return Repo(msgen.folder)

    return make


def _complete(snapshot: Snapshot, said: dict[str, Any]) -> dict[str, Any]:
    layers = [Layer(Source.RECORDED, said)]
    known = questions.load(snapshot)
    complete = answers.complete(known, layers, Expressions(snapshot))
    return {key: each.value for key, each in complete.items() if each.source != Source.DERIVED}


def _lost(service: Repo) -> str:
    """Take the answers file away; says what it held."""
    held = service.text(ANSWERS)
    (service.folder / ANSWERS).unlink()
    return held


def _of_people(answers: str) -> list[str]:
    return [line for line in answers.splitlines() if not line.startswith("_")]


@pytest.mark.parametrize(("version", "options"), list(_cases()))
def test_release_and_answers_are_found_in_the_tree_alone(
    make: Callable[..., Repo], msgen: Command, version: str, options: int
) -> None:
    service = make(version, **OPTIONS[options])
    held = _lost(service)

    said = msgen("recover", "--yes")

    assert said.code == 0, said.err
    found = re.search(r"fits (\S+) best", said.out)
    assert found
    if found[1] == version:
        assert service.text(ANSWERS) == held
    else:  # with these answers both releases make the same service
        assert _of_people(service.text(ANSWERS)) == _of_people(held)
        assert msgen("check", "--json").json[0]["files"] == []
    assert "every sealed file is as that release made it" in said.out


def test_edits_and_own_slices_do_not_mislead(make: Callable[..., Repo], msgen: Command) -> None:
    service = make(name="my-billing", **OPTIONS[0], devcontainer=False)
    held = _lost(service)
    package = "src/my_billing_service"
    shutil.copytree(service.folder / package / "orders", service.folder / package / "invoices")
    service.write("README.md", f"# My billing\n\n{HOSTILE}\n\nAll of it is ours now.\n")
    service.replace("pyproject.toml", '    "orjson', '    "httpx>=1",\n    "orjson')
    service.replace("pyproject.toml", "requires-python", "# ours\nrequires-python")
    for path in ("chassis/edge.py", "chassis/web.py", "main.py", "settings.py"):
        service.append(f"{package}/{path}", "# ours")
    for path in ("Dockerfile", "compose.yaml", "justfile", ".gitignore", "tests/conftest.py"):
        service.prepend(path, "# ours")
    for path in ("pyproject.toml", f"{package}/chassis/auth.py"):
        windows = service.text(path).replace("\n", "\r\n")
        service.write(path, windows.encode())
    (service.folder / "tests/orders/test_domain.py").unlink()

    said = msgen("recover", "--yes", "--json")

    assert said.code == 0, said.err
    assert service.text(ANSWERS) == said.json["file"] == held
    told = said.json["answers"]
    assert told["description"] == {"value": HOSTILE, "evidence": "found in Dockerfile:48"}
    assert told["code_owners"]["evidence"] == "found in CODEOWNERS:1"
    assert told["tracing"] == {"value": True, "evidence": "tree fits"}
    assert told["slice"]["evidence"] == "default"
    assert said.json["misfits"] == dict.fromkeys(
        (f"{package}/chassis/edge.py", f"{package}/chassis/web.py"), "edited"
    )
    best, *others = said.json["candidates"]
    assert best["version"] == "0.1.0"
    assert all(each["score"] <= best["score"] for each in others)


def _with_marks(held: str) -> bytes:
    ours = held.replace("renovate: true", "renovate: false").replace("v0.1.0", "v0.0.9")
    return f"<<<<<<< ours\n{ours}=======\n{held}>>>>>>> theirs\n".encode()


DAMAGE: dict[str, Callable[[str], bytes]] = {
    "conflict marks": _with_marks,
    "cut off": lambda held: held[: held.index("licence") + 20].encode(),
    "cut off, but still YAML": lambda held: held[: held.index("container:")].encode(),
    "no YAML": lambda held: held.replace("ci: github", "ci: [github\n\t}").encode(),
    "UTF-16": lambda held: held.encode("utf-16"),
    "wrong values": lambda held: held.replace("tracing: true", "tracing: maybe").encode(),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_left_of_a_damaged_file_is_used(
    make: Callable[..., Repo], msgen: Command, damage: str
) -> None:
    service = make(code_owners="@jo", copyright_holder="Nobody can see this")
    service.replace(ANSWERS, releases.SOURCE, "https://git.acme.example/msgen.git")
    held = _lost(service)
    service.write(ANSWERS, DAMAGE[damage](held))
    left = (service.folder / ANSWERS).read_bytes()

    said = msgen("recover", "--yes")

    assert said.code == 0, said.err
    kept = "licence" in damage or damage == "cut off"
    assert service.text(ANSWERS) == (_without_holder(held) if kept else held)
    assert "salvaged" in said.out
    assert (service.folder / f"{ANSWERS}.damaged").read_bytes() == left


def _without_holder(held: str) -> str:
    return held.replace("Nobody can see this", "The orders team")


def test_a_damaged_file_that_git_has_is_not_kept_beside(
    make: Callable[..., Repo], msgen: Command
) -> None:
    service = make()
    held = service.text(ANSWERS)
    service.write(ANSWERS, "][")
    history.repository(service.folder)

    said = msgen("recover", "--yes")

    assert said.code == 0, said.err
    assert service.text(ANSWERS) == held
    assert service.status == [f" M {ANSWERS}"]


def test_the_newest_readable_commit_comes_first(
    make: Callable[..., Repo], msgen: Command
) -> None:
    service = make(copyright_holder="Nobody can see this", code_owners="@jo")
    held = service.text(ANSWERS)
    history.repository(service.folder)
    committed = service.head
    service.write(ANSWERS, "][")
    service.commit("Damage it")
    (service.folder / ANSWERS).unlink()
    (service.folder / "renovate.json").unlink()
    service.commit("Lose it, and drop a file of the template")

    said = msgen("recover", "--yes", "--json")

    assert said.code == 0, said.err
    assert service.text(ANSWERS) == held
    told = said.json["answers"]
    where = f"commit {committed[:7]}"
    assert told["copyright_holder"] == {"value": "Nobody can see this", "evidence": where}
    assert told["renovate"] == {"value": True, "evidence": where}


def test_what_is_staged_is_newer_than_every_commit(
    make: Callable[..., Repo], msgen: Command
) -> None:
    service = make()
    history.repository(service.folder)
    assert msgen("set", "code_owners=@jo", "--no-install", "--yes").code == 0
    held = _lost(service)

    said = msgen("recover", "--yes", "--json")

    assert said.code == 0, said.err
    assert service.text(ANSWERS) == held
    assert said.json["answers"]["code_owners"]["evidence"] == "git's index"


def test_what_git_has_of_another_service_is_not_believed(
    make: Callable[..., Repo], msgen: Command
) -> None:
    service = make(name="billing", renovate=False)
    held = _lost(service)
    service.write(ANSWERS, held.replace("billing", "orders").replace("false", "true"))
    history.repository(service.folder)
    (service.folder / ANSWERS).unlink()

    said = msgen("recover", "--yes", "--json")

    assert said.code == 0, said.err
    assert service.text(ANSWERS) == held.replace("The billing team", "The orders team")
    renovate = said.json["answers"]["renovate"]
    assert renovate == {"value": False, "evidence": "tree fits", "recorded": True}


def test_a_template_that_nobody_has_is_set_against_what_was_found(
    make: Callable[..., Repo], msgen: Command
) -> None:
    service = make()
    held = service.text(ANSWERS)
    unknown = held.replace("v0.1.0", "v0.1.0.dev3").replace("sha256: ", "sha256: 0")
    service.write(ANSWERS, unknown)

    said = msgen("recover", "--yes")

    assert said.code == 0, said.err
    assert service.text(ANSWERS) == held
    assert "0.1.0.dev3 was recorded" in said.out


def test_a_newer_service_is_left_alone(make: Callable[..., Repo], msgen: Command) -> None:
    service = make()
    newer = service.text(ANSWERS).replace("v0.1.0", "v99.0.0").replace("256: ", "256: 0")
    service.write(ANSWERS, newer)

    said = msgen("recover", "--yes")

    assert said.code == 1
    assert "made by a newer msgen" in said.err
    assert service.text(ANSWERS) == newer


def test_a_whole_file_is_left_alone(make: Callable[..., Repo], msgen: Command) -> None:
    service = make()
    before = history.contents(service.folder)

    said, machine = msgen("recover", "--yes"), msgen("recover", "--json")

    assert (said.code, machine.code) == (0, 0)
    assert said.out == "✓ `.copier-answers.yml` of orders is whole: 0.1.0\n"
    assert machine.json["status"] == "healthy"
    assert history.contents(service.folder) == before


def test_what_plain_copier_wrote_is_whole(make: Callable[..., Repo], msgen: Command) -> None:
    service = make()
    told = service.text(ANSWERS)
    service.write(
        ANSWERS, told[: told.index("_template_sha256")] + "_template_sha256: unreleased"
    )

    said = msgen("recover")

    assert said.code == 0, said.err
    assert "is whole" in said.out


def test_the_record_of_another_template_is_left_alone(msgen: Command) -> None:
    other = Repo(msgen.folder)
    other.write(ANSWERS, "_commit: v7.1\n_src_path: gh:acme/other\nproject: orders\n")
    other.write("pyproject.toml", '[project]\nname = "orders"\n')

    said = msgen("recover", "--yes")

    assert said.code == 0, said.err
    assert "is whole: 7.1" in said.out


def test_nothing_is_guessed_where_nothing_fits(msgen: Command, tmp_path: Path) -> None:
    other = Repo(msgen.folder)
    other.write("pyproject.toml", '[project]\nname = "other-service"\n')
    other.write("src/other_service/__init__.py", "")
    other.write("README.md", "# other-service\n")
    empty = tmp_path / "empty"
    empty.mkdir()

    said, nothing = msgen("recover", "--yes"), msgen("recover", "--at", str(empty), "--yes")

    assert (said.code, nothing.code) == (1, 1)
    assert f"no release fits `{other.folder}`" in said.err
    assert "says how the service is called" in nothing.err
    assert not other.has(ANSWERS)


def test_nothing_is_written_without_a_yes(make: Callable[..., Repo], msgen: Command) -> None:
    service = make()
    history.repository(service.folder)
    _lost(service)
    before = service.state()

    unasked, dry, machine = (
        msgen("recover", *words) for words in ((), ("--dry-run", "--yes"), ("--json",))
    )

    assert (unasked.code, dry.code, machine.code) == (1, 0, 1)
    assert "`--yes`" in unasked.err
    assert "fits 0.1.0 best" in unasked.out
    assert dry.out.endswith("nothing was written\n")
    assert machine.json["status"] == "found"
    assert service.state() == before


def test_on_a_terminal_it_asks(make: Callable[..., Repo], msgen: Command) -> None:
    service = make()
    held = service.text(ANSWERS)
    service.write(ANSWERS, held.replace("ci: github", "ci: ["))

    codes = [_answering(msgen, key) for key in "ny"]

    assert codes == [1, 0]
    assert service.text(ANSWERS) == held
    assert "ci: [" in service.text(f"{ANSWERS}.damaged")


def _answering(msgen: Command, key: str) -> int:
    screen = Terminal(msgen, ("recover",), (60, 110))
    try:
        screen.sees("Write `.copier-answers.yml`?")
        screen.types(key)
        return screen.ends()
    finally:
        screen.child.close(force=True)
