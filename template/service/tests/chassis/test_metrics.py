# Sealed: an update replaces this file.
"""Metrics of several workers."""

import os
from pathlib import Path

import pytest

from ..conftest import metrics

NOBODY = 2**22 + 1  # beyond the highest process id there is


def test_what_a_dead_worker_had_in_hand_is_not_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    dead, alive = (tmp_path / f"gauge_livesum_{pid}.db" for pid in (NOBODY, os.getpid()))
    dead.touch()
    alive.touch()

    metrics._registry()

    assert not dead.exists()
    assert alive.exists()
