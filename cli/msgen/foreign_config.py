"""Reads a template's `copier.yml` as Copier does, in every shape that it may have."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from .errors import UserError

_MERGED = ("_exclude", "_jinja_extensions", "_secret_questions", "_skip_if_exists")
"""Lists that add up when several documents name them."""


def load(root: Path) -> dict[str, Any]:
    """Settings and questions; a later document wins over an earlier one.

    Raises UserError when there is no such file, or when it is not one that Copier takes.
    """
    file = _file(root)
    try:
        with file.open("rb") as opened:
            documents = list(_flat(yaml.load_all(opened, Loader=_loader(root))))
    except (yaml.YAMLError, UnicodeDecodeError, TypeError, ValueError) as wrong:
        message = f"`{file.name}` of the template is not valid: {' '.join(str(wrong).split())}"
        raise UserError(message, hint="mend the template") from wrong
    config: dict[str, Any] = {}
    for document in documents:
        if not isinstance(document, dict):
            message = f"`{file.name}` of the template does not hold questions"
            raise UserError(message, hint="mend the template")
        added = {key: [*config.get(key, []), *document.get(key, [])] for key in _MERGED
                 if key in config and key in document}  # fmt: skip
        config |= {**document, **added}
    return config


def questions(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The questions alone, each in the long form, secret ones marked."""
    secret = set(config.get("_secret_questions") or ())
    found = {}
    for key, said in config.items():
        if not str(key).startswith("_"):
            about = dict(said) if isinstance(said, dict) else {"default": said}
            found[str(key)] = {**about, "secret": True} if key in secret else about
    return found


def _file(root: Path) -> Path:
    found = _candidates(root)
    if not found:
        message = f"`{root}` is no template: there is no `copier.yml` in it"
        raise UserError(message, hint="name a template for Copier: a folder or a git URL")
    if len(found) > 1:
        names = " and ".join(f"`{each.name}`" for each in sorted(found))
        message = f"the template has {names}, and only one may be there"
        raise UserError(message, hint="mend the template")
    return found[0]


def _candidates(root: Path) -> list[Path]:
    return [
        file
        for file in root.glob("copier.*")
        if file.is_file() and re.fullmatch(r"\.ya?ml", file.suffix, re.IGNORECASE)
    ]


def _flat(items: Any) -> Iterator[Any]:
    """Lists in lists as one, without what is empty; an included file comes as a list."""
    for item in items:
        if isinstance(item, list):
            yield from _flat(item)
        elif item:
            yield item


def _loader(root: Path) -> Any:
    """LibYAML where the wheel has it: ten times faster, the same result."""
    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    top = root.resolve()

    def include(loader: Any, node: Any) -> list[Any]:
        pattern = str(loader.construct_scalar(node))
        if PurePosixPath(pattern).is_absolute():
            message = f"`!include {pattern}` is not a relative path"
            raise ValueError(message)
        found: list[Any] = []
        for file in sorted(top.glob(pattern)):
            if not file.resolve().is_relative_to(top):
                message = f"`!include {pattern}` leads out of the template"
                raise ValueError(message)
            found.extend(_flat(yaml.load_all(file.read_bytes(), Loader=type(loader))))
        return found

    kind: Any = type("Loader", (base,), {})
    kind.add_constructor("!include", include)
    return kind
