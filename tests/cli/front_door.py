"""The real command, run as a user runs it: as a process, or on a terminal."""

import json
import os
import subprocess
import sysconfig
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pexpect
import pyte

MSGEN = str(Path(sysconfig.get_path("scripts"), "msgen"))

UP, DOWN, ENTER, CTRL_C, CTRL_U = "\x1b[A", "\x1b[B", "\r", "\x03", "\x15"


@dataclass(frozen=True)
class Ran:
    """What a finished command left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Command:
    """`msgen` in a folder of its own, with a home of its own."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        self.env = {
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "MSGEN_CACHE": os.environ.get("MSGEN_CACHE", ""),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Test",
            "GIT_AUTHOR_EMAIL": "test@example.org",
            "GIT_COMMITTER_NAME": "Test",
            "GIT_COMMITTER_EMAIL": "test@example.org",
        }

    def __call__(self, *words: str, env: Mapping[str, str] | None = None) -> Ran:
        ran = subprocess.run(
            [MSGEN, *words],
            cwd=self.folder,
            env={**self.env, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [MSGEN, *words],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


class Terminal:
    """A pseudo-terminal with the command on it, and the screen that a person would see."""

    def __init__(self, command: Command, words: tuple[str, ...], size: tuple[int, int]) -> None:
        lines, columns = size
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.Stream(self._screen)
        self.child = pexpect.spawn(
            MSGEN,
            list(words),
            cwd=str(command.folder),
            env={**command.env, "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"},
            dimensions=size,
            encoding="utf-8",
            timeout=60,
        )

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display)

    def cell(self, line: int, column: int) -> Any:
        """One character with its colours."""
        return self._screen.buffer[line][column]

    def sees(self, words: str, *, seconds: float = 60) -> None:
        """Wait until the words stand on the screen."""
        end = time.monotonic() + seconds
        while words not in self.text:
            assert time.monotonic() < end, f"`{words}` never came:\n{self.text}"
            self._read()

    def types(self, keys: str) -> None:
        self.child.send(keys)

    def ends(self) -> int:
        """Wait for the end of the command and say its exit code."""
        while self._read():
            pass
        self.child.wait()
        code = self.child.exitstatus
        return -int(self.child.signalstatus or 0) if code is None else int(code)

    def _read(self) -> bool:
        try:
            self._stream.feed(self.child.read_nonblocking(4096, timeout=0.2))
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        return True


def listing(folder: Path) -> list[str]:
    """Every file in a folder but those that git keeps for itself."""
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(path) for path in files if ".git" not in path.parts)
