"""Services rendered through msgen's own code, once for each set of answers."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from msgen import generate as generation
from msgen.plan import Plan, Planner, Wish

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "template"
SERVICE = TEMPLATE / "service"

Answer = str | bool


@dataclass(frozen=True)
class Service:
    """A rendered service. It is shared between tests: whoever writes takes a `copy`."""

    path: Path
    answers: Mapping[str, Any]
    files: tuple[str, ...]

    @property
    def command(self) -> str:
        return str(self.answers["command"])

    @property
    def package(self) -> str:
        return str(self.answers["package"])

    @property
    def prefix(self) -> str:
        return str(self.answers["env_prefix"])

    def text(self, file: str) -> str:
        return (self.path / file).read_text(encoding="utf-8")

    def has(self, file: str, *texts: str) -> None:
        """Fail unless the file is there and holds these texts."""
        assert file in self.files, f"`{file}` is missing"
        for text in texts:
            assert text in self.text(file), f"`{file}` does not say `{text}`"

    def lacks(self, file: str, *texts: str) -> None:
        """Fail if the file is there; with texts, if it holds one of them."""
        if not texts:
            assert file not in self.files, f"`{file}` should not be there"
        for text in texts:
            assert text not in self.text(file), f"`{file}` should not say `{text}`"

    def copy(self, folder: Path) -> "Service":
        """The same service in a folder of its own, to be written to."""
        for file in self.files:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.path / file, folder / file)
        return Service(folder, self.answers, self.files)


class Generate(Protocol):
    """`generate("service", name="orders", tracing=False)`."""

    def __call__(
        self, preset: str = "service", name: str = "my-service", **answers: Any
    ) -> Service: ...


def plan(preset: str, name: str, answers: Mapping[str, Answer], output: Path) -> Plan:
    """What `msgen new` would write for these answers."""
    overrides = [f"{key}={_written(value)}" for key, value in answers.items()]
    return Planner().plan(Wish(name, preset, overrides, output))


def render(plan: Plan) -> Service:
    """Write the service, as `msgen new` does before it renames the folder into place."""
    plan.target.mkdir(parents=True)
    files = generation.render_into(plan, plan.target)
    answers = {key: answer.value for key, answer in plan.answers.items()}
    return Service(plan.target, answers, tuple(files))


def _written(value: Answer) -> str:
    return ("no", "yes")[value] if isinstance(value, bool) else value
