"""What presets write, as files under review: `just golden` renews them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.rendering import ROOT, Generate, Service

GOLDEN = Path(__file__).parent / "golden"
PRESETS = sorted(path.stem for path in (ROOT / "presets").glob("*.yml"))

FULL: Mapping[str, Any] = {
    "code_owners": "@acme/platform",
    "feature_flags": True,
    "licence": "MIT",
    "minimum_python": "3.12",
    "package_index": "https://packages.example.org/simple/",
}
BARE: Mapping[str, Any] = {
    "ci": "none",
    "container": False,
    "devcontainer": False,
    "exception_tracking": False,
    "renovate": False,
    "tracing": False,
}
SEAMS = (
    "pyproject.toml",
    "src/orders_service/main.py",
    "src/orders_service/settings.py",
    ".env.example",
)


@pytest.mark.parametrize("preset", PRESETS)
def test_preset_writes_these_files(generate: Generate, preset: str, *, renew: bool) -> None:
    service = generate(preset, name="orders")

    _compare(GOLDEN / f"{preset}.files", "\n".join(service.files) + "\n", renew=renew)


@pytest.mark.parametrize("file", SEAMS)
@pytest.mark.parametrize(("kind", "answers"), [("full", FULL), ("bare", BARE)])
def test_seam_files_come_out_like_this(
    generate: Generate, kind: str, answers: Mapping[str, Any], file: str, *, renew: bool
) -> None:
    service: Service = generate(name="orders", **answers)

    golden = GOLDEN / kind / f"{Path(file).name}.golden"
    _compare(golden, service.text(file), renew=renew)


@pytest.fixture(scope="session")
def renew(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--renew-golden"))


def _compare(golden: Path, text: str, *, renew: bool) -> None:
    if renew:
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert golden.read_text(encoding="utf-8") == text, "if this is meant, run `just golden`"
