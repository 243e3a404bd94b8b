"""Templates for Copier as others write them, in git repositories of their own."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.history import Repo

ANSWERS = "{{ _copier_answers | to_nice_yaml -}}\n"
ANSWERS_PATH = "{{ _copier_conf.answers_file }}.jinja"

CLASSIC = {
    "copier.yml": """\
_subdirectory: project
_skip_if_exists:
  - config/local.ini
project_name:
  type: str
  help: What is it called?
  default: Shop
greeting:
  type: str
  choices: [hello, ahoy]
  default: hello
""",
    f"project/{ANSWERS_PATH}": ANSWERS,
    "project/README.md.jinja": "# {{ project_name }}\n\nOne.\n\nTwo.\n\nThree.\n",
    "project/src/words.py.jinja": 'GREETING = "{{ greeting }}"\n\n\nLOUD = False\n',
    "project/src/old_name.py": "".join(f"line_{number} = {number}\n" for number in range(20)),
    "project/config/local.ini": "[local]\nport = 1\n",
}
"""A template of the usual kind, as it was first released."""

CLASSIC_2 = {
    "copier.yml": CLASSIC["copier.yml"] + "colour:\n  type: str\n  default: blue\n",
    "project/README.md.jinja": (
        "# {{ project_name }}\n\nOne.\n\nTwo.\n\nThree, and {{ colour }}.\n"
    ),
    "project/src/old_name.py": None,
    "project/src/new_name.py": str(CLASSIC["project/src/old_name.py"]) + "line_20 = 20\n",
    "project/src/added.py": "ADDED = True\n",
    "project/config/local.ini": "[local]\nport = 2\n",
}
"""What its second release changes: nothing means deleted."""

SHORT = {
    "copier.yaml": """\
_envops:
  block_start_string: "[%"
  block_end_string: "%]"
  variable_start_string: "[["
  variable_end_string: "]]"
_templates_suffix: .tmpl
_secret_questions: [token]
!include shared/*.yml
---
title: A shop
port: 8000
ratio: 0.5
fast: true
tags: [a, b]
python: {type: str, choices: [3.11, 3.12], default: "3.12"}
level:
  type: int
  default: 1
  choices:
    - [Low, 1]
    - [High, 2]
size:
  type: str
  default: small
  choices:
    Small: small
    Large:
      value: large
      validator: "[% if fast %]too slow[% endif %]"
parts:
  type: str
  multiselect: true
  choices: [web, db, bus]
  default: [web]
token: "not told"
slug:
  type: str
  when: false
  default: "[[ title | lower | replace(' ', '-') ]]"
bus_url:
  type: str
  when: "[[ 'bus' in parts ]]"
  default: "bus://[[ slug ]]"
""",
    "shared/more.yml": "licence:\n  type: str\n  default: MIT\n",
    "[[ _copier_conf.answers_file ]].tmpl": "[[ _copier_answers|to_nice_yaml -]]\n",
    "out.txt.tmpl": (
        "[[ title ]] [[ port ]] [[ ratio ]] [[ fast ]] [[ tags ]] [[ python ]] [[ level ]] "
        "[[ size ]] [[ parts ]] [[ token ]] [[ slug ]] [[ bus_url ]] [[ licence ]] "
        "[[ _folder_name ]] {{ left alone }}\n"
    ),
    "[[ slug ]].txt": "named by an expression\n",
}
"""Every way of writing a question, other marks, another suffix, the other file name."""
SHORT["copier.yaml"] = SHORT["copier.yaml"].replace(
    "!include shared/*.yml\n---\n", "---\n!include shared/*.yml\n---\n"
)

EAGER = {
    "copier.yml": """\
_jinja_extensions: [eager_extension.Eager]
_tasks:
  - "echo ran >> {marker}"
  - [touch, made-by-a-task.txt]
word: hi
""",
    ANSWERS_PATH: ANSWERS,
    "out.txt.jinja": "{{ word | shout }}\n",
}
"""A template that wants to run a program and to load code."""

EXTENSION = """\
from pathlib import Path

from jinja2.ext import Extension

with Path("{marker}").open("a") as file:
    file.write("imported\\n")


class Eager(Extension):
    def __init__(self, environment):
        super().__init__(environment)
        environment.filters["shout"] = lambda text: text.upper()
"""


@dataclass(frozen=True)
class Template:
    """A template's repository."""

    repo: Repo

    @classmethod
    def at(cls, folder: Path) -> "Template":
        folder.mkdir(parents=True)
        made = cls(Repo(folder))
        made.repo.git("init", "--quiet", "--initial-branch", "main")
        return made

    @property
    def path(self) -> str:
        return str(self.repo.folder)

    @property
    def url(self) -> str:
        return self.repo.folder.as_uri()

    def write(self, files: Mapping[str, str | None], tag: str | None = None) -> "Template":
        """Change files, commit, and tag the commit."""
        for name, text in files.items():
            file = self.repo.folder / name
            if text is None:
                file.unlink()
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
        self.repo.commit(tag or "Work")
        if tag:
            self.repo.git("tag", tag)
        return self

    def goes_away(self) -> None:
        """As when there is no connection."""
        self.repo.folder.rename(self.repo.folder.with_name("elsewhere.git"))

    def copy_of(self, root: Path, *parts: str) -> "Template":
        """Fill it with some of what lies in a folder."""
        for part in parts:
            if (root / part).is_dir():
                shutil.copytree(root / part, self.repo.folder / part)
            else:
                shutil.copy(root / part, self.repo.folder / part)
        return self
