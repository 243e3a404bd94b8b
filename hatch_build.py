"""Refuses to build a release whose archive is missing or is not what the tree holds."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs before a wheel or a source archive is made."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Stop the build when the release is not whole; `version` is the kind of the build."""
        del build_data
        if version != "editable":
            fault = found_fault(Path(self.root), self.metadata.version)
            if fault:
                sys.exit(f"error: {fault}\n\nhint: releases are cut by `just release X.Y.Z`")


def found_fault(root: Path, version: str) -> str | None:
    """What is wrong with a release; development versions have none."""
    if ".dev" in version:
        return None
    file = root / f"releases/{version}.tar.xz"
    about = json.loads((root / "releases/index.json").read_text(encoding="utf-8")).get(version)
    if about is None or not file.is_file():
        return f"`releases/{version}.tar.xz` is missing, so nobody could update from {version}"
    if hashlib.sha256(file.read_bytes()).hexdigest() != about["archive_sha256"]:
        return (
            f"`releases/{version}.tar.xz` is not the archive that `releases/index.json` names"
        )
    if _checksum(root) != about["checksum"]:
        return f"the template differs from the one that was released as {version}"
    return None


def _checksum(root: Path) -> str:
    sys.path.insert(0, str(root / "cli"))
    try:
        from msgen import archive
    finally:
        sys.path.remove(str(root / "cli"))
    return archive.checksum(root)
