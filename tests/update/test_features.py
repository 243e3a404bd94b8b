"""`msgen add`, `remove`, `set`: an answer given later is as good as one given at birth."""

from pathlib import Path
from typing import Any

import pytest
from front_door import Command, Terminal
from msgen import altering, releases
from msgen.ownership import Ownership
from msgen.plan import Planner, Wish
from msgen.releases import Snapshot

from tests.support import answers
from tests.support.history import Repo, contents
from tests.support.template import SNAPSHOT

from .conftest import Born

OPTIONS = [
    pytest.param(option, value, id=f"{option}={value}"[:40])
    for option, values in answers.values().items()
    for value in values
]


@pytest.fixture(scope="session")
def now() -> Snapshot:
    """The template of this clone."""
    return releases.current()


@pytest.fixture
def made(born: Born, now: Snapshot, msgen: Command) -> Repo:
    """A default service of today; `msgen` runs in its folder."""
    service = born(now, **_complete())
    msgen.folder = service.folder
    return service


def _complete(**changed: Any) -> dict[str, Any]:
    """Answers in the order of the questions, as `msgen new` gives them."""
    usual = Planner().plan(Wish("orders", None)).given
    overrides = [f"slice={changed['slice']}"] if "slice" in changed else []
    asked = Planner().plan(Wish("orders", None, overrides)).given
    known = {key: usual.get(key, value) for key, value in asked.items()}
    return {**known, **changed, "name": "orders"}


@pytest.mark.parametrize(("option", "value"), OPTIONS)
def test_an_answer_given_later_makes_what_it_makes_at_birth_and_can_be_taken_back(
    kept_births: Born, now: Snapshot, tmp_path: Path, option: str, value: Any
) -> None:
    at_birth = kept_births(now, **_complete(**{option: value}))
    service = kept_births(now, **_complete()).copy(tmp_path / "orders")
    before = contents(service.folder)
    default = _complete()[option]

    _alter(service, option, value)
    given = contents(service.folder)
    service.commit()
    _alter(service, option, default)
    service.commit()

    assert given == contents(at_birth.folder)
    after = contents(service.folder)
    if option in _with_tables():  # what was migrated stays, and what drops its tables comes
        left = {path for path in after if path not in before}
        assert all("/chassis/migrations/" in path for path in left)
        after = {path: content for path, content in after.items() if path not in left}
        before.pop(".copier-answers.yml")
        after.pop(".copier-answers.yml")
    assert after == before


def _with_tables() -> tuple[str, ...]:
    return Ownership(SNAPSHOT).with_tables


def _alter(service: Repo, option: str, value: Any) -> None:
    how = altering.Manners("test", install=False, yes=True)
    altering.alter(service.folder, {option: value}, how)


def test_features_are_added_and_removed_through_the_front_door(
    made: Repo, msgen: Command
) -> None:
    before = contents(made.folder)

    removed = msgen("remove", "tracing", "container", "ci", "--no-install", "--json")
    made.commit()
    without = set(contents(made.folder))
    added = msgen("add", "tracing", "container", "ci", "--no-install", "--json")

    assert (removed.code, added.code) == (0, 0), removed.err + added.err
    assert "Dockerfile" not in without
    assert not [path for path in without if path.startswith(".github") or "tracing" in path]
    assert contents(made.folder) == before
    assert added.json["from"]["version"] == added.json["to"]["version"]


def test_a_broker_is_added_and_removed_through_the_front_door(
    made: Repo, msgen: Command, kept_births: Born, now: Snapshot
) -> None:
    at_birth = contents(kept_births(now, **_complete(broker="rabbitmq")).folder)

    added = msgen("add", "broker=rabbitmq", "--no-install", "--json")
    with_it = contents(made.folder)
    made.commit()
    removed = msgen("remove", "broker", "--no-install", "--json")

    assert (added.code, removed.code) == (0, 0), added.err + removed.err
    assert with_it == at_birth
    assert "retired:\n- broker\n" in made.text(".copier-answers.yml")
    assert made.has("src/orders_service/chassis/migrations/events_0002_drop.py")
    assert not made.has("src/orders_service/chassis/events/outbox.py")


def test_the_template_stays_the_recorded_one(service: Repo, msgen: Command) -> None:
    said = msgen("remove", "tracing", "--no-install", "--json")

    assert said.code == 0, said.err
    assert said.json["to"] == said.json["from"]
    assert "_commit: v0.1.0\n" in service.text(".copier-answers.yml")


def test_a_dry_run_says_the_same_and_writes_nothing(made: Repo, msgen: Command) -> None:
    before = made.state()

    planned = msgen("remove", "tracing", "--dry-run", "--json")
    same = made.state() == before
    done = msgen("remove", "tracing", "--no-install", "--json")

    assert same
    assert planned.json["files"] == done.json["files"]


def test_the_teams_files_come_along_when_the_service_is_renamed(
    made: Repo, msgen: Command
) -> None:
    made.write("src/orders_service/billing/routes.py", "from ..chassis import web\n")
    made.append("src/orders_service/orders/domain.py", "# ours")
    made.commit()

    said = msgen("set", "name=invoices", "--no-install", "--json")

    assert said.code == 0, said.err
    assert not made.has("src/orders_service")
    assert made.has("src/invoices_service/billing/routes.py")
    assert made.text("src/invoices_service/orders/domain.py").endswith("# ours\n")
    assert "INVOICES_SERVICE_" in made.text("docs/settings.md")


def test_changes_of_the_team_stay(made: Repo, msgen: Command) -> None:
    made.append("src/orders_service/main.py", "# ours")
    made.append("README.md", "Ours.")
    made.replace("pyproject.toml", '    "orjson', '    "boto3>=1.40",\n    "orjson')
    made.commit()

    said = msgen("remove", "tracing", "exception_tracking", "--no-install")

    assert said.code == 0, said.err
    assert made.text("src/orders_service/main.py").endswith("# ours\n")
    assert "tracing" not in made.text("src/orders_service/main.py")
    assert made.text("README.md").endswith("Ours.\n")
    assert '"boto3>=1.40",' in made.text("pyproject.toml")
    assert "sentry" not in made.text("pyproject.toml")


def test_edited_files_that_would_go_are_listed_and_stay_without_a_yes(
    made: Repo, msgen: Command
) -> None:
    made.append("src/orders_service/chassis/tracing.py", "# ours")
    made.commit()
    before = made.state()

    refused = msgen("remove", "tracing", "--no-install")
    stayed = made.state() == before
    agreed = msgen("remove", "tracing", "--no-install", "--yes", "--json")

    assert refused.code == 1
    told = "files that you have edited would go: `src/orders_service/chassis/tracing.py`"
    assert told in refused.err
    assert stayed
    assert agreed.code == 0, agreed.err
    assert not made.has("src/orders_service/chassis/tracing.py")
    assert agreed.json["conflicts"] == []
    assert made.unmerged == {}


def test_on_a_terminal_it_asks_about_edited_files(made: Repo, terminal: Any) -> None:
    made.append("renovate.json", "")
    made.commit()
    before = made.state()

    screen: Terminal = terminal("remove", "renovate", "--no-install")
    screen.sees("Let them go?")
    screen.types("n")

    assert screen.ends() == 1
    assert "renovate.json" in screen.text
    assert made.state() == before


def test_a_file_that_both_changed_is_a_conflict_of_git(made: Repo, msgen: Command) -> None:
    made.replace("Dockerfile", "ARG BASE_IMAGE=", "ARG BASE_IMAGE=ours/")
    made.commit()

    said = msgen("set", "base_image=theirs:2", "--no-install")

    assert said.code == 1
    assert "Dockerfile" in made.unmerged
    assert "msgen update --continue" in said.err
    assert msgen("update", "--abort").code == 0
    assert made.status == []


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("add", "tracin"), 2, "did you mean `tracing`?"),
        (("add", "licence"), 2, "`msgen set licence=VALUE`"),
        (("add", "licence=MIT"), 2, "`msgen set licence=VALUE`"),
        (("add", "broker"), 2, "choose one: `msgen add broker=rabbitmq`"),
        (("add", "broker=rabitmq"), 2, "did you mean `rabbitmq`?"),
        (("add", "package"), 2, "no feature named `package`"),
        (("set", "licence"), 2, "`msgen set` takes `KEY=VALUE`"),
        (("set", "licence=GPL"), 2, "`licence` cannot be `GPL`"),
        (("set", "name=A b"), 2, "try `a-b`"),
        (("set", "ejected=x"), 2, "cannot be set"),
        (("remove",), 2, "missing argument"),
    ],
)
def test_what_makes_no_sense_is_refused(
    made: Repo, msgen: Command, words: tuple[str, ...], code: int, told: str
) -> None:
    before = made.state()

    said = msgen(*words)

    assert said.code == code
    assert told in said.err
    assert "Traceback" not in said.err
    assert made.state() == before


def test_what_is_so_already_changes_nothing(made: Repo, msgen: Command) -> None:
    before = made.state()

    said = msgen("add", "tracing")

    assert (said.code, made.state()) == (0, before)
    assert "is up to date" in said.out


def test_a_service_with_changes_that_are_not_committed_is_left_alone(
    made: Repo, msgen: Command
) -> None:
    made.append("README.md", "Ours.")
    before = made.state()

    said = msgen("remove", "tracing")

    assert said.code == 1
    assert "`README.md` has changes that are not committed" in said.err
    assert made.state() == before
