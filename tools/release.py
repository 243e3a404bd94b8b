"""Cuts a release: `python tools/release.py X.Y.Z`, or `just release X.Y.Z`.

Checks the changelog and the tree, writes the archive and its entry in the index, commits
and tags, and opens the next version. Nothing is pushed.
"""

import hashlib
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "cli"))

from msgen import archive  # noqa: E402

CHANGELOG = ROOT / "CHANGELOG.md"
INDEX = ROOT / "releases/index.json"
CODE = ROOT / "cli/msgen/__init__.py"


class Refused(Exception):  # noqa: N818
    """Why no release was cut."""


def main(words: list[str]) -> int:
    """Cut the release that was asked for; the exit code."""
    if len(words) != 1:
        sys.stderr.write(__doc__ or "")
        return 2
    try:
        version = checked(words[0])
        cut(version)
    except Refused as reason:
        sys.stderr.write(f"error: {reason}\n")
        return 1
    except subprocess.CalledProcessError as failed:
        said = (failed.stderr or failed.stdout or "").strip().splitlines() or ["no reason"]
        sys.stderr.write(f"error: `git {failed.cmd[1]}` failed: {said[-1]}\n")
        return 1
    sys.stdout.write(f"released {version}; `git push --follow-tags` publishes it\n")
    return 0


def checked(text: str) -> Version:
    """The version, if everything is ready for it."""
    try:
        version = Version(text)
    except InvalidVersion:
        reason = f"`{text}` is not a version"
        raise Refused(reason) from None
    if str(version) != text or len(version.release) != 3 or version.is_prerelease:
        reason = f"a release is called X.Y.Z, not `{text}`"
        raise Refused(reason)
    index = json.loads(INDEX.read_text(encoding="utf-8"))
    last = max(map(Version, index), default=Version("0"))
    if version <= last:
        reason = f"`{version}` does not come after `{last}`"
        raise Refused(reason)
    if git("tag", "--list", f"v{version}"):
        reason = f"the tag `v{version}` is there already"
        raise Refused(reason)
    if git("status", "--porcelain"):
        reason = "the tree has changes that are not committed"
        raise Refused(reason)
    if not re.search(r"^- ", unreleased(), re.MULTILINE):
        reason = "`CHANGELOG.md` says nothing below `## Unreleased`"
        raise Refused(reason)
    if archive.checksum(ROOT) in {about["checksum"] for about in index.values()}:
        reason = f"the template is that of `{last}`, byte for byte"
        raise Refused(reason)
    return version


def cut(version: Version) -> None:
    """Write, commit and tag the release, then open the next version."""
    today = datetime.now(UTC).date().isoformat()
    packed = archive.pack(ROOT)
    index = json.loads(INDEX.read_text(encoding="utf-8"))
    index[str(version)] = {
        "date": today,
        "checksum": archive.checksum(ROOT),
        "archive_sha256": hashlib.sha256(packed).hexdigest(),
        "security": "### Security" in unreleased(),
    }
    (ROOT / f"releases/{version}.tar.xz").write_bytes(packed)
    INDEX.write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
    (ROOT / archive.IDENTITY).write_text(index[str(version)]["checksum"] + "\n")
    rewrite(CHANGELOG, "## Unreleased\n", f"## Unreleased\n\n## {version} - {today}\n")
    set_version(str(version))
    commit(f"Release {version}")
    git("tag", "--annotate", f"v{version}", "--message", f"msgen {version}")
    (ROOT / archive.IDENTITY).unlink()
    following = f"{version.major}.{version.minor + 1}.0"
    set_version(f"{following}.dev0")
    commit(f"Open {following}")


def unreleased() -> str:
    """What the changelog says of the coming release."""
    text = CHANGELOG.read_text(encoding="utf-8")
    found = re.search(r"^## Unreleased\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def set_version(version: str) -> None:
    """Write the version where the code has it."""
    old = re.search(r'__version__ = ".*"', CODE.read_text(encoding="utf-8"))
    rewrite(CODE, old[0] if old else "", f'__version__ = "{version}"')


def rewrite(file: Path, old: str, new: str) -> None:
    """Replace a text once."""
    text = file.read_text(encoding="utf-8")
    if not old or old not in text:
        reason = f"`{file.relative_to(ROOT)}` does not hold what has to change"
        raise Refused(reason)
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def commit(message: str) -> None:
    """Commit everything."""
    git("add", "--all")
    git("commit", "--quiet", "--message", message)


def git(*words: str) -> str:
    """What git says; a failure is passed on."""
    ran = subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603, S607
    return ran.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
