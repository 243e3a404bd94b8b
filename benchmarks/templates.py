"""The template as others take it: a folder for Copier, one for cookiecutter, repositories."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import copier
from msgen import archive, releases
from msgen.releases import Release
from msgen.render import ANSWERS_FILE

PERSON = {"GIT_AUTHOR_NAME": "bench", "GIT_AUTHOR_EMAIL": "bench@localhost",
          "GIT_COMMITTER_NAME": "bench", "GIT_COMMITTER_EMAIL": "bench@localhost",
          "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}  # fmt: skip
_DEP = re.compile(r'\{\{ dep\("([^"]+)"\) \}\}')


def plain(root: Path, folder: Path) -> Path:
    """A copy without git, which spares Copier a clone."""
    shutil.copytree(root / "template", folder / "template")
    shutil.copy(root / "copier.yml", folder)
    return folder


def tagged(folder: Path) -> Path:
    """The released templates as commits with tags, for Copier."""
    for release in releases.released():
        _empty(folder)
        archive.unpack(release.archive, folder)
        _release(folder, release)
    return folder


def tagged_for_cookiecutter(folder: Path, name: str, *, scratch: Path) -> Path:
    """The same for cookiecutter; later releases are given the answers of the first."""
    answers: Mapping[str, object] = {"name": name}
    for release in releases.released():
        template, rendered = scratch / f"{release.version}", scratch / f"{release.version}-out"
        archive.unpack(release.archive, template)
        known = answered(template, rendered, {**answers, "name": name})
        answers = {key: known[key] for key in _asked(template) if key in known}
        _empty(folder)
        for_cookiecutter(template, rendered, known, folder)
        _release(folder, release)
    return folder


def answered(template: Path, folder: Path, data: Mapping[str, object]) -> dict[str, object]:
    """Render, for all the answers: derived ones too."""
    worker = copier.run_copy(str(template), folder, data=data, defaults=True, quiet=True)
    return dict(worker.answers.combined)


def for_cookiecutter(
    template: Path, rendered: Path, answers: Mapping[str, object], folder: Path
) -> Path:
    """The same tree for cookiecutter, made by rule.

    What Copier copies is copied (`_copy_without_render`). What Copier renders keeps its text; a
    head gives it the answers under their names, and `dep("x")`, which costs a macro and a
    search, becomes what it stands for. What the answers leave out is left out beforehand.
    """
    target = folder / "{{ cookiecutter.folder }}"
    versions = _versions(template)
    literal = []
    for source in files(template / "template/service"):
        place = _place(source, str(answers["package"]))
        if not (rendered / place).is_file():
            continue
        draft = target / _place(source, "{{ cookiecutter.package }}")
        draft.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".jinja" and place.name != ANSWERS_FILE:
            text = (template / "template/service" / source).read_text()
            draft.write_text(_head(answers) + _adapted(text, versions))
        else:
            shutil.copy(rendered / place, draft)
            literal.append(str(draft.relative_to(target)))
    context = {"folder": answers["name"], **_plain(answers), "_copy_without_render": literal}
    (folder / "cookiecutter.json").write_text(json.dumps(context))
    return folder


def files(folder: Path) -> list[Path]:
    """Every file below a folder, but for git's own."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if path.parts[0] != ".git")


def git(folder: Path, *words: str) -> str:
    """What git says; nothing of this machine's configuration counts."""
    done = subprocess.run(
        ["git", *words], cwd=folder, env=os.environ | PERSON, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"error: `git {' '.join(words)}` failed\n\n{done.stderr}")
    return done.stdout


def commit(folder: Path, message: str) -> None:
    """Everything that lies there."""
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)


def _release(folder: Path, release: Release) -> None:
    commit(folder, f"Release {release.version}")
    git(folder, "tag", f"v{release.version}")


def _empty(folder: Path) -> None:
    """Nothing but the repository, which is made where there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    for path in folder.iterdir():
        if path.name != ".git":
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _asked(template: Path) -> list[str]:
    """What a service records, and an update gives again."""
    known = releases.Snapshot(template, "0").config
    return [key for key in known if key[0] != "_" and known[key].get("when") is not False]


def _place(source: Path, package: str) -> Path:
    named = str(source).replace("{{ package }}", package)
    named = named.replace("{{ _copier_conf.answers_file }}", ANSWERS_FILE)
    return Path(named.removesuffix(".jinja"))


def _versions(template: Path) -> dict[str, str]:
    lines = (template / "template/includes/requirements.txt").read_text().splitlines()
    return {re.split(r"[\[<>=~! ]", line)[0]: line for line in lines if line[:1].isalpha()}


def _plain(answers: Mapping[str, object]) -> dict[str, object]:
    return {k: v for k, v in answers.items() if isinstance(v, str | bool) and k[0] != "_"}


def _head(answers: Mapping[str, object]) -> str:
    lists = {k: v for k, v in answers.items() if isinstance(v, list)}
    own = [f"{{%- set {name} = cookiecutter.{name} -%}}" for name in _plain(answers)]
    return "".join([*own, *(f"{{%- set {k} = {json.dumps(v)} -%}}" for k, v in lists.items())])


def _adapted(text: str, versions: dict[str, str]) -> str:
    text = re.sub(r'\{%-? from "template/includes/dep.jinja" import dep -?%\}\n?', "", text)
    text = re.sub(r"to_json(\([^)]*\))?", "tojson", text)  # Copier's filter, and Jinja's own
    return _DEP.sub(lambda found: f'"{versions[found[1]]}"', text)
