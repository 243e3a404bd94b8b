"""The GitHub workflows of a service: clean for their linters, pinned, with few rights."""

import re
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import Passes, Render, Run

SHAPES = [{}, {"container": False}]
SCHEMAS = {
    "workflows/*.yml": "vendor.github-workflows",
    "actions/*/action.yml": "vendor.github-actions",
}


def workflows(service: Path) -> dict[str, Any]:
    folder = service / ".github/workflows"
    return {path.name: yaml.safe_load(path.read_text()) for path in folder.glob("*.yml")}


def uses(service: Path) -> Iterator[str]:
    for path in (service / ".github").rglob("*.yml"):
        yield from re.findall(r"^ *(?:- )?uses: (.+)$", path.read_text(), re.MULTILINE)


@pytest.mark.parametrize("answers", SHAPES)
def test_actionlint_has_no_complaint(
    render: Render, passes: Passes, answers: dict[str, bool]
) -> None:
    service = render(**answers)
    files = sorted(str(path) for path in service.glob(".github/workflows/*.yml"))

    passes(service, "actionlint", "-shellcheck", "shellcheck", *files)


def test_actionlint_and_its_shellcheck_see_planted_faults(tmp_path: Path, run: Run) -> None:
    (tmp_path / "a.yml").write_text(
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latst\n    steps:\n      - run: rm -r $A\n"
    )

    said = run(tmp_path, "actionlint", "-shellcheck", "shellcheck", "a.yml")

    assert "ubuntu-latst" in said.stdout
    assert "SC2086" in said.stdout


@pytest.mark.parametrize("answers", SHAPES)
def test_zizmor_has_no_complaint(
    render: Render, passes: Passes, answers: dict[str, bool]
) -> None:
    passes(render(**answers), "zizmor", "--offline", "--quiet", ".")


def test_zizmor_sees_a_planted_fault(tmp_path: Path, run: Run) -> None:
    (tmp_path / "a.yml").write_text(
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n"
        "    steps:\n      - uses: actions/checkout@v7\n"
    )

    said = run(tmp_path, "zizmor", "--offline", "--quiet", "a.yml")

    assert said.returncode != 0
    assert "unpinned-uses" in said.stdout


@pytest.mark.parametrize("pattern", SCHEMAS)
def test_workflows_fit_their_schema(service: Path, passes: Passes, pattern: str) -> None:
    files = [str(path) for path in service.glob(f".github/{pattern}")]

    passes(service, "check-jsonschema", "--builtin-schema", SCHEMAS[pattern], *files)


def test_every_foreign_action_is_pinned_to_one_commit_and_says_its_version(
    service: Path,
) -> None:
    pins = defaultdict(set)

    for use in uses(service):
        if not use.startswith("./"):
            pinned = re.fullmatch(r"(\S+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)", use)
            assert pinned, use
            pins[pinned[1]].add((pinned[2], pinned[3]))

    assert pins
    assert {name: found for name, found in pins.items() if len(found) > 1} == {}


def test_every_own_action_and_workflow_exists(service: Path) -> None:
    own = {use for use in uses(service) if use.startswith("./")}

    assert own
    for use in own:
        path = service / use
        assert path.is_file() or (path / "action.yml").is_file(), use


def test_no_job_may_do_more_than_read(service: Path) -> None:
    for name, workflow in workflows(service).items():
        assert workflow["permissions"] == {}, name
        for job in workflow["jobs"].values():
            assert job["permissions"] == {"contents": "read"}, name


def test_every_job_that_runs_has_a_time_limit(service: Path) -> None:
    jobs = [
        job
        for workflow in workflows(service).values()
        for job in workflow["jobs"].values()
        if "steps" in job
    ]

    assert jobs
    assert all(job["timeout-minutes"] <= 30 for job in jobs)


def test_tests_run_on_both_databases(service: Path) -> None:
    steps = workflows(service)["checks.yml"]["jobs"]["tests"]["steps"]
    variables = [step.get("env", {}) for step in steps if "pytest" in step.get("run", "")]

    assert [list(names) for names in variables] == [[], ["ORDERS_SERVICE_TEST_DATABASE_URL"]]


HOME = "https://git.acme.dev/msgen.git"
NOWHERE = "https://git.example.org/msgen.git"


@pytest.fixture
def template_job(service: Path, tmp_path: Path) -> Callable[..., str]:
    """What the job prints, run as GitHub does, with a `uvx` that prints how it was called."""
    step = workflows(service)["checks.yml"]["jobs"]["template"]["steps"][-1]

    def run(event: str, *, source: str = HOME, version: str = "v1.2.3", code: int = 0) -> str:
        uvx = tmp_path / "uvx"
        uvx.write_text(f'#!/bin/sh\necho "uvx $*"\nexit {code}\n')
        uvx.chmod(0o755)
        answers = f"_commit: {version}\n_src_path: {source}\nname: orders\n"
        (tmp_path / ".copier-answers.yml").write_text(answers)
        return subprocess.run(
            ["bash", "-e", "-c", step["run"]],
            cwd=tmp_path,
            env={"PATH": f"{tmp_path}:/usr/bin:/bin", "GITHUB_EVENT_NAME": event},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout

    return run


def test_template_job_asks_the_msgen_of_the_template(template_job: Callable[..., str]) -> None:
    pushed, scheduled = template_job("push"), template_job("schedule")

    assert pushed == f"uvx --from git+{HOME}@v1.2.3 msgen check --only content\n"
    assert scheduled == f"uvx --from git+{HOME} msgen check\n"


@pytest.mark.parametrize("event", ["push", "schedule"])
@pytest.mark.parametrize(
    ("template", "what_to_do"),
    [
        ({"source": NOWHERE}, "msgen set-source URL"),
        ({"version": "v1.3.0.dev0"}, "msgen update"),
    ],
)
def test_template_job_says_what_to_do_where_nothing_can_be_checked(
    template_job: Callable[..., str], event: str, template: dict[str, str], what_to_do: str
) -> None:
    said = template_job(event, **template)

    assert said.startswith("::notice ")
    assert said.endswith(f": {what_to_do}\n")


def test_template_job_fails_with_the_check(template_job: Callable[..., str]) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        template_job("push", code=1)


def test_service_without_ci_has_no_github_folder(render: Render) -> None:
    service = render(ci="none", code_owners="@acme/platform")

    assert not (service / ".github").exists()
    assert (service / "CODEOWNERS").read_text() == "* @acme/platform\n"
