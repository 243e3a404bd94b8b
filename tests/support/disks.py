"""Small file systems, to fill them."""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

_CLONE_NEWNS = 0x00020000  # linux/sched.h


@contextmanager
def mounted(place: Path, size: str) -> Iterator[Path]:
    """An empty file system at a path; the test is skipped where none can be mounted.

    Only this process and its children see it, so that none outlives killed tests.
    """
    place.mkdir(exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place))
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=False, capture_output=True)


def make_read_only(place: Path) -> None:
    """From now on nothing can be written to what is mounted there, not even by root."""
    _mount("-o", "remount,ro", str(place))


def _mount(*words: str) -> None:
    _see_own_mounts()
    tried = subprocess.run(["mount", *words], check=False, capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"no file system can be mounted here: {tried.stderr.strip()}")


@cache
def _see_own_mounts() -> None:
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNS):
        pytest.skip(f"no file system can be mounted here: {os.strerror(ctypes.get_errno())}")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
