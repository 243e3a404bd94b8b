"""The template's own files, as far as tests look at them unrendered."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from msgen import __version__, archive
from msgen.releases import Snapshot

from .rendering import ROOT, SERVICE

SNAPSHOT = Snapshot(ROOT, __version__)
TAG = re.compile(r"\{%[-+]?\s*(.*?)\s*[-+]?%\}", re.DOTALL)
EXPRESSION = re.compile(r"\{\{[-+]?\s*(.*?)\s*[-+]?\}\}", re.DOTALL)


@cache
def files() -> tuple[str, ...]:
    """The files below `template/service`, without what tools leave behind."""
    below = (path for path in archive.files(ROOT) if path.is_relative_to(SERVICE))
    return tuple(path.relative_to(SERVICE).as_posix() for path in below)


def text(file: str) -> str:
    return (SERVICE / file).read_text(encoding="utf-8")


def rendered_files() -> list[str]:
    return [file for file in files() if file.endswith(".jinja")]


def literal_files() -> list[str]:
    return [file for file in files() if not file.endswith(".jinja")]


def questions() -> dict[str, dict[str, Any]]:
    return {key: about for key, about in SNAPSHOT.config.items() if not key.startswith("_")}


def conditions(source: str) -> list[str]:
    """What stands behind every `if` and `elif`."""
    tags = TAG.findall(source)
    return [tag.split(maxsplit=1)[1] for tag in tags if re.match(r"(if|elif)\b", tag)]


def deepest_if(source: str) -> int:
    """How far `if` blocks are nested in each other."""
    depth = deepest = 0
    for tag in TAG.findall(source):
        if re.match(r"if\b", tag):
            depth += 1
        if re.match(r"endif\b", tag):
            depth -= 1
        deepest = max(deepest, depth)
    return deepest


def output_name(file: str) -> str:
    """The rendered path, with the package's place held by `*`."""
    return file.replace("{{ package }}", "*").removesuffix(".jinja")


def path_of(file: str) -> Path:
    return SERVICE / file
