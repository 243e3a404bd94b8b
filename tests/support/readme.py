"""The command blocks of a README, run as a reader would type them."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```(\w*)$", re.MULTILINE)
_STATUSES = re.compile(r"\(((?:\d{3}(?:, )?)+)")
_SECONDS = 300


@dataclass(frozen=True)
class Block:
    """Commands, and the statuses that the sentence before them promises."""

    commands: str
    promised: tuple[int, ...]


def blocks(text: str) -> list[Block]:
    """Every `sh` block of a README, in order."""
    # Text, language, block, the empty language of the closing fence, text, and so on.
    parts = _FENCE.split(text)
    fenced = zip(parts[0::4], parts[1::4], parts[2::4], strict=False)
    return [
        Block(commands.removeprefix("\n"), _promised(before))
        for before, language, commands in fenced
        if language == "sh"
    ]


def _promised(before: str) -> tuple[int, ...]:
    """From the paragraph right above the block."""
    found = _STATUSES.search(before.strip().rsplit("\n\n", 1)[-1])
    return tuple(map(int, found[1].rstrip(", ").split(", "))) if found else ()


def type_in(commands: str, folder: Path, variables: Mapping[str, str]) -> str:
    """What a shell prints; it stops at the first command that fails."""
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=folder,
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, f"{commands}\n{ran.stdout[-5000:]}"
    return ran.stdout
